"""The words of the conversation and of what all parts share, in two languages, and how numbers and times are said.

The other parts have modules of their own beside this one.

Knows no HTML: who puts a sentence into a page escapes it.
"""

from __future__ import annotations

from r1chat.both import Both, Language
from r1chat.ui.words.compare import CompareWords
from r1chat.ui.words.composer import ComposerWords
from r1chat.ui.words.data import DataWords
from r1chat.ui.words.rating import RatingWords
from r1chat.ui.words.settings import SettingsWords
from r1chat.ui.words.window import WindowWords


class Words(ComposerWords, SettingsWords, WindowWords, RatingWords, CompareWords, DataWords):
    """The words of a page in one language. Names in braces are filled in with `str.format`."""

    def __init__(self, lang: Language) -> None:
        self.lang: Language = lang

    # the frame
    language = Both("Language", "语言")
    settings = Both("Settings", "设置")
    cancel = Both("Cancel", "取消")
    save = Both("Save", "保存")
    close = Both("Close", "关闭")
    jump = Both("Jump to the end", "跳到末尾")

    # when r1chat does not answer
    unreachable = Both(
        "r1chat did not answer, so nothing was done. Look whether it still runs, then try again.",
        "r1chat 没有响应，因此什么也没有做。请确认它还在运行，然后重试。",
    )
    broken = Both(
        "r1chat itself failed; the log says how. Try again, or reload the page.",
        "r1chat 自身出错，详见日志。请重试，或刷新页面。",
    )
    not_running = Both("r1chat is not running.", "r1chat 没有在运行。")
    start_again = Both(
        "Start it again as you did before (python app.py, or r1chat serve). This page then goes on by itself; nothing "
        "you wrote is lost.",
        "请像之前一样重新启动（python app.py 或 r1chat serve）。之后本页会自动继续，已写的内容不会丢失。",
    )
    unknown_act = Both(
        "The page is older than r1chat. Reload it, then try again.", "页面与 r1chat 的版本不一致，请刷新后重试。"
    )
    long_act = Both("That is too long to be sent. Shorten it.", "内容太长，无法发送。请缩短。")

    # conversations
    conversations = Both("Conversations", "对话列表")
    new_conversation = Both("New conversation", "新对话")
    search = Both("Search conversations", "搜索对话")
    nothing_found = Both("Nothing found", "没有找到")
    more_conversations = Both("Show more ({total} in all)", "显示更多（共 {total} 个）")
    more_found = Both("Show more", "显示更多")
    no_conversations = Both("No conversations yet", "还没有对话")
    untitled = Both("Untitled", "未命名")
    today = Both("Today", "今天")
    yesterday = Both("Yesterday", "昨天")
    last_days = Both("Previous 7 days", "过去 7 天")
    earlier = Both("Earlier", "更早")
    rename = Both("Rename", "重命名")
    delete = Both("Delete", "删除")
    deleted = Both(
        "Deleted. Settings → Deleted has it for {days} days, then it is erased for good.",
        "已删除。{days} 天内可在“设置 → 已删除”中恢复，之后将彻底清除。",
    )
    no_such_conversation = Both(
        "The conversation of this address is not here. It may have been deleted.",
        "这个地址对应的对话不存在，可能已被删除。",
    )
    palette = Both("Search conversations and commands", "搜索对话和命令")
    palette_acts = Both("Commands", "命令")
    undo = Both("Undo", "撤销")

    # models
    model = Both("Model", "模型")
    models = Both("Models", "模型")
    learn = Both("Learn", "学习")
    evaluation = Both("Evaluation", "评测")
    model_ready = Both("ready", "就绪")
    model_ready_only = Both("ready, without steering", "就绪，不能引导思考")
    model_away = Both("not available", "不可用")
    where_here = Both("On this computer", "在本机运行")
    where_host = Both("Messages go to {host}", "消息发送到 {host}")
    where_account = Both(
        "Messages go to a program of {account}, another account of this computer",
        "消息发送到本机另一个账户 {account} 的程序",
    )
    look_again = Both("Try again", "重试")
    use_model = Both("Use {name}", "使用 {name}")
    model_loading = Both("loading, {percent} %", "正在加载，{percent}%")
    model_unreachable = Both("unreachable: {why}", "无法连接：{why}")
    model_window = Both("window of {context} tokens", "上下文 {context} 个 token")
    no_model = Both("There is no model yet.", "还没有可用的模型。")
    get_models = Both(
        "These models suit this computer. Those of Ollama, LM Studio and others, and GGUF files in {path}, are found "
        "without your doing.",
        "以下模型适合本机。Ollama、LM Studio 等程序的模型，以及 {path} 中的 GGUF 文件会自动找到。",
    )
    get_model = Both("Get {name} ({size})", "获取 {name}（{size}）")
    all_models = Both("All models", "全部模型")
    nano = Both(
        "r1chat-nano ships with r1chat to try the page out. It does small sums and the like, and says so when it is "
        "asked for anything else.",
        "r1chat-nano 随 r1chat 附带，用来试用本页。它会做简单的算术之类的题；问别的，它会如实说不会。",
    )
    other_file = Both(
        "Another file has the name {model} now than when this conversation began.",
        "名称 {model} 现在对应的文件与对话开始时不同。",
    )
    nano_answered = Both(
        "r1chat-nano wrote this: it does small sums and the like, and errs at times. For anything else, get another "
        "model.",
        "这是 r1chat-nano 写的：它只会做简单的算术之类的题，有时也会算错。其他问题请换用别的模型。",
    )

    # the empty conversation
    greeting = Both("What would you like to know?", "想知道什么？")
    welcome = Both("The model thinks first, then answers.", "模型会先思考，再回答。")
    stays_here = Both("Everything stays on this computer.", "一切内容都留在这台电脑上。")
    goes_to_account = Both(
        "Your messages go to a program of {account}, another account of this computer, which can read them.",
        "你的消息会发送到本机另一个账户 {account} 的程序，它可以读到这些消息。",
    )
    goes_to = Both("Your messages go to {host}.", "你的消息会发送到 {host}。")
    try_one = Both("Examples", "示例问题")
    nano_questions = Both(
        "27 + 43 = ?\n158 + 267 = ?\n904 - 387 = ?",
        "27 + 43 等于多少？\n158 + 267 等于多少？\n904 - 387 等于多少？",
    )
    questions = Both(
        "Is 9.11 larger than 9.9?\nHow many times does the letter r occur in “strawberry”?\n"
        "A train leaves at 9:40 and needs 2 h 35 min. When does it arrive?",
        "9.11 和 9.9 哪个更大？\n笼中有鸡和兔共 35 只，脚共 94 只，鸡和兔各有几只？\n"
        "一列火车 9:40 出发，行驶 2 小时 35 分钟，几点到达？",
    )

    # who speaks, and what a screen reader announces
    you = Both("You", "你")
    answer_of = Both("Reply", "回复")
    said_thinking = Both("Thinking", "正在思考")
    said_answering = Both("Answering", "正在回答")
    said_done = Both("The answer is complete.", "回答已完成。")
    said_stopped = Both("Stopped.", "已停止。")
    said_failed = Both("The reply failed.", "回复失败。")
    transcript = Both("Messages", "消息记录")
    skip_to_message = Both("Skip to the message box", "跳到消息框")

    # a message
    message = Both("Message", "消息")
    edit = Both("Edit", "编辑")
    edit_message = Both("Edit the message", "编辑消息")
    characters = Both("{n} characters", "{n} 个字符")
    empty_message = Both("The message is empty. Write something, then send it.", "消息是空的。请先写点内容再发送。")
    long_message = Both(
        "The message has {n} characters; the most is {limit}. Shorten it and send it again.",
        "消息有 {n} 个字符，最多 {limit} 个。请缩短后再发送。",
    )

    # what can be done with a reply
    resume = Both("Continue", "继续")
    again = Both("Regenerate", "重新生成")
    copy = Both("Copy", "复制")
    copy_message = Both("Copy the question", "复制问题")
    copy_thought = Both("Copy the thought", "复制思考过程")
    copy_code = Both("Copy the code", "复制代码")
    copied = Both("Copied", "已复制")
    copy_failed = Both(
        "The text could not be copied. Select it, and copy it with Ctrl+C (⌘C).",
        "无法复制。请选中文字，用 Ctrl+C（⌘C）复制。",
    )
    draft_not_kept = Both(
        "The browser's storage is full or switched off: what you write and do not send stays until you close this tab.",
        "浏览器的存储空间已满或被关闭：写下而未发送的内容会保留到关闭此标签页为止。",
    )
    edit_kept = Both(
        "What you are editing does not show now. What you have written is kept, and opens again where its place shows.",
        "你正在编辑的内容现在没有显示。你写下的文字已保留，其位置再次显示时会重新打开。",
    )
    position = Both("{position} of {siblings}", "{position} / {siblings}")
    previous = Both("Previous", "上一个")
    following = Both("Next", "下一个")

    # thoughts
    thoughts = Both("Thoughts", "思考过程")
    fold_open = Both("Keep open", "保持展开")
    fold_end = Both("Fold at the end", "结束后折叠")
    fold_keep = Both("Keep folded", "保持折叠")
    waiting = Both("Waiting for the model", "正在等待模型")
    queued = Both("Queued · {n} ahead", "排队中 · 前面还有 {n} 个")
    loading = Both("Loading the model", "正在加载模型")
    percent = Both("{n} %", "{n}%")
    prefill = Both("Reading the prompt", "正在读取提示词")
    done_of_total = Both("{done} of {total} tokens", "{done} / {total} 个 token")
    thinking = Both("Thinking", "思考中")
    thought_for = Both("Thought for {time}", "思考了 {time}")
    thought_more = Both("Thought for another {time}", "又思考了 {time}")
    no_thought = Both("Answered without thinking", "未思考，直接回答")
    stopped_thinking = Both("Stopped while thinking", "思考时被停止")
    unfinished_thought = Both("Thinking not finished", "思考没有完成")

    # moments of reflection
    moments = Both("Moments in the thought", "思考中的反思")
    previous_moment = Both("Previous moment (p)", "上一处反思（p）")
    next_moment = Both("Next moment (n)", "下一处反思（n）")
    verification = Both("check", "验证")
    correction = Both("correction", "纠正")
    alternative = Both("alternative", "换思路")
    rereading = Both("re-reading", "重读")
    realisation = Both("insight", "顿悟")
    changed = Both("changed the result", "有改变")
    confirmed = Both("confirmed", "得到确认")
    no_effect = Both("no effect", "没有结果")
    one_check = Both("1 check", "1 次验证")
    many_checks = Both("{n} checks", "{n} 次验证")
    one_correction = Both("1 correction", "1 次纠正")
    many_corrections = Both("{n} corrections", "{n} 次纠正")
    one_alternative = Both("1 alternative", "1 次换思路")
    many_alternatives = Both("{n} alternatives", "{n} 次换思路")
    one_rereading = Both("1 re-reading", "1 次重读")
    many_rereadings = Both("{n} re-readings", "{n} 次重读")
    one_realisation = Both("1 insight", "1 次顿悟")
    many_realisations = Both("{n} insights", "{n} 次顿悟")
    comma = Both(", ", "、")
    one_moment = Both("1 moment", "1 处反思")
    many_moments = Both("{n} moments", "{n} 处反思")
    this_thought = Both("This thought", "本次思考")
    outline = Both("Outline", "提纲")
    marks = Both("Marks", "标记")
    legend = Both(
        "Filled: changed the result. Ring: confirmed. Dotted: no effect.",
        "实心：有改变。圆环：得到确认。虚线：没有结果。",
    )
    step = Both("Step {n}", "第 {n} 步")
    go_on_from_here = Both("Continue from here", "从这里继续")
    edit_step = Both("Edit this step, then continue from it", "修改这一步，然后从这里继续")
    is_moment = Both("Correct mark", "标记正确")
    no_moment = Both("Wrong mark", "标记错误")

    # steering
    answer_now = Both("Answer now", "立即回答")
    think_longer = Both("Think longer", "再想想")
    skip_thinking = Both("Skip thinking", "跳过思考")
    cannot_steer = Both(
        "This server cannot continue a reply, so its thought cannot be steered.",
        "此服务器不能续写回复，因此无法引导思考。",
    )
    budget = Both("Thinking budget", "思考预算")
    budget_tokens = Both("Thinking tokens", "思考 token 数")
    bad_budget = Both(
        "Not a number of tokens. Enter a whole number, such as 1000.", "这不是 token 数。请填写整数，例如 1000。"
    )
    keep_thoughts = Both("Keep earlier thoughts in the model’s context", "让模型看到之前的思考")
    origin_edited = Both("edited thought", "修改了思考")
    origin_forked = Both("forked thought", "思考的分支")
    origin_extended = Both("thought for longer", "延长了思考")
    origin_skipped = Both("thinking skipped", "跳过了思考")
    origin_voted = Both("sample of a vote", "投票的样本")
    cut_by_person = Both("You ended the thinking.", "思考由你结束。")
    cut_by_budget = Both(
        "The thought was closed at its budget of {n} tokens.", "思考达到 {n} 个 token 的预算，已结束。"
    )
    loop = Both("The model repeats itself: “{what}”.", "模型在重复：“{what}”。")
    blank_loop = Both("The model writes nothing but white space.", "模型只在输出空白。")
    drift = Both("The model switched to another language: {what}.", "思考换成了另一种语言：{what}。")

    # votes
    vote = Both("Sample & vote", "采样投票")
    vote_of = Both("Vote among {n} samples", "{n} 个样本的投票")
    samples = Both("Number of samples", "样本数")
    take_samples = Both("Run", "开始")
    bad_samples = Both(
        "“{value}” is not a number of samples. Enter a number from 2 to 32.",
        "“{value}”不是样本数。请填写 2 到 32 之间的数。",
    )
    vote_running = Both("{done} of {n} samples are finished", "{n} 个样本中已完成 {done} 个")
    vote_sample = Both("Sample {n}", "样本 {n}")
    vote_samples = Both("Samples", "样本")
    answering = Both("Answering", "回答中")
    sample_done = Both("Done", "已完成")
    sample_unfinished = Both("Not finished", "未完成")
    vote_none = Both(
        "No sample came to an answer. Try again, or look at them one by one.", "没有样本给出回答。请重试，或逐个查看。"
    )
    vote_undecided = Both("could not be compared", "无法比较")
    vote_without = Both("{n} without an answer", "{n} 个没有回答")

    # what happened to a reply
    ended_early = Both("The reply ended early.", "回复提前结束。")
    stopped = Both("Stopped. You can continue from here.", "已停止，可以从这里继续。")
    cut = Both(
        "The model’s server ended the stream before the reply was finished. It can be continued from here.",
        "模型服务器在回复完成之前结束了传输，可以从这里继续。",
    )
    wants_tool = Both(
        "The model’s server wants to call a tool, which r1chat does not do. Ask in other words, or for an answer "
        "without tools.",
        "模型服务器想调用工具，而 r1chat 不调用工具。请换一种问法，或要求不用工具作答。",
    )
    interrupted = Both(
        "r1chat was closed while this reply was being written. What had come is kept, and it can be continued.",
        "撰写这条回复时 r1chat 被关闭了。已有内容都已保存，可以继续。",
    )
    window_full = Both(
        "The context window is full: {prompt} tokens of prompt, {thought} of thought and {answer} of answer, "
        "of {context}. Start a new conversation, or use a model with a larger window.",
        "上下文窗口已满：提示词 {prompt}、思考 {thought}、回答 {answer}，共 {context} 个 token。"
        "请开始新对话，或换用窗口更大的模型。",
    )
    limit_reached = Both(
        "The limit on the length of a reply was reached after {n} tokens. It can be continued from here.",
        "回复达到长度上限（{n} 个 token），可以从这里继续。",
    )
    failed = Both("The reply failed. Try again.", "回复失败，请重试。")
    not_saved = Both(
        "This reply is not saved yet. {why} It stays here, is saved as soon as that is possible, and can be copied.",
        "这个回复还没有保存。{why} 它会留在这里，一旦可以就会保存；你现在也可以复制它。",
    )
    no_answer = Both(
        "The model ended its reply without an answer. Try again, or continue it.",
        "模型没有给出回答就结束了，请重试或继续。",
    )
    only_thought = Both(
        "The model ended its reply in the middle of its thought. Have it answer now, or try again.",
        "模型在思考途中就结束了回复。可让它立即回答，或重试。",
    )
    first_shown = Both(
        "This reply is very long: of its thought and of its answer the first {n} characters are shown. Copy it, or "
        "save the conversation, to have all of it.",
        "这条回复非常长：思考和回答各显示前 {n} 个字符。复制它或保存对话可得到全部内容。",
    )
    save_html = Both("Save the conversation as a page (HTML)", "将对话存为网页（HTML）")
    save_markdown = Both("Save the conversation as Markdown", "将对话存为 Markdown")
    thought_again = Both("Thought again", "再次思考")
    reopened = Both(
        "The model went on thinking after its thought had been closed; that part is shown with the thought.",
        "思考被结束后模型又继续思考，这一部分已归入思考过程。",
    )

    # how fast a reply was
    speed = Both("{n} tokens/s", "{n} token/秒")
    first_after = Both("first token {time}", "首个 token {time}")

    # how numbers are said
    one_token = Both("1 token", "1 个 token")
    nearly_tokens = Both("about {n} tokens", "约 {n} 个 token")
    many_tokens = Both("{n} tokens", "{n} 个 token")
    seconds = Both("{n} s", "{n} 秒")
    minutes = Both("{m} min {s} s", "{m} 分 {s} 秒")

    def tokens(self, count: int) -> str:
        """A number of tokens: `1 token`, `1,534 tokens`."""
        return self.one_token if count == 1 else self.many_tokens.format(n=f"{count:,}")

    def about_tokens(self, count: int) -> str:
        """A number of tokens that was not counted, but estimated in part."""
        return self.nearly_tokens.format(n=f"{count:,}")

    def duration(self, seconds: float, digits: int = 0) -> str:
        """A time: `0.4 s` with one digit, `12 s`, `2 min 5 s`; with one digit, what rounds to nothing is `<0.1 s`."""
        seconds = max(0.0, seconds)
        if digits == 1 and 0 <= seconds < 0.05:
            return self.seconds.format(n="<0.1")
        if round(seconds, digits) < 60:
            return self.seconds.format(n=f"{seconds:.{digits}f}")
        minutes, rest = divmod(round(seconds), 60)
        return self.minutes.format(m=f"{minutes:,}", s=rest)


WORDS: dict[Language, Words] = {"en": Words("en"), "zh": Words("zh")}


def words(lang: str) -> Words:
    """The words in a language; English where we do not speak it."""
    return WORDS["zh" if lang == "zh" else "en"]


def spoken(text: Both | tuple[str, str] | str, words: Words) -> str:
    """A text of the core in the page's language. A plain string exists in one language only: a server's own words."""
    if isinstance(text, tuple):
        text = Both(*text)
    return text.pick(words.lang) if isinstance(text, Both) else text
