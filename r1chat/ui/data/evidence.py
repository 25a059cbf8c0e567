"""Texts of the store as evidence: as they are, or as an export would write them. Pure.

Also what an export would replace in many texts, as counts with examples.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from r1chat.redact import KINDS, Kind, Redactor, find
from r1chat.redact.finding import PLACEHOLDER, WORDS
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words

EXCERPT = 240  # characters
EXAMPLES = 20  # values that are shown of each kind
_MARGIN = 400  # characters after an excerpt, so that what it cuts in two is still recognised


def whole(text: str, redactor: Redactor | None) -> str:
    """A text as HTML, escaped; with a redactor, every replacement is marked."""
    return plain(text) if redactor is None else _marked(redactor(text))


def excerpt(text: str, redactor: Redactor | None, length: int = EXCERPT) -> str:
    """The beginning of a text as HTML, in one line."""
    text = " ".join(text[: length + _MARGIN].split())
    if redactor is not None:
        text = redactor(text)
    if len(text) > length:
        text = text[:length].rstrip() + "…"
    return plain(text) if redactor is None else _marked(text)


def _marked(text: str) -> str:
    parts, done = [], 0
    for found in PLACEHOLDER.finditer(text):
        parts += [plain(text[done : found.start()]), f'<mark class="replaced">{plain(found[0])}</mark>']
        done = found.end()
    return "".join([*parts, plain(text[done:])])


@dataclass(slots=True)
class Replaced:
    """What an export would replace: for each kind the values as they were found, and how often."""

    messages: int = 0
    cut: bool = False  # there were more messages than were read
    values: defaultdict[Kind, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def look(self, texts: Iterable[str], names: Collection[str]) -> None:
        """Search these texts too."""
        for text in texts:
            for found in find(text, names):
                self.values[found.kind][found.text] += 1


def report(replaced: Replaced, words: Words) -> str:
    """Kinds and counts, and under each kind the values that stand for most."""
    count = f"{replaced.messages:,}"
    first = f"<p>{plain(words.redaction_first.format(n=count))}</p>" if replaced.cut else ""
    if not replaced.values:
        return f"<p>{plain(words.redaction_none.format(n=count))}</p>{first}"
    kinds = "".join(_kind(kind, replaced.values[kind], words) for kind in KINDS if replaced.values.get(kind))
    return f"<p>{plain(words.redaction_found.format(n=count))}</p>{kinds}{first}"


def _kind(kind: Kind, values: Counter[str], words: Words) -> str:
    rows = "".join(
        f"<tr><td>{plain(value)}</td><td>{times:,}</td></tr>" for value, times in values.most_common(EXAMPLES)
    )
    rest = len(values) - EXAMPLES
    more = f"<p>{plain(words.redaction_more.format(n=f'{rest:,}'))}</p>" if rest > 0 else ""
    stands = f'<mark class="replaced">&lt;{WORDS[kind]}_1&gt;</mark>'
    return (
        f'<details class="found"><summary>{plain(getattr(words, f"kind_{kind}"))} <b>{len(values):,}</b> {stands}'
        f"</summary><table><thead><tr><th>{plain(words.redaction_value)}</th><th>{plain(words.redaction_times)}</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>{more}</details>"
    )
