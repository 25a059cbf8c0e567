"""What was judged more than once, as a list. The page's script marks the rows by the ids that each entry carries."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from r1chat.export.conflicts import Conflict
from r1chat.ui.data.redaction import excerpt
from r1chat.ui.html.parts import EMPTY, concat
from r1chat.ui.words.page import Words

MANY = 100  # entries that are listed


def panel(conflicts: Sequence[Conflict], words: Words) -> Markup:
    """Contradictions first, each with links to the conversations it occurs in."""
    if not conflicts:
        return Markup("<p>{}</p>").format(words.conflicts_none)
    rest = len(conflicts) - MANY
    return Markup("<p>{}</p><ul>{}</ul>{}").format(
        words.conflicts_hint,
        concat(_entry(conflict, words) for conflict in conflicts[:MANY]),
        Markup("<p>{}</p>").format(words.redaction_more.format(n=f"{rest:,}")) if rest > 0 else EMPTY,
    )


def _entry(conflict: Conflict, words: Words) -> Markup:
    name = words.conflicts_duplicate if conflict.kind == "duplicate" else words.conflicts_contradiction
    places = dict.fromkeys(judge.conversation_id for judge in conflict.judges)
    links = Markup(" ").join(
        Markup('<a href="../?c={}">{}{}</a>').format(
            place, words.conflicts_show, f" {number}" if len(places) > 1 else ""
        )
        for number, place in enumerate(places, 1)
    )
    return Markup('<li class="{}" data-judged="{}"><b>⚠ {}</b> ×{} {} {}</li>').format(
        conflict.kind,
        " ".join(judge.id for judge in conflict.judges),
        name,
        len(conflict.judges),
        excerpt(conflict.prompt, None, 90),
        links,
    )
