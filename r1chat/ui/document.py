"""One conversation as a document to keep or to pass on: Markdown, or a single HTML file without a script.

Holds the branch that is open. A thought is folded; in HTML its moments of reflection are marked, and formulas are
drawn as MathML. Nothing is redacted: it is the person's own text, and they see it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path

from r1chat.both import Both
from r1chat.conversations import Conversation, StoredReply, StoredTurn
from r1chat.errors import ExportError, NotFoundError
from r1chat.files import replacing
from r1chat.messages import segments
from r1chat.plain_line import plain_line
from r1chat.store import Store
from r1chat.ui.html.markdown import plain, pygments_css, to_html
from r1chat.ui.html.unloaded import unloaded
from r1chat.ui.talk.moments import SYMBOLS
from r1chat.ui.talk.render import Block, ReplyRenderer, notices, summary
from r1chat.ui.words.page import Words

STYLE = Path(__file__).with_name("document.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a browser that opens the file loads and runs nothing
_NAMELESS = Both("The model", "模型")
_PERSON = Both("You", "你")


def write_document(store: Store, conversation_id: str, path: Path, words: Words) -> int:
    """Write a conversation to `path`, which ends in .md or .html, in the language of `words`; its messages, counted.

    Raises ExportError for another ending, or where the file cannot be written, and NotFoundError; then no file was made
    or replaced.
    """
    renderers: dict[str, Callable[[Store, Conversation, Words], str]] = {
        ".md": _markdown,
        ".markdown": _markdown,
        ".html": _html,
        ".htm": _html,
    }
    render = renderers.get(path.suffix.lower())
    if render is None:
        sentence = Both(
            "{name} says no format: let the name end in .md or .html.",
            "{name} 没有说明格式：文件名请以 .md 或 .html 结尾。",
        )
        raise ExportError(sentence.format(name=path.name))
    conversation = store.conversation(conversation_id)
    text = render(store, conversation, words)
    with replacing(path) as stream:
        stream.write(text.encode(errors="replace"))
    return len(conversation.turns)


def document(store: Store, conversation_id: str, form: str, words: Words) -> str:
    """A conversation as the text of a file: `form` is "md" or "html". Raises NotFoundError for anything else."""
    render = {"md": _markdown, "html": _html}.get(form)
    if render is None:
        raise NotFoundError(Both("A conversation is saved as md or html.", "对话只能存为 md 或 html。"))
    return render(store, store.conversation(conversation_id), words)


def _title(conversation: Conversation, words: Words) -> str:
    return " ".join(conversation.info.title.split()) or str(words.untitled)


def _name(reply: StoredReply, words: Words) -> str:
    return reply.provenance.model or _NAMELESS.pick(words.lang)


def _time(turn: StoredTurn | StoredReply) -> str:
    return f"{turn.created.astimezone():%Y-%m-%d %H:%M}"


# --- Markdown --------------------------------------------------------------------------------------------------------


def _markdown(store: Store, conversation: Conversation, words: Words) -> str:
    parts = [f"# {plain_line(_title(conversation, words))}"]
    for turn in conversation.turns:
        parts += [f"## {_PERSON.pick(words.lang)} · {_time(turn)}", unloaded(turn.content.strip("\n"))]
        if (stored := turn.reply) is None:
            continue
        parts.append(f"## {plain_line(_name(stored, words))} · {_time(stored)}")
        line = _told(stored, words)
        for thought, answer in segments(stored.reply.reasoning, stored.reply.answer, stored.reply.later):
            if thought := thought.strip("\n"):
                parts.append(f"<details>\n<summary>{plain(line)}</summary>\n\n{unloaded(thought)}\n\n</details>")
            parts.append(unloaded(answer.strip("\n")))
            line = words.thought_again
        if notice := _plain_text(notices(stored.reply, words)):
            parts.append(f"*{plain_line(notice)}*")
    return "\n\n".join(filter(None, parts)) + "\n"


def _told(stored: StoredReply, words: Words) -> str:
    """The line that a thought folds to, as text."""
    return _plain_text(summary(stored.reply, words)) or words.thought


def _plain_text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html)).strip()


# --- HTML ------------------------------------------------------------------------------------------------------------


def _html(store: Store, conversation: Conversation, words: Words) -> str:
    title = plain(_title(conversation, words))
    body = "".join(_turn_html(store, turn, words) for turn in conversation.turns)
    style = STYLE.read_text(encoding="utf-8")
    dark = pygments_css(dark=True).replace(".dark ", "")
    return (
        f'<!doctype html>\n<html lang="{words.lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta http-equiv="x-dns-prefetch-control" content="off">\n'  # the policy does not keep Firefox from look-ups
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{style}\n{pygments_css(dark=False)}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n</style>\n"
        f"</head>\n<body>\n{SYMBOLS}<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )


def _turn_html(store: Store, turn: StoredTurn, words: Words) -> str:
    person = plain(_PERSON.pick(words.lang))
    question = f'<section class="ask"><h2>{person} <small>{_time(turn)}</small></h2>{to_html(turn.content)}</section>\n'
    return question + (_reply_html(store, turn.reply, words) if turn.reply else "")


def _reply_html(store: Store, stored: StoredReply, words: Words) -> str:
    verdicts = {(label.start, label.end): label.verdict for label in store.moment_labels(stored.id)}
    renderer = ReplyRenderer(stored.id, words, verdicts)
    latest = {block.id: block for block in renderer.update(stored.reply)}
    blocks = [block for block in latest.values() if not block.gone]
    line = summary(stored.reply, words, renderer.counts())
    thought, answer, later = _fold(line, blocks, 0), "", 0
    for block in blocks:
        if block.kind == "again":
            later += 1
            answer += _fold(words.thought_again, blocks, later)
        elif block.kind == "part":
            answer += block.html
    name = plain(_name(stored, words))
    return (
        f'<section class="reply"><h2>{name} <small>{_time(stored)}</small></h2>{thought}{answer}'
        f"{notices(stored.reply, words)}</section>\n"
    )


def _fold(line: str, blocks: Sequence[Block], later: int) -> str:
    """The steps of one thought of a reply, folded; nothing where it has none."""
    steps = (block.html for block in blocks if block.kind == "step" and block.later == later)
    inside = "".join(f'<div class="step">{html}</div>' for html in steps)
    return f'<details class="thought"><summary>{line}</summary>{inside}</details>' if inside else ""
