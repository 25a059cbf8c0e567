"""Texts of the store as evidence: as they are, or as an export would write them. Pure.

Also what an export would replace in many texts, as counts with examples.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from markupsafe import Markup

from r1chat.redact import KINDS, FindingKind, Redactor, find
from r1chat.redact.finding import PLACEHOLDER, WORDS
from r1chat.ui.html.parts import EMPTY, concat
from r1chat.ui.words.page import Words

EXCERPT = 240  # characters
EXAMPLES = 20  # values that are shown of each kind
_MARGIN = 400  # characters after an excerpt, so that what it cuts in two is still recognised


def whole(text: str, redactor: Redactor | None) -> Markup:
    """A text as HTML, escaped; with a redactor, every replacement is marked."""
    return Markup("{}").format(text) if redactor is None else _marked(redactor(text))


def excerpt(text: str, redactor: Redactor | None, length: int = EXCERPT) -> Markup:
    """The beginning of a text as HTML, in one line."""
    text = " ".join(text[: length + _MARGIN].split())
    if redactor is not None:
        text = redactor(text)
    if len(text) > length:
        text = text[:length].rstrip() + "…"
    return Markup("{}").format(text) if redactor is None else _marked(text)


def _marked(text: str) -> Markup:
    parts, done = [], 0
    for match in PLACEHOLDER.finditer(text):
        parts.append(Markup('{}<mark class="replaced">{}</mark>').format(text[done : match.start()], match[0]))
        done = match.end()
    return concat([*parts, Markup("{}").format(text[done:])])


@dataclass(slots=True)
class Replaced:
    """What an export would replace: for each kind the values as they were found, and how often."""

    messages: int = 0
    cut: bool = False  # there were more messages than were read
    values: defaultdict[FindingKind, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def look(self, texts: Iterable[str], names: Collection[str]) -> None:
        """Search these texts too."""
        for text in texts:
            for match in find(text, names):
                self.values[match.kind][match.text] += 1


def report(replaced: Replaced, words: Words) -> Markup:
    """Kinds and counts, and under each kind the values that stand for most."""
    count = f"{replaced.messages:,}"
    first = Markup("<p>{}</p>").format(words.redaction_first.format(n=count)) if replaced.cut else EMPTY
    if not replaced.values:
        return Markup("<p>{}</p>{}").format(words.redaction_none.format(n=count), first)
    kinds = concat(_kind(kind, replaced.values[kind], words) for kind in KINDS if replaced.values.get(kind))
    return Markup("<p>{}</p>{}{}").format(words.redaction_found.format(n=count), kinds, first)


def _kind(kind: FindingKind, values: Counter[str], words: Words) -> Markup:
    rows = concat(
        Markup("<tr><td>{}</td><td>{}</td></tr>").format(value, f"{times:,}")
        for value, times in values.most_common(EXAMPLES)
    )
    rest = len(values) - EXAMPLES
    return Markup(
        '<details class="found"><summary>{name} <b>{count}</b> <mark class="replaced">{stands}</mark></summary>'
        "<table><thead><tr><th>{value}</th><th>{times}</th></tr></thead><tbody>{rows}</tbody></table>{more}</details>"
    ).format(
        name=getattr(words, f"kind_{kind}"),
        count=f"{len(values):,}",
        stands=f"<{WORDS[kind]}_1>",
        value=words.redaction_value,
        times=words.redaction_times,
        rows=rows,
        more=Markup("<p>{}</p>").format(words.redaction_more.format(n=f"{rest:,}")) if rest > 0 else EMPTY,
    )
