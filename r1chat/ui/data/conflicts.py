"""What was judged more than once, as a list. The page's script marks the rows by the ids that each entry carries."""

from __future__ import annotations

from collections.abc import Sequence

from r1chat.export.conflicts import Conflict
from r1chat.ui.data.evidence import excerpt
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words

MANY = 100  # entries that are listed


def panel(conflicts: Sequence[Conflict], words: Words) -> str:
    """Contradictions first, each with links to the conversations that it lies in."""
    if not conflicts:
        return f"<p>{plain(words.conflicts_none)}</p>"
    entries = "".join(_entry(conflict, words) for conflict in conflicts[:MANY])
    rest = len(conflicts) - MANY
    more = f"<p>{plain(words.redaction_more.format(n=f'{rest:,}'))}</p>" if rest > 0 else ""
    return f"<p>{plain(words.conflicts_hint)}</p><ul>{entries}</ul>{more}"


def _entry(conflict: Conflict, words: Words) -> str:
    name = words.conflicts_duplicate if conflict.kind == "duplicate" else words.conflicts_contradiction
    places = dict.fromkeys(judge.conversation_id for judge in conflict.judges)
    links = " ".join(
        f'<a href="../?c={plain(place)}">{plain(words.conflicts_show)}{f" {number}" if len(places) > 1 else ""}</a>'
        for number, place in enumerate(places, 1)
    )
    ids = " ".join(judge.id for judge in conflict.judges)
    return (
        f'<li class="{conflict.kind}" data-judged="{ids}"><b>⚠ {plain(name)}</b> ×{len(conflict.judges)} '
        f"{excerpt(conflict.prompt, None, 90)} {links}</li>"
    )
