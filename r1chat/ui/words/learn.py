"""The words of the Learn page."""

from __future__ import annotations

from r1chat.both import Both, Language


class LearnWords:
    """The words in one language. Names in braces are filled in with `str.format`."""

    title = Both("Learn", "学习")
    back = Both("Back to the chat", "返回聊天")
    intro = Both(
        "Your judgements become an adapter: a small addition to the model that you judged. It is trained on this "
        "computer, stands in the model list beside its parent, and you see what changed before you take it.",
        "你的评价会变成适配器：对所评模型的一点补充。它在本机训练，在模型列表中位于其基础模型旁边；"
        "采用之前，你会看到哪些地方变了。",
    )
    gathered = Both("What there is to learn from", "可学习的内容")
    model = Both("Model", "模型")
    way = Both("Learn from", "学习方式")
    prefer = Both("preferences: which of two replies is better", "偏好：两条回复哪条更好")
    sft = Both("examples: what won, was corrected or was found right", "示例：胜出、更正或验证正确的回复")
    kto = Both("thumbs: likes and dislikes", "赞与踩")
    kto_helpfulness = Both("marks of helpfulness, for the answer", "有用性评分（针对答案）")
    kto_harmlessness = Both("marks of harmlessness, for thought and answer", "无害性评分（针对思考与答案）")
    grpo = Both("right answers: reinforcement learning (GRPO)", "参考答案：强化学习（GRPO）")
    trials = Both("Trials", "试验次数")
    about_trials = Both(
        "Several trials at different rates, each from the same start; the best is kept. A fifth of the judgements "
        "chooses it, and is not trained on.",
        "以不同学习率从同一起点做多次试验，保留最好的一次。五分之一的评价用来选择，不参与训练。",
    )
    no_trials = Both(
        "Right answers are learnt from in one trial. Choose 1, or another way to learn.",
        "从参考答案学习只做一次试验。请选择 1，或换一种学习方式。",
    )
    counts = Both(
        "Preferences: {pairs} · thumbs: {thumbs} · right answers: {references}",
        "{pairs} 条偏好，{thumbs} 个赞踩，{references} 个参考答案",
    )
    too_few = Both(
        "Too few to learn preferences from: {least} are the least, {shows} show a lift of about 10 points.",
        "偏好太少：至少需要 {least} 条，{shows} 条能看出约 10 个百分点的提升。",
    )
    suffices = Both(
        "Enough to see a lift of {lift} points or more. About {time} and {memory} of memory.",
        "足以看出 {lift} 个百分点以上的提升。约需 {time}，内存 {memory}。",
    )
    answers_suffice = Both(
        "Right answers: enough for reinforcement learning, about {time} and {memory} of memory.",
        "参考答案：足以进行强化学习，约需 {time}，内存 {memory}。",
    )
    train = Both("Train", "训练")
    not_installed = Both(
        "Training needs {names}: pip install 'r1chat[train]' (about 5 GB, mostly PyTorch).",
        "训练需要 {names}：pip install 'r1chat[train]'（约 5 GB，主要是 PyTorch）。",
    )
    no_models = Both(
        "There is no model that could be trained: it takes a GGUF file, run by llama.cpp in r1chat itself.",
        "没有可训练的模型：需要由 r1chat 自带的 llama.cpp 运行的 GGUF 文件。",
    )
    get_models = Both("Get one on the page Models.", "可在“模型”页获取。")
    runs = Both("Runs", "训练记录")
    preparing = Both("preparing", "准备中")
    training = Both("step {step} of {steps}", "第 {step} 步，共 {steps} 步")
    proving = Both("writing answers before and after: {step} of {steps}", "正在生成训练前后的回答：{step} / {steps}")
    done = Both("done", "完成")
    stopped = Both("stopped by the guard", "被保护机制停止")
    paused = Both("paused", "已暂停")
    cancelled = Both("cancelled", "已取消")
    failed = Both("failed", "失败")
    interrupted = Both("interrupted", "中断")
    left = Both("{time} left", "剩余 {time}")
    pause = Both("Pause", "暂停")
    pausing = Both("Pausing …", "正在暂停…")
    cancel = Both("Cancel", "取消")
    cancelling = Both("Cancelling …", "正在取消…")
    go_on = Both("Go on", "继续")
    delete = Both("Delete", "删除")
    delete_run = Both("Delete the run {name} and its data?", "删除训练 {name} 及其数据？")
    delete_child = Both("Take {name} out of the model list?", "从模型列表移除 {name}？")
    about_run = Both(
        "{rows} judgements, {held} set apart, rate {rate:g}", "{rows} 条评价，留出 {held} 条，学习率 {rate:g}"
    )
    curve_loss = Both("Loss", "损失")
    curve_accuracy = Both("On your side", "与你一致")
    curve_margin = Both("Reward margin", "奖励差距")
    curve_chosen = Both("Likelihood of preferred replies", "偏好回复的可能性")
    curve_passed = Both("Right answers, set apart", "留出问题的正确率")
    curve_reward = Both("Reward of samples", "样本奖励")
    curve_ordinary = Both("Likelihood of ordinary text", "普通文本的可能性")
    curve_length = Both("Length of samples in tokens", "样本长度（token）")
    curve_moments = Both("Moments of reflection in a thought", "每次思考的反思次数")
    curve_about = Both("{name}: from {first} to {last}", "{name}：从 {first} 到 {last}")
    proof = Both("Before and after", "训练前后")
    figure = Both("Figure", "指标")
    change = Both("Change", "变化")
    interval = Both("95 % interval", "95% 区间")
    agreed = Both(
        "Judgements set apart that it moved to your side (chance: 50 %)", "留出评价中变得与你一致的（随机：50%）"
    )
    agreed_helpfulness = Both("The same by marks of helpfulness", "同上，按有用性评分")
    agreed_harmlessness = Both("The same by marks of harmlessness", "同上，按无害性评分")
    right = Both("Right answers (pass@1)", "正确答案（pass@1）")
    majority = Both("Right by the majority of {k} samples (cons@{k})", "{k} 个样本的多数票正确（cons@{k}）")
    ended = Both("Replies that come to their end", "完整结束的回复")
    form = Both("Format: one thought, closed once, then an answer", "格式：一段思考，结束一次，随后是答案")
    tokens = Both("Length in tokens", "长度（token）")
    thought = Both("Length of the thought in characters", "思考长度（字符）")
    language = Both("Answers in the language of the question", "以提问语言作答")
    plain = Both("Likelihood of ordinary text (nats a token)", "普通文本的可能性（每 token 的 nat 数）")
    points = Both("{value:+.0f} points", "{value:+.0f} 个百分点")
    from_to = Both("{low} to {high}", "{low} 到 {high}")
    question = Both("Question", "问题")
    before = Both("Before", "训练前")
    after = Both("After", "训练后")
    right_mark = Both("right", "正确")
    wrong_mark = Both("wrong", "错误")
    thinks = Both("Thought", "思考")
    keep = Both("Put it into the model list", "加入模型列表")
    kept = Both("In the model list as {name}.", "已以 {name} 之名加入模型列表。")
    family = Both("Family", "家族")
    no_runs = Both("Nothing was trained yet.", "还没有训练过。")
    no_children = Both("No model has a child yet.", "还没有子模型。")
    chat = Both("Chat", "聊天")
    compare = Both("Compare blind", "盲比")
    rename = Both("Rename", "重命名")
    rename_to = Both("New name of {name}", "{name} 的新名字")
    from_judgements = Both("from {n} judgements, {date}", "来自 {n} 条评价，{date}")
    put_in = Both("put in by hand", "手动加入")
    recipe = Both("How R1 was made, in small", "小规模重现 R1 的训练")
    recipe_intro = Both(
        "DeepSeek-R1's recipe at a size that one processor core trains, on made-up sums and puzzles. "
        "What you had run stands below its stage. All of it in half an hour:",
        "以一个处理器核心就能训练的规模，在自动生成的算术与谜题上重现 DeepSeek-R1 的训练流程。"
        "你运行过的训练列在相应阶段之下。半小时内完成全部阶段：",
    )
    cold_start = Both("Cold start", "冷启动")
    about_cold_start = Both(
        "A model that has never thought is shown thoughts: chains that say each step, check themselves, and now and "
        "then correct a mistake. It learns the form, and to work in small steps. A falling loss says that it predicts "
        "the chains; the share of right answers says whether it can use them.",
        "让从未思考过的模型学习思维链：写出每一步，自我检查，偶尔纠正错误。它学会形式，也学会小步推算。"
        "损失下降说明它能预测这些思维链；正确率才说明它会用。",
    )
    reject = Both("Rejection sampling", "拒绝采样")
    about_reject = Both(
        "The model answers each problem several times. What is right, in form and in one language is kept, and that is "
        "what it learns next. Nothing new comes in: the way that sometimes led to the answer becomes the usual one.",
        "模型对每道题作答多次，保留正确、格式规范且语言一致的回答，接着就学习这些。没有新知识进来："
        "原本偶尔奏效的做法变成了常用的做法。",
    )
    grpo_stage = Both("Reinforcement learning (GRPO)", "强化学习（GRPO）")
    about_grpo = Both(
        "A group of samples is written to each problem and rewarded by rule. A sample's advantage is its reward less "
        "the mean of its group, over the group's spread: no second model has to judge. What did better than its group "
        "gets likelier; a group that is wholly right or wholly wrong teaches nothing.",
        "对每道题写出一组样本，按规则给奖励。样本的优势 = （奖励 − 组内均值）÷ 组内标准差，因此不需要另一个模型来评判。"
        "好于同组的回答变得更可能；全对或全错的组教不了任何东西。",
    )
    distill = Both("Distillation", "蒸馏")
    about_distill = Both(
        "A larger model answers the problems, and its right chains teach the small one, as R1's taught the distills.",
        "由更大的模型作答，用其正确的思维链教小模型，正如 R1 教出各个蒸馏模型。",
    )
    not_run = Both("Not run here yet:", "此处还没有运行过：")
    stage_steps = Both("{steps} steps, {tokens:.1f} million tokens", "{steps} 步，{tokens:.1f} 百万 token")
    stage_kept = Both("{kept} of {samples} samples kept", "{samples} 个样本保留 {kept} 个")
    stage_tested = Both("{share:.0%} right on the test split", "测试集正确率 {share:.0%}")
    curve_dev = Both("Right answers, dev split", "开发集正确率")
    curve_groups = Both("Samples in groups with a spread", "所在组有差异的样本")
    blind = Both("Which reply is better?", "哪个回复更好？")
    blind_done = Both("Enough: the interval is narrow.", "已足够：区间已较窄。")
    close = Both("Close", "关闭")
    broken = Both(
        "r1chat did not answer. Look whether it still runs, then reload the page.",
        "r1chat 没有响应。请确认它还在运行，然后刷新页面。",
    )
    senseless = Both("This does not exist any more. Reload the page.", "它已不存在。请刷新页面。")

    def __init__(self, lang: Language) -> None:
        self.lang: Language = lang


LEARN_WORDS: dict[Language, LearnWords] = {"en": LearnWords("en"), "zh": LearnWords("zh")}
