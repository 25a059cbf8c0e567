"""The words for the model's window: what it holds, and what can be done when it gets tight."""

from __future__ import annotations

from r1chat.both import Both, Language


class WindowWords:
    """Mixed into `Words`."""

    lang: Language

    # the ledger
    ledger = Both(
        "prompt {prompt} · thought {thought} · answer {answer} · free {free} of {context}",
        "提示词 {prompt} · 思考 {thought} · 回答 {answer} · 剩余 {free} / {context}",
    )
    ledger_next = Both(
        "The next turn begins with about {dropped} tokens; with earlier thoughts kept, with {kept}.",
        "下一轮大约从 {dropped} 个 token 开始；若保留之前的思考，则为 {kept} 个。",
    )
    ledger_short = Both("{used} of {context} tokens", "{used} / {context} token")

    # the window gets tight
    tight = Both(
        "About {free} of {context} tokens are free for the next turn: its thought may not fit. Nothing is left out "
        "unless you say so.",
        "下一轮大约只剩 {free} / {context} 个 token，思考可能放不下。未经你同意，不会省略任何内容。",
    )
    tight_thoughts = Both(
        "Without earlier thoughts, about {free} would be free (see Settings).",
        "如果不保留之前的思考，大约可剩 {free} 个（见“设置”）。",
    )
    leave_out = Both("Leave out the oldest messages", "省略最早的消息")
    carry_on = Both("Continue in a new conversation", "在新对话中继续")
    larger_window = Both(
        "For a larger window, restart with --context {tokens}, as far as memory allows; this model was made for up to "
        "{trained}.",
        "如需更大的窗口，请在内存允许时用 --context {tokens} 重新启动；此模型最多支持 {trained} 个。",
    )
    largest_window = Both("This model has no larger window.", "此模型没有更大的窗口。")
    server_window = Both(
        "For a larger window, restart the model’s server with one.",
        "如需更大的窗口，请用更大的窗口重新启动模型服务器。",
    )

    # turns that are left out
    earlier_messages = Both(
        "This conversation is very long: its first {n} messages are not shown here. “Save the conversation …” in the "
        "menu of a reply gives all of them.",
        "这个对话非常长：最早的 {n} 条消息没有显示在这里。在回复的菜单中选择“将对话存为……”可得到全部消息。",
    )
    one_left_out = Both("The model no longer sees the message above.", "模型不再看到上面的消息。")
    many_left_out = Both("The model no longer sees the {n} messages above.", "模型不再看到上面的 {n} 条消息。")
    show_all = Both("Show all messages to the model", "让模型看到全部消息")

    # a conversation that goes on in another one
    summarising = Both("The model is writing a summary …", "模型正在写摘要……")
    carried_summary = Both(
        "We go on from an earlier conversation, “{title}”. In short:\n\n{text}\n\nNow: ",
        "我们接着之前的对话“{title}”继续。概括如下：\n\n{text}\n\n现在：",
    )
    carried_messages = Both(
        "We go on from an earlier conversation, “{title}”. There I had asked:\n\n{text}\n\nNow: ",
        "我们接着之前的对话“{title}”继续。我问过：\n\n{text}\n\n现在：",
    )
