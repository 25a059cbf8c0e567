"""Two replies side by side, and what was chosen between them, as HTML. Pure; knows no Gradio and no SQL.

Before the vote of a blind comparison nothing here tells which side is which: no name, setting, speed, count or error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from markupsafe import Markup

from r1chat.conversations import Provenance, StoredReply
from r1chat.judgements import LONGEST_COMMENT, Comparison, Sides, Winner
from r1chat.messages import Params, Reply
from r1chat.teach import comparable
from r1chat.ui.html.parts import EMPTY, attributes, button, concat, joined, notice, speed, text_area
from r1chat.ui.words.page import Words

_ALONE = {"temperature", "seed"}  # parameters that are said in words


@dataclass(frozen=True, slots=True)
class OpenComparison:
    """A comparison that waits for a choice.

    `earlier`: what was chosen before. `goes_on`: the side from which the conversation goes on, "" for neither;
    `went_on`: there are messages after it. `left`: how many comparisons a ranking takes yet, 0 where it is none.
    """

    sides: Sides
    earlier: Comparison | None = None
    goes_on: str = ""
    went_on: bool = False
    left: int = 0

    @property
    def blind(self) -> bool:
        """Nobody must learn yet which side is which."""
        return self.sides.blind and self.earlier is None

    @property
    def block(self) -> str:
        """The id of the block that holds it; a side's reply goes into `<block>-left` or `<block>-right`."""
        return f"comparison-{self.sides.id}"


def skeleton(comparison: OpenComparison, replies: Sequence[StoredReply], words: Words) -> Markup:
    """The frame: a question, two columns, and the place of the verdict."""
    if comparison.blind:
        question = words.comparison_blind
    else:
        question = words.comparison_again if comparison.earlier else words.comparison_open
    if comparison.left:
        question = f"{words.ranking_left.format(n=comparison.left)} {question}"
    makers = ("", "") if comparison.blind else names(replies, words)
    columns = concat(
        Markup(
            '<div class="side" role="group" data-side="{side}" aria-labelledby="{block}-{side}-name">'
            '<h2 id="{block}-{side}-name">{caption}</h2>{maker}<div id="{block}-{side}"></div></div>'
        ).format(side=side, block=comparison.block, caption=caption, maker=_small(maker))
        for side, caption, maker in zip(comparison.sides.reply_ids, (words.side_a, words.side_b), makers, strict=True)
    )
    return Markup('<p class="question">{}</p><div class="sides">{}</div><div id="{}-verdict"></div>').format(
        question, columns, comparison.block
    )


def summary(reply: Reply, words: Words) -> Markup:
    """The line that the thought of a hidden side folds to: no times, no tokens, and no count of its moments."""
    if reply.closed and not reply.reasoning:
        return Markup("{}").format(words.no_thought)
    if reply.closed or reply.finish is not None:
        return Markup("{}").format(words.side_thought)
    queued = reply.progress is not None and reply.progress.stage == "queued"
    line = words.side_thinking if reply.reasoning else words.side_queued if queued else words.waiting
    return Markup('<span class="live">{}</span>').format(line)


def notes(reply: Reply, words: Words) -> Markup:
    """Why a side is not whole; nothing where it is."""
    if reply.finish is None or comparable(reply):
        return EMPTY
    sentences = {
        "stopped": words.side_stopped,
        "length": words.side_cut,
        "interrupted": words.side_interrupted,
        "stop": words.side_empty,
    }
    return notice(sentences.get(reply.finish, words.side_failed))


def verdict(comparison: OpenComparison, replies: Sequence[Reply], words: Words) -> tuple[str, Markup]:
    """The kind and the HTML of what can be chosen now."""
    grown = all(reply.finish is not None for reply in replies)
    whole = all(map(comparable, replies))
    why_not = "" if whole else words.not_whole if grown else words.wait_for_both
    choices: tuple[tuple[Winner, str, str], ...] = (
        ("left", words.a_better, why_not),
        ("right", words.b_better, why_not),
        ("tie", words.as_good, why_not),
        ("both_bad", words.both_bad, "" if grown else words.wait_for_both),
        ("skipped", words.dont_compare, ""),
    )
    buttons = concat(_choice(number, *choice) for number, choice in enumerate(choices, 1))
    if comparison.earlier:
        buttons += button("keep-choice", comparison.sides.id, words.keep_choice, key="keep")
    comment = comparison.earlier.comment if comparison.earlier else ""
    side = {"left": words.side_a, "right": words.side_b}.get(comparison.goes_on, "")
    after = (words.went_on if comparison.went_on else words.goes_on).format(side=side) if side else ""
    html = Markup(
        '<div class="choices">{buttons}</div><p class="hint" role="status">{hint}</p>'
        '<details class="comment" data-key="comment"{open}><summary>{label}</summary>'
        "{comment}</details>"
    ).format(
        buttons=buttons,
        hint=" ".join(part for part in (why_not, after) if part),
        open=attributes(open=bool(comment)),
        label=words.comment,
        comment=text_area(
            comment,
            rows=2,
            maxlength=LONGEST_COMMENT,
            data_key="comment-text",
            aria_label=words.comment,
            placeholder=words.why,
        ),
    )
    return f"verdict {'ready' if grown else 'waiting'}", html


def _choice(number: int, winner: Winner, caption: str, why_not: str) -> Markup:
    marks = attributes(
        data_winner=winner, data_key=winner, aria_disabled="true" if why_not else None, title=why_not or None
    )
    return Markup('<button type="button"{}>{}<kbd aria-hidden="true">{}</kbd></button>').format(marks, caption, number)


# --- what was chosen -------------------------------------------------------------------------------------------------


def names(replies: Sequence[StoredReply], words: Words) -> tuple[str, str]:
    """Who wrote each side, and with which settings: temperature always, of the rest what tells them apart."""
    left, right = (stored.provenance for stored in replies)
    differing = [
        field.name
        for field in fields(Params)
        if field.name not in _ALONE and getattr(left.params, field.name) != getattr(right.params, field.name)
    ]
    same = (left.backend, left.model, left.origin) == (right.backend, right.model, right.origin)
    seeds = same and not differing and left.params.temperature == right.params.temperature
    return _name(left, differing, seeds, words), _name(right, differing, seeds, words)


def _name(provenance: Provenance, differing: Sequence[str], seeds: bool, words: Words) -> str:
    if provenance.origin == "corrected":
        return words.own_words
    parts = [
        provenance.model,
        provenance.quantisation,
        provenance.preset,
        words.at_temperature.format(n=provenance.params.temperature),
    ]
    parts += [f"{name.replace('_', '-')} {getattr(provenance.params, name)}" for name in differing]
    if seeds:
        parts.append(words.with_seed.format(n=provenance.params.seed))
    return " · ".join(part for part in parts if part)


def result(
    chosen: Comparison, reply_id: str, replies: Sequence[StoredReply], order: Sequence[Sequence[int]], words: Words
) -> Markup:
    """Below a reply: what was chosen between it and another one, who wrote them, and the way to choose again.

    `order`: the positions of all replies, best first, equals together; empty where there is no ranking.
    """
    side: Winner = "left" if reply_id == replies[0].id else "right"
    captions = [
        words.side_at.format(
            side=caption, place=words.position.format(position=stored.position, siblings=stored.siblings)
        )
        for caption, stored in zip((words.side_a, words.side_b), replies, strict=True)
    ]
    other_name = captions[1] if side == "left" else captions[0]
    sentences = {"tie": words.chose_tie, "both_bad": words.chose_neither, "skipped": words.chose_nothing}
    sentence = sentences.get(chosen.winner, words.chose_this if chosen.winner == side else words.chose_other)
    again = button("reopen", chosen.sides.id, words.change_mind)
    parts = [Markup("<p>{} {}</p>").format(sentence.format(other=other_name), again)]
    if chosen.comment:
        parts.append(Markup('<p class="said">{}</p>').format(chosen.comment))
    for caption, stored, name in zip(captions, replies, names(replies, words), strict=True):
        usage = stored.reply.usage
        tokens = words.tokens(usage.reasoning_tokens + usage.answer_tokens)
        parts.append(_small(joined(f"{caption}: {name}", tokens, speed(stored.reply.tokens_per_second, words, 1))))
    if order:
        places = " › ".join(" = ".join(map(str, group)) for group in order)
        parts.append(Markup("<p>{}</p>").format(words.your_ranking.format(order=places)))
    return Markup('<div class="compared">{}</div>').format(concat(parts))


def _small(text: str) -> Markup:
    return Markup("<small>{}</small>").format(text) if text else EMPTY
