"""What the page says of temporary conversations, which are kept in memory alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from r1chat.both import Both
from r1chat.conversations import ConversationInfo
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import attributes, concat, notice
from r1chat.ui.talk.sidebar import row
from r1chat.ui.words.page import Words

NAME = Both("Temporary conversation", "临时对话")
HEADING = Both("Temporary", "临时")
LINE = Both(
    "A temporary conversation: nothing of it is written to disk. It is gone when you delete it, or when r1chat ends.",
    "临时对话：其中的任何内容都不会写入磁盘。删除它或 r1chat 结束时，它就消失。",
)


def part(infos: Sequence[ConversationInfo], current: str, words: Words) -> Markup:
    """The head of the list: the button for a new one, and those that there are."""
    button = Markup('<button class="temporary"{}>{}{}</button>').format(
        attributes(data_verb="temporary", title=LINE.pick(words.lang)),
        icon("message-circle-dashed"),
        NAME.pick(words.lang),
    )
    if not infos:
        return button
    heading = Markup("<h2>{}</h2>").format(HEADING.pick(words.lang))
    return button + heading + concat(row(info, current, words) for info in infos)


def line(words: Words) -> Markup:
    """What stands at the head of such a conversation."""
    return notice(LINE.pick(words.lang))
