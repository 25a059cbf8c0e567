"""The tags of a thought, read from how two texts that a template rendered differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

TAG = re.compile(
    r"<{1,2}[^<>\s]{1,60}>{1,2}|\[{1,2}[^\[\]\s]{1,60}\]{1,2}|[◁«⟦【〈‹⟪≪⸨｟{§%#@~]{1,4}[^\s◁▷«»⟦⟧【】〈〉‹›⟪⟫≪≫⸨⸩｟｠{}§]{1,60}[▷»⟧】〉›⟫≫⸩｠}§%#@~]{1,4}"
)  # every repetition is bounded: a template can write millions of brackets


@dataclass(frozen=True, slots=True)
class TemplateTags:
    open: str
    close: str
    open_text: str
    close_text: str
    answer_open: str = ""
    answer_close: str = ""
    close_ends_turn: bool = False


def text_after(text: str, word: str) -> str:
    """What follows the last occurrence of a word; the whole text where there is none."""
    return text[text.rfind(word) + len(word) :] if word in text else text


def ends_with(prompt: str, tag: str) -> bool:
    """Whether a prompt ends with a tag, white space aside."""
    return prompt.rstrip().endswith(tag.rstrip())


def tags_between(before: str, between: str, after: str, bare: str, prompt: str) -> TemplateTags | None:
    """The tags, from the texts before a thought, behind it and behind the answer; `bare`: before an answer alone."""
    closers = TAG.findall(between)
    ends_turn = len(closers) > 1 and after.strip().startswith(closers[0]) and between.strip().startswith(closers[0])
    frame = whole_tags(before, common_length(before, bare))
    if ends_turn:
        close = closers[0]
        answer_open = between.strip()[len(close) :].strip()
    else:
        answer_open = common_end(between, bare[frame:])
        close = between.strip().removesuffix(answer_open).strip() if answer_open else between.strip()
    opened = before.rstrip()
    open_ = next((tag for tag in mirrored(close) if opened.endswith(tag)), "")
    if not open_:
        open_ = before[frame:].strip()
    if not open_:
        tags = [tag for tag in TAG.finditer(opened) if tag.end() == len(opened)]
        open_ = tags[-1].group() if tags else ""
    if not open_ or not close:
        return None
    if ends_with(prompt, open_) or not before.startswith(prompt):
        open_text = before[opened.rfind(open_) :]
    else:
        open_text = before[len(prompt) :]
    closing = (TAG.match(after.strip()) or [""])[0] if answer_open and not ends_turn else ""
    return TemplateTags(open_, close, open_text, between, answer_open, closing, ends_turn)


def added_pairs(texts: list[str], before_answer: str) -> Iterator[tuple[str, str]]:
    """Pairs of tags by which one text goes on where another ends, the likelier first.

    `texts`: what the prompts of a reply end with, thinking on and off. An empty thought adds both tags; where the other
    text has opened the thought, the closing tag alone. `before_answer`: what stands before an earlier answer.
    """
    for longer, shorter in _extensions([*texts, before_answer]):
        match [tag.group() for tag in TAG.finditer(longer[len(shorter) :])]:
            case [opener, closer] if opener != closer:
                yield opener, closer
    for longer, shorter in _extensions(texts):
        closing = TAG.findall(longer[len(shorter) :])
        opener = next((tag.group() for tag in TAG.finditer(shorter) if tag.end() == len(shorter)), "")
        if opener and len(closing) == 1 and (opener not in before_answer or ends_with(before_answer, closing[0])):
            yield opener, closing[0]


def pairs_of_tags(prose: str) -> Iterator[tuple[str, str]]:
    """The pairs that a text in prose tells a model to write: `between <a></a>`, `<a> your thoughts </a>`."""
    tags = list(TAG.finditer(prose))
    for first, second in pairwise(tags):
        between = prose[first.end() : second.start()]
        if first.group() in mirrored(second.group()) or (not between.strip() and first.group() != second.group()):
            yield first.group(), second.group()


def _extensions(texts: list[str]) -> Iterator[tuple[str, str]]:
    """Texts that begin with another one (its last white space aside), and hold nothing but tags behind it."""
    for shorter in {text.rstrip(): None for text in texts}:
        for longer in texts:
            if longer != shorter and longer.startswith(shorter) and not TAG.sub("", longer[len(shorter) :]).strip():
                yield longer, shorter


def common_length(text: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def whole_tags(text: str, at: int) -> int:
    """`at`, or the beginning of the tag that it would cut."""
    return next((tag.start() for tag in TAG.finditer(text) if tag.start() < at < tag.end()), at)


def common_end(text: str, other: str) -> str:
    """The tags with which both texts end; "" where that is all of the first one, or mere white space."""
    size = common_length(text[::-1], other[::-1])
    end = text[len(text) - size :]
    start = TAG.search(end)
    common = end[start.start() :].strip() if start else ""
    return "" if common == text.strip() else common


def mirrored(close: str) -> Iterator[str]:
    """The opening tags that a closing tag may belong to."""
    swaps: tuple[tuple[str, str], ...] = (
        ("/", ""),
        ("END", "START"),
        ("END", "BEGIN"),
        ("end", "begin"),
        ("end", "start"),
        ("End", "Begin"),
        ("suffix", "prefix"),
        ("close", "open"),
        ("stop", "start"),
    )
    for closing, opening in swaps:
        if closing in close:
            yield close.replace(closing, opening, 1)
