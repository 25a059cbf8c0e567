"""Two replies side by side, and what was said of them, as HTML. Pure; knows no Gradio and no SQL.

Before the vote of a blind comparison nothing here tells which side is which: no name, setting, speed, count or error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from r1chat.judgements import LONGEST_COMMENT, Comparison, Duel, Winner
from r1chat.messages import Params, Provenance, Reply, StoredReply
from r1chat.teach import comparable
from r1chat.ui.html.markdown import plain
from r1chat.ui.talk.render import button, notice, speed
from r1chat.ui.words.page import Words

_ALONE = {"temperature", "seed"}  # parameters that are said in words


@dataclass(frozen=True, slots=True)
class Arena:
    """A comparison that waits for a word.

    `earlier`: what was said of it before. `goes_on`: the side from which the conversation goes on, "" for neither;
    `went_on`: there are messages after it. `left`: how many comparisons a ranking takes yet, 0 where it is none.
    """

    duel: Duel
    earlier: Comparison | None = None
    goes_on: str = ""
    went_on: bool = False
    left: int = 0

    @property
    def blind(self) -> bool:
        """Nobody must learn yet which side is which."""
        return self.duel.blind and self.earlier is None

    @property
    def sides(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The name and the reply of each side."""
        return ("left", self.duel.left_id), ("right", self.duel.right_id)

    @property
    def block(self) -> str:
        """The id of the block that holds it; a side's reply goes into `<block>-left` or `<block>-right`."""
        return f"duel-{self.duel.id}"


def skeleton(arena: Arena, replies: Sequence[StoredReply], words: Words) -> str:
    """The frame: a question, two columns, and the place of the verdict."""
    question = words.duel_blind if arena.blind else words.duel_again if arena.earlier else words.duel_open
    ranking = words.ranking_left.format(n=arena.left) if arena.left else ""
    told = ("", "") if arena.blind else names(replies, words)
    columns = "".join(
        f'<div class="side" role="group" data-side="{side}" aria-labelledby="{arena.block}-{side}-name">'
        f'<h2 id="{arena.block}-{side}-name">{plain(caption)}</h2>{_small(name)}'
        f'<div id="{arena.block}-{side}"></div></div>'
        for (side, _), caption, name in zip(arena.sides, (words.side_a, words.side_b), told, strict=True)
    )
    return (
        f'<p class="question">{plain(f"{ranking} {question}".strip())}</p><div class="sides">{columns}</div>'
        f'<div id="{arena.block}-verdict"></div>'
    )


def summary(reply: Reply, words: Words) -> str:
    """The line that the thought of a hidden side folds to: no times, no tokens, and no count of its moments."""
    if reply.closed and not reply.reasoning:
        return plain(words.no_thought)
    if reply.closed or reply.finish is not None:
        return plain(words.duel_thought)
    queued = reply.progress is not None and reply.progress.stage == "queued"
    line = words.duel_thinking if reply.reasoning else words.duel_queued if queued else words.waiting
    return f'<span class="live">{plain(line)}</span>'


def notes(reply: Reply, words: Words) -> str:
    """Why a side is not whole; nothing where it is."""
    if reply.finish is None or comparable(reply):
        return ""
    sentences = {
        "stopped": words.side_stopped,
        "length": words.side_cut,
        "interrupted": words.side_interrupted,
        "stop": words.side_empty,
    }
    return notice(sentences.get(reply.finish, words.side_failed))


def verdict(arena: Arena, replies: Sequence[Reply], words: Words) -> tuple[str, str]:
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
    buttons = "".join(_choice(number, *choice) for number, choice in enumerate(choices, 1))
    if arena.earlier:
        buttons += button("keep-choice", arena.duel.id, words.keep_choice, key="keep")
    said = arena.earlier.comment if arena.earlier else ""
    comment = (
        f'<details class="comment" data-key="comment"{" open" if said else ""}>'
        f"<summary>{plain(words.comment)}</summary>"
        f'<textarea rows="2" maxlength="{LONGEST_COMMENT}" data-key="comment-text" '
        f'aria-label="{plain(words.comment)}" placeholder="{plain(words.why)}">'
        f"{plain(said)}</textarea></details>"
    )
    side = {"left": words.side_a, "right": words.side_b}.get(arena.goes_on, "")
    after = (words.went_on if arena.went_on else words.goes_on).format(side=side) if side else ""
    hint = f'<p class="hint" role="status">{plain(" ".join(part for part in (why_not, after) if part))}</p>'
    return f"verdict {'ready' if grown else 'waiting'}", f'<div class="choices">{buttons}</div>{hint}{comment}'


def _choice(number: int, winner: Winner, caption: str, why_not: str) -> str:
    barred = f' aria-disabled="true" title="{plain(why_not)}"' if why_not else ""
    return (
        f'<button type="button" data-winner="{winner}" data-key="{winner}"{barred}>{plain(caption)}'
        f'<kbd aria-hidden="true">{number}</kbd></button>'
    )


# --- what was said ---------------------------------------------------------------------------------------------------


def names(replies: Sequence[StoredReply], words: Words) -> tuple[str, str]:
    """Who wrote each side, and with which settings: temperature always, of the rest what tells them apart."""
    one, other = (stored.provenance for stored in replies)
    differing = [
        field.name
        for field in fields(Params)
        if field.name not in _ALONE and getattr(one.params, field.name) != getattr(other.params, field.name)
    ]
    same = (one.backend, one.model, one.origin) == (other.backend, other.model, other.origin)
    seeds = same and not differing and one.params.temperature == other.params.temperature
    return _name(one, differing, seeds, words), _name(other, differing, seeds, words)


def _name(made: Provenance, differing: Sequence[str], seeds: bool, words: Words) -> str:
    if made.origin == "corrected":
        return words.own_words
    parts = [made.model, made.quantisation, words.at_temperature.format(n=made.params.temperature)]
    parts += [f"{name.replace('_', '-')} {getattr(made.params, name)}" for name in differing]
    if seeds:
        parts.append(words.with_seed.format(n=made.params.seed))
    return " · ".join(part for part in parts if part)


def result(
    said: Comparison, shown: str, replies: Sequence[StoredReply], order: Sequence[Sequence[int]], words: Words
) -> str:
    """Below the shown reply: what was said of it and another one, who wrote them, and the way to say otherwise.

    `order`: the positions of all replies, best first, equals together; empty where there is no ranking.
    """
    side: Winner = "left" if shown == replies[0].id else "right"
    captions = [
        words.side_at.format(
            side=caption, place=words.position.format(position=stored.position, siblings=stored.siblings)
        )
        for caption, stored in zip((words.side_a, words.side_b), replies, strict=True)
    ]
    other_name = captions[1] if side == "left" else captions[0]
    sentences = {"tie": words.chose_tie, "both_bad": words.chose_neither, "skipped": words.chose_nothing}
    sentence = sentences.get(said.winner, words.chose_this if said.winner == side else words.chose_other)
    reopen = button("reopen", said.duel.id, words.change_mind)
    parts = [f"<p>{plain(sentence.format(other=other_name))} {reopen}</p>"]
    if said.comment:
        parts.append(f'<p class="said">{plain(said.comment)}</p>')
    for caption, stored, name in zip(captions, replies, names(replies, words), strict=True):
        usage = stored.reply.usage
        counted = words.tokens(usage.reasoning_tokens + usage.answer_tokens)
        told = (f"{caption}: {name}", counted, speed(stored.reply.tokens_per_second, words, 1))
        parts.append(_small(" · ".join(part for part in told if part)))
    if order:
        places = " › ".join(" = ".join(map(str, group)) for group in order)
        parts.append(f"<p>{plain(words.your_ranking.format(order=places))}</p>")
    return f'<div class="compared">{"".join(parts)}</div>'


def _small(text: str) -> str:
    return f"<small>{plain(text)}</small>" if text else ""
