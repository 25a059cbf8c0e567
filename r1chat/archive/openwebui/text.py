"""What Open WebUI writes into the text of a reply: the thought, and what tools did, as blocks of HTML. Pure.

A block is `<details type="…">` to a `</details>` at the start of a line. A thought stands in one as a quotation, since
2025 with its HTML escaped; replies that a server streamed untouched may have `<think>` tags instead.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace

from r1chat.messages import Finish, Raw, Reply, Timings
from r1chat.think import collect

_OPENING = re.compile(r'^<details type="(reasoning|tool_calls|code_interpreter)"([^>]*)>', re.MULTILINE)
_SUMMARY = re.compile(r"\s*<summary>[^<]*</summary>\n?")
_DURATION = re.compile(r'duration="(\d{1,7}(?:\.\d{1,6})?)"')
_CLOSING = "\n</details>"


@dataclass(frozen=True, slots=True)
class Content:
    """A finished reply, and how many blocks of tools were left out of it."""

    reply: Reply
    tool_calls: int = 0


def split_content(text: str) -> Content:
    """Tell thought, answer and tools apart."""
    thoughts: list[str] = []
    rest: list[str] = []
    tools, seconds, at, closed = 0, 0.0, 0, True
    while opening := _OPENING.search(text, at):
        rest.append(text[at : opening.start()])
        end = text.find(_CLOSING, opening.end())
        block = text[opening.end() : end if end >= 0 else len(text)]
        at = end + len(_CLOSING) if end >= 0 else len(text)
        if opening[1] != "reasoning":
            tools += 1
            continue
        thoughts.append(_unquoted(_SUMMARY.sub("", block, count=1)))
        duration = _DURATION.search(opening[2])
        seconds += float(duration[1]) if duration else 0.0
        closed = end >= 0 and 'done="false"' not in opening[2]
    answer = "\n\n".join(piece for part in (*rest, text[at:]) if (piece := part.strip("\n")))
    thought = "\n\n".join(filter(None, thoughts))
    if not thought:
        told = collect([Raw(answer, tokens=0), Finish("stop")]) if answer else Reply(finish="stop")
        return Content(replace(told, timings=Timings()), tools)  # what was timed is this very reading
    reply = Reply(thought, closed or bool(answer), answer, "stop", timings=Timings(thinking=seconds))
    return Content(reply, tools)


def _unquoted(block: str) -> str:
    text = block.strip("\n")
    if text.startswith("&gt;"):
        text = html.unescape(text)
    return "\n".join(line.removeprefix(">").removeprefix(" ") for line in text.split("\n")).strip()
