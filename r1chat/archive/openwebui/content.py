"""What Open WebUI keeps of a reply: its thought, its answer and what tools did. Pure.

In its text, thoughts and tools are blocks of HTML, `<details type="…">` to a `</details>` at the start of a line. A
thought stands in one as a quotation, since 2025 with its HTML escaped; replies that a server streamed untouched may
have `<think>` tags instead. Since 2026 a reply may have its pieces as a list, `output`, in the form of OpenAI's
Responses API, or its thought in a field of its own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from r1chat.archive.foreign import reply_of
from r1chat.archive.untrusted import clean, first_text, mapping, seconds, sequence
from r1chat.messages import Reply, Timings

_OPENING = re.compile(r"^<details\b([^<>]*)>|(?<!`)<details\b([^<>]*)>(?=\s*<summary>)", re.MULTILINE)
_TYPE = re.compile(r'(?:^|\s)type="(reasoning|tool_calls|code_interpreter)"')
_SUMMARY = re.compile(r"\s*<summary>[^<]*</summary>[ \t]*\n?")
_DURATION = re.compile(r'\bduration="(\d{1,7}(?:\.\d{1,6})?)"')
_CLOSING = "</details>"
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#x27);")
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True, slots=True)
class Content:
    """A finished reply, and how many blocks of tools were left out of it."""

    reply: Reply
    tool_calls: int = 0


def content_of(data: Mapping[str, Any], text: str) -> Content:
    """The content of an assistant's message; `text` is what stands in its field of that name."""
    if any(mapping(item).get("type") in ("reasoning", "message") for item in sequence(data.get("output"))):
        content = _from_output(data["output"])
        if content.reply.answer or not text.strip():
            return content
        return Content(reply_of(text, content.reply.reasoning, content.reply.timings.thinking), content.tool_calls)
    content = split_content(text)
    thought = first_text(data, *_THOUGHT_FIELDS)
    if thought and not content.reply.reasoning:
        return Content(reply_of(content.reply.answer, thought), content.tool_calls)
    return content


def split_content(text: str) -> Content:
    """The thoughts, the answer and the tools of a text."""
    thoughts: list[str] = []
    rest: list[str] = []
    tools, duration, at, closed = 0, 0.0, 0, True
    last_line = text.rfind(f"\n{_CLOSING}")  # not looked for again behind it, or this would be quadratic
    while opening := _next_block(text, at):
        rest.append(text[at : opening.start()])
        closing = f"\n{_CLOSING}" if opening.end() <= last_line else _CLOSING
        end = text.find(closing, opening.end())
        block = text[opening.end() : end if end >= 0 else len(text)]
        at = end + len(closing) if end >= 0 else len(text)
        attributes = _attributes(opening)
        kind = _TYPE.search(attributes)
        if kind is None or kind[1] != "reasoning":
            tools += 1
            continue
        thoughts.append(_unquoted(block[summary.end() :] if (summary := _SUMMARY.match(block)) else block))
        match = _DURATION.search(attributes)
        duration += float(match[1]) if match else 0.0
        closed = end >= 0 and 'done="false"' not in attributes
    answer = "\n\n".join(piece for part in (*rest, text[at:]) if (piece := part.strip("\n").rstrip()))
    thought = "\n\n".join(filter(None, thoughts))
    if not thought:
        return Content(reply_of(answer), tools)
    reply = Reply(thought, closed or bool(answer), answer, "stop", timings=Timings(thinking=duration))
    return Content(reply, tools)


def _next_block(text: str, at: int) -> re.Match[str] | None:
    """The next block of a thought or a tool; `<details>` of other kinds are text."""
    for opening in _OPENING.finditer(text, at):
        if _TYPE.search(_attributes(opening)):
            return opening
    return None


def _attributes(opening: re.Match[str]) -> str:
    return opening[1] or opening[2] or ""


def _from_output(output: Sequence[Any]) -> Content:
    thoughts: list[str] = []
    answers: list[str] = []
    tools, duration = 0, 0.0
    for item in map(mapping, output):
        if item.get("type") == "reasoning":
            thoughts.append(_texts(item.get("content")) or _texts(item.get("summary")))
            duration += seconds(item.get("duration"))
        elif item.get("type") == "message":
            answers.append(_texts(item.get("content")))
        else:
            tools += 1
    reply = reply_of("\n\n".join(filter(None, answers)), "\n\n".join(filter(None, thoughts)), duration)
    return Content(reply, tools)


def _texts(content: Any) -> str:
    parts = (mapping(part).get("text") for part in sequence(content))
    return "\n\n".join(text for part in parts if (text := clean(part).strip("\n"))) or clean(content).strip("\n")


def _unquoted(block: str) -> str:
    """A quotation as it was before: without its marks, and without the entities of a text whose HTML was escaped."""
    text = block.strip("\n")
    lines = [line.removeprefix("&gt;" if line.startswith("&gt;") else ">") for line in text.split("\n")]
    text = "\n".join(line.removeprefix(" ") for line in lines).strip()
    escaped = "<" not in text and _ENTITY.search(text)
    return html.unescape(text) if escaped else text
