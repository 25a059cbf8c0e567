"""What was written, or came in, as counts that add up; and the words for what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from r1chat.both import Both

OnProgress = Callable[[int, int], None]  # what is done, and its total

# What a file has and r1chat has no place for: codes, and words that follow a number. Of which things it is a count:
CHATS_LEFT_OUT: Mapping[str, Both] = {
    "changed": Both(
        "conversations that are here already and differ (yours stay as they are)",
        "已存在但内容不同的对话（保留你的版本）",
    ),
    "repeated": Both("chats that the file holds more than once", "文件中重复的对话"),
    "empty_chats": Both("chats without a message", "没有消息的对话"),
    "circular": Both("chats whose messages follow each other in a circle", "消息首尾相接成环的对话"),
    "foreign": Both("entries that are no chat of a known program", "不属于任何已知程序对话的条目"),
}
MESSAGES_LEFT_OUT: Mapping[str, Both] = {
    "system_messages": Both("system messages", "系统消息"),
    "tool_messages": Both("messages of tools", "工具消息"),
    "other_messages": Both("messages of neither a person nor a model", "既非用户也非模型的消息"),
    "empty_messages": Both("empty messages", "空消息"),
    "empty_replies": Both("empty replies", "空回复"),
    "changed_messages": Both(
        "messages that are another side's here, or follow one that is", "在这里属于另一方的消息，或其后的消息"
    ),
    "no_question": Both("replies to no message", "没有对应消息的回复"),
}
JUDGEMENTS_LEFT_OUT: Mapping[str, Both] = {
    "no_thumb": Both("feedbacks without a thumb", "没有赞或踩的反馈"),
    "no_reply": Both(
        "ratings of replies that are neither in the file nor here", "所评回复既不在文件中也不在这里的评价"
    ),
    "older": Both("judgements that are older than the same person's here", "比这里同一人的评价更早的评价"),
    "other_text": Both("ratings of replies whose text is another one here", "所评回复在这里文本不同的评价"),
    "crowded": Both(
        "comparisons of one reply with too many others (its rating came in)",
        "同时与过多回复相比的比较（其评价已导入）",
    ),
    "preferences": Both("preferences between two replies", "两个回复之间的偏好"),
}
PARTS_LEFT_OUT: Mapping[str, Both] = {
    "consents": Both("consents for all conversations (yours stay as they are)", "针对全部对话的许可（保留你的设置）"),
    "presets": Both(
        "presets whose name is taken by another one here (yours stay as they are)",
        "与此处同名但不同的预设（保留你的版本）",
    ),
    "files": Both("images and files", "图片和文件"),
    "sources": Both("documents and search results", "文档和搜索结果"),
    "system_prompts": Both("system prompts", "系统提示词"),
    "tool_calls": Both("tool calls", "工具调用"),
    "tags": Both("tagged ratings (their tags only)", "带标签的评价（仅标签）"),
    "marks": Both("marks from 1 to 10", "1 到 10 分的评分"),
    "other_files": Both("files in the archive that hold no chats", "压缩包中不含对话的文件"),
}
LEFT_OUT: Mapping[str, Both] = {**CHATS_LEFT_OUT, **MESSAGES_LEFT_OUT, **JUDGEMENTS_LEFT_OUT, **PARTS_LEFT_OUT}


@dataclass(frozen=True, slots=True)
class ArchiveCounts:
    """What an archive holds."""

    conversations: int = 0
    replies: int = 0
    judgements: int = 0  # ratings, comparisons, references and the like
    presets: int = 0


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What came in, and what did not.

    Of another program's file: `chats` is the sum of `conversations`, `extended`, `known` and what `left_out` counts of
    CHATS_LEFT_OUT; `messages` the sum of `turns`, `replies`, `joined`, `known_messages` and what it counts of
    MESSAGES_LEFT_OUT.
    """

    source: str  # "r1chat", or the names of the programs
    conversations: int = 0  # new ones
    replies: int = 0
    judgements: int = 0  # ratings, comparisons, references and the like
    known: int = 0  # conversations that were there already, to which nothing was added
    left_out: Mapping[str, int] = field(default_factory=dict)
    extended: int = 0  # conversations that were there already, to which something was added
    turns: int = 0  # messages of a person
    joined: int = 0  # messages that are part of another one of the same side now
    known_messages: int = 0  # messages and replies that were there already
    chats: int = 0  # in the file
    messages: int = 0  # in the file: of everybody
    presets: int = 0  # new ones
    consent_for_all: bool = False  # the file allows that all conversations are exported, and that holds here now
    raters: Mapping[str, int] = field(default_factory=dict)  # new judgements by rater, where none is one's own
