"""What is wrong with a file that is read: the one exception of all readers in this package."""

from __future__ import annotations

from r1chat.both import Both

PROGRAMS = Both(
    "Open WebUI, llama.cpp, ChatGPT, Claude, DeepSeek, LM Studio, Jan or TextGen",
    "Open WebUI、llama.cpp、ChatGPT、Claude、DeepSeek、LM Studio、Jan 或 TextGen",
)
NO_CHAT = Both("it is no chat of a program that r1chat knows", "它不是 r1chat 认识的任何程序的对话")
ADVICE = Both(
    "Nothing was imported. Give a file that `r1chat export archive` wrote, or chats as {programs} exports them (JSON, "
    "JSON Lines or the zip), or ShareGPT's form; unpack it first if it is compressed otherwise.",
    "没有导入任何内容。请提供 `r1chat export archive` 写出的文件，或 {programs} 导出的对话（JSON、JSON Lines 或 zip），"
    "或 ShareGPT 格式；若以其他方式压缩，请先解压。",
).format(programs=PROGRAMS)
UNKNOWN = Both(
    "this begins neither an archive of r1chat nor an export of a program that it knows",
    "它的开头既不是 r1chat 存档，也不是已知程序的导出文件",
)


class Fault(Exception):
    """What is wrong with a file, as a clause in both languages, without a full stop.

    `advice` is what to do about it, a whole sentence; None: the general one. `line` is set where it is not the line
    that was read last.
    """

    def __init__(self, clause: Both, advice: Both | None = None, line: int | None = None) -> None:
        super().__init__(clause.en)
        self.clause = clause
        self.advice = advice
        self.line = line
