"""The words of the composer: what is chosen for the next message, and how the model should behave."""

from __future__ import annotations

from r1chat.both import Both, Language


class ComposerWords:
    """Mixed into `Words`."""

    lang: Language

    # the message box
    placeholder = Both("Ask anything", "问点什么")
    hint = Both("Enter to send · Shift+Enter for a new line", "Enter 发送 · Shift+Enter 换行")
    send = Both("Send", "发送")
    stop = Both("Stop", "停止")

    # the model
    choose_model = Both("Model: {name}", "模型：{name}")
    no_model_chosen = Both("No model", "没有模型")
    model_gone = Both("It is not there now.", "现在不可用。")
    refresh_models = Both("Refresh", "刷新")

    # thinking
    thinking_pill = Both("Thinking: {choice}", "思考：{choice}")
    thinking_off = Both("Off", "关闭")
    thinking_on = Both("On", "开启")
    effort_minimal = Both("Minimal", "极低")
    effort_low = Both("Low", "低")
    effort_medium = Both("Medium", "中")
    effort_high = Both("High", "高")
    effort_xhigh = Both("Very high", "很高")
    effort_max = Both("Maximum", "最高")
    no_off_switch = Both("This model has no off switch.", "此模型不能关闭思考。")
    always_off = Both("This model does not think.", "此模型不会思考。")
    budget_group = Both("Budget", "预算")
    budget_none = Both("No limit", "不限")
    budget_tokens_of = Both("{n} tokens", "{n} 个 token")
    budget_custom = Both("Custom…", "自定义…")
    budget_needs_thought = Both("There is no thought to limit.", "没有思考，不需要预算。")

    # the queue
    queued_message = Both("Queued: sent when the reply is done", "已排队：回复完成后发送")
    queued_edit = Both("Take the queued message back", "取回排队的消息")
    queued_remove = Both("Discard the queued message", "放弃排队的消息")
    hint_queue = Both("Enter queues the message", "Enter 将消息排队")
    few_shot = Both(
        "Worked examples tend to make {family} answer worse; its maker advises to describe the task instead.",
        "示例往往会让 {family} 答得更差；其开发者建议直接描述任务。",
    )

    # asking in other words
    phrasings = Both("Ask in other words", "换种说法提问")
    phrasings_note = Both(
        "One phrasing a box. Each is answered once, and the answers are grouped: you see whether the answer hangs on "
        "the wording.",
        "每个框一种说法。每种说法回答一次，并将答案分组：可以看出答案是否取决于措辞。",
    )
    phrasing = Both("Phrasing", "说法")
    write_phrasings = Both("Let the model write some", "让模型来写")
    ask_phrasings = Both("Ask all", "全部提问")

    # how it should behave
    behaviour = Both("How it should behave", "模型行为")
    behaviour_of = Both("for this conversation", "仅此对话")
    system_prompt = Both("System prompt", "系统提示词")
    system_placeholder = Both("What the model should know or how it should answer", "模型应该了解什么，或应该如何回答")
    system_advised = Both(
        "The maker of {family} advises against a system prompt. It stands at the head of your first message instead.",
        "{family} 的开发者不建议使用系统提示词，因此它会放在你的第一条消息开头。",
    )
    system_anyway = Both("Send it as a system prompt anyway", "仍作为系统提示词发送")
    system_kept = Both(
        "The maker’s own system prompt is what makes this model think. It stays, and yours follows it.",
        "此模型依靠开发者自带的系统提示词来思考。它会保留，你的内容接在其后。",
    )
    sampling_title = Both("Sampling", "采样")
    sampling_source = Both("Recommended: {source}", "推荐值来源：{source}")
    source_file = Both("the model’s own file", "模型文件自身")
    source_family = Both("the maker of {family}", "{family} 的开发者")
    source_fallback = Both(
        "DeepSeek, for R1 (this model’s maker is not known)", "DeepSeek 对 R1 的建议（此模型开发者未知）"
    )
    temperature = Both("Temperature", "温度")
    top_p = Both("Top-p", "Top-p")
    top_k = Both("Top-k", "Top-k")
    min_p = Both("Min-p", "Min-p")
    presence_penalty = Both("Presence penalty", "存在惩罚")
    repeat_penalty = Both("Repeat penalty", "重复惩罚")
    seed = Both("Seed", "种子")
    max_tokens = Both("Most tokens", "最多 token 数")
    random_seed = Both("random", "随机")
    no_most = Both("window", "窗口上限")
    no_number = Both("“{value}” for {name} is not a number. Correct it.", "{name} 的“{value}”不是数字，请改正。")
    back_to_recommended = Both("Back to the recommended", "恢复推荐值")

    # presets
    presets = Both("Presets", "预设")
    no_presets = Both("There is no preset yet.", "还没有预设。")
    preset_name = Both("Name of the preset", "预设名称")
    save_preset = Both("Save as a preset", "存为预设")
    preset_in_temporary = Both(
        "Nothing of a temporary conversation is written to disk, so no preset can be saved in it. Save the preset in "
        "another conversation; it can be used here then.",
        "临时对话的任何内容都不会写入磁盘，因此不能在其中保存预设。请在其他对话中保存；之后可以在这里使用。",
    )
    use_preset = Both("Use", "使用")
    delete_preset = Both("Delete", "删除")
    compare_presets = Both("Compare presets", "比较预设")
    compare_presets_with = Both("Compare with", "与之比较")
    compare_presets_go = Both("Ask both", "同时提问")
    two_presets = Both("Choose two different presets to compare.", "请选择两个不同的预设进行比较。")
    in_use = Both("in use", "使用中")

    # the columns
    hide_list = Both("Hide the list", "隐藏列表")
    show_list = Both("Show the list", "显示列表")
    hide_outline = Both("Hide the outline", "隐藏提纲")
    show_outline = Both("Show the outline", "显示提纲")
