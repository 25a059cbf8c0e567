"""The counter at the foot of the left column: what was gathered, and what it is good for. Pure."""

from __future__ import annotations

from markupsafe import Markup

from r1chat.judgements import JudgementCounts
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import joined
from r1chat.ui.words.page import Words


def html(gathered: JudgementCounts, words: Words) -> Markup:
    """`Data  34 pairs · 120 ratings · 12 verified`, a link to the page of the data; the rest is said in its title."""
    pairs, thumbs = gathered.pairs, gathered.thumbs
    parts = []
    if pairs:
        parts.append(words.gathered_one_pair if pairs == 1 else words.gathered_pairs.format(n=f"{pairs:,}"))
    if thumbs:
        parts.append(words.gathered_one_rating if thumbs == 1 else words.gathered_ratings.format(n=f"{thumbs:,}"))
    if gathered.verified:
        parts.append(words.gathered_verified.format(n=f"{gathered.verified:,}"))
    title = "\n".join(good_for(gathered, words))
    return Markup('<a href="data/" title="{}">{}<b>{}</b> <span>{}</span></a>').format(
        title, icon("database"), words.gathered, joined(*parts) or words.gathered_nothing
    )


def good_for(gathered: JudgementCounts, words: Words) -> list[str]:
    """A sentence for each kind of what was gathered, and for how much of it may be exported."""
    return [
        words.good_for_pairs.format(n=f"{gathered.pairs:,}"),
        words.good_for_thumbs.format(n=f"{gathered.thumbs:,}"),
        words.good_for_verified.format(n=f"{gathered.verified:,}", m=f"{gathered.references:,}"),
        words.good_for_steps.format(n=f"{gathered.steps:,}"),
        words.gathered_consent.format(n=f"{gathered.consented:,}", m=f"{gathered.conversations:,}"),
    ]
