"""A pair of the blind queue as HTML: the question, both replies without names, and the keys that choose. Pure."""

from __future__ import annotations

from markupsafe import Markup

from r1chat.judgements import Winner
from r1chat.learn.blind import Pair
from r1chat.learn.children import Liked
from r1chat.messages import Reply
from r1chat.teach import comparable
from r1chat.ui.compare.comparison import notes
from r1chat.ui.html.parts import EMPTY, attributes, concat
from r1chat.ui.words.learn import LearnWords
from r1chat.ui.words.page import Words


def card(name: str, pair: Pair | None, liked: Liked, w: LearnWords, words: Words) -> Markup:
    """The pair that waits, or what the comparisons say where they suffice. `name`: the child."""
    so_far = liked.verdict.pick(w.lang)
    if pair is None:
        return Markup('<p class="done" role="status">{} {}</p>').format(w.blind_done, so_far)
    replies = pair.left.reply, pair.right.reply
    same = pair.ready and replies[0].answer == replies[1].answer
    sides = concat(
        _side(caption, reply, same, words) if pair.ready else _writing(caption, words)
        for caption, reply in zip((words.side_a, words.side_b), replies, strict=True)
    )
    return Markup(
        '<article data-child="{name}" data-sides="{sides_id}"{waits}><p class="prompt">{question}</p>'
        '<div class="sides">{sides}</div></article><div class="choices">{choices}</div>'
        '<p class="hint" role="status">{so_far}</p>'
    ).format(
        name=name,
        sides_id=pair.sides.id,
        waits=attributes(data_waits=not pair.ready),
        question=pair.question,
        sides=sides,
        choices=_choices(pair, words),
        so_far=so_far,
    )


def _side(caption: str, reply: Reply, same: bool, words: Words) -> Markup:
    """A reply; its thought is unfolded where the answers do not differ."""
    thought = EMPTY
    if reply.reasoning:
        thought = Markup("<details{}><summary>{}</summary><p>{}</p></details>").format(
            attributes(open=same), words.side_thought, reply.reasoning
        )
    return Markup("<section><h3>{}</h3>{}{}<p>{}</p></section>").format(
        caption, notes(reply, words), thought, reply.answer
    )


def _writing(caption: str, words: Words) -> Markup:
    return Markup('<section><h3>{}</h3><p class="writing">{}</p></section>').format(caption, words.wait_for_both)


def _choices(pair: Pair, words: Words) -> Markup:
    """The same keys as in the chat."""
    whole = pair.ready and comparable(pair.left.reply) and comparable(pair.right.reply)
    choices: tuple[tuple[Winner, str, bool], ...] = (
        ("left", words.a_better, whole),
        ("right", words.b_better, whole),
        ("tie", words.as_good, whole),
        ("both_bad", words.both_bad, pair.ready),
        ("skipped", words.dont_compare, pair.ready),
    )
    return concat(
        Markup('<button type="button"{}>{} <kbd>{}</kbd></button>').format(
            attributes(data_winner=winner, aria_keyshortcuts=str(number), disabled=not possible), caption, number
        )
        for number, (winner, caption, possible) in enumerate(choices, 1)
    )
