"""Tells what came in: the counts of an import as sentences, for the page and for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from r1chat.archive.counts import LEFT_OUT, ArchiveCounts, ImportCounts
from r1chat.both import Both


def contents(of: ArchiveCounts | ImportCounts) -> Both:
    """How much it is."""
    return Both("{conversations}, {replies} and {judgements}", "{conversations}、{replies}和{judgements}").format(
        conversations=_count(of.conversations, "conversation", "conversations", "个对话"),
        replies=_count(of.replies, "reply", "replies", "个回复"),
        judgements=_count(of.judgements, "judgement", "judgements", "条评价"),
    )


def told(came: ImportCounts, where: str) -> Iterator[Both]:
    """What came in from `where`, what was here already, what has no place here, and what it allows."""
    yield Both("{contents} came in from {where}.", "从 {where} 导入了{contents}。").format(
        contents=contents(came), where=where
    )
    if came.chats:
        yield Both("The file holds {chats} with {messages}.", "文件中有{chats}，共{messages}。").format(
            chats=_count(came.chats, "chat", "chats", "个对话"), messages=_messages(came.messages)
        )
    if came.extended:
        yield Both("Here already, and continued: {n}.", "已有并续接的：{n}。").format(n=_conversations(came.extended))
    if came.known:
        yield Both("Here already: {n}, left as they are.", "已有的：{n}，保持不变。").format(
            n=_conversations(came.known)
        )
    if came.joined:
        joined = Both("Joined to the message of the same side before it: {n}.", "与前一条同方消息合并的：{n}。")
        yield joined.format(n=_messages(came.joined))
    if came.presets:
        yield Both("New presets: {n:,}.", "新预设：{n:,} 个。").format(n=came.presets)
    if came.left_out:
        left = [(count, LEFT_OUT[code]) for code, count in came.left_out.items()]
        yield Both(
            f"Left out: {', '.join(f'{count:,} × {what.en}' for count, what in left)}.",
            f"未导入：{'、'.join(f'{count:,} × {what.zh}' for count, what in left)}。",
        )
    if came.consent_for_all:
        yield Both(
            "The file allows that all conversations are exported, and that holds here from now on. If it is not yours, "
            "take it back: on the data page, or by `r1chat consent --all --withdraw`.",
            "该文件允许导出所有对话，这一许可从现在起在这里生效。如果文件不是你的，请在数据页收回许可，"
            "或运行 `r1chat consent --all --withdraw`。",
        )
    if came.raters:
        yield judged_by(list(came.raters.items()))


def judged_by(raters: Sequence[tuple[str, int]]) -> Both:
    """Whose judgements they are, where none is one's own, and how those of the first rater become that."""
    first, _ = raters[0]
    line = f"rater = {json.dumps(first, ensure_ascii=False)}"  # as TOML has it
    names = Both(
        ", ".join(f"{rater} ({number:,})" for rater, number in raters),
        "、".join(f"{rater}（{number:,} 条）" for rater, number in raters),
    )
    return Both(
        "The judgements were made by another rater than you are here: {names}. If {first} is you, put the line "
        "`{line}` into settings.toml in the data folder; from the next start on they are your own.",
        "这些评价来自另一位评价者，而不是这里的你：{names}。如果 {first} 就是你，请在数据文件夹的 settings.toml 中加入"
        "一行 `{line}`；下次启动后它们就是你自己的评价。",
    ).format(names=names, first=first, line=line)


def _conversations(number: int) -> Both:
    return _count(number, "conversation", "conversations", "个对话")


def _messages(number: int) -> Both:
    return _count(number, "message", "messages", "条消息")


def _count(number: int, singular: str, plural: str, zh: str) -> Both:
    return Both(f"{number:,} {singular if number == 1 else plural}", f"{number:,} {zh}")
