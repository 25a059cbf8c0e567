"""A vote as a person sees it: the samples while they come, then a bar for each answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup

from r1chat import votes
from r1chat.conversations import StoredReply
from r1chat.judgements import Judged
from r1chat.messages import Reply
from r1chat.ui.html.icons import sign
from r1chat.ui.html.parts import concat, joined, markdown, named_button
from r1chat.ui.judge import reference
from r1chat.ui.words.page import Words


def progress(replies: Sequence[Reply], words: Words) -> Markup:
    """How far each sample is."""
    done = sum(reply.finish is not None for reply in replies)
    rows = [Markup('<p role="status">{}</p>').format(words.vote_running.format(done=done, n=len(replies)))]
    for number, reply in enumerate(replies, 1):
        tokens = words.tokens(reply.usage.reasoning_tokens + reply.usage.answer_tokens)
        picture, state = _state(reply, words)
        line = joined(words.vote_sample.format(n=number), state, tokens)
        rows.append(Markup("<div>{}{}</div>").format(picture, line))
    return _vote(rows)


def _vote(rows: Sequence[Markup]) -> Markup:
    return Markup('<div class="vote">{}</div>').format(concat(rows))


def _state(reply: Reply, words: Words) -> tuple[Markup, str]:
    if reply.finish is not None:
        return (sign("check"), words.sample_done) if reply.finish == "stop" else (sign("x"), words.sample_unfinished)
    if reply.answer:
        return sign("ellipsis"), words.answering
    return sign("ellipsis"), words.thinking if reply.reasoning else words.waiting


def panel(samples: Sequence[StoredReply], current_id: str, judged: Judged, words: Words) -> Markup:
    """A bar for each answer, as long as its share; a button for each sample opens it, and says whether it is right."""
    groups = _groups(samples)
    rows = [Markup("<p><b>{}</b></p>").format(words.vote_of.format(n=len(samples)))]
    voted: set[int] = set()
    for place, group in enumerate(groups):
        voted.update(group.members)
        buttons = _buttons(samples, group.members, current_id, judged, words)
        if group.undecided:
            buttons = Markup('<span class="mark open">{}{}</span>{}').format(
                sign("circle-question-mark"), words.vote_undecided, buttons
            )
        rows.append(
            Markup(
                '<div class="group{}"><span class="says">{}</span>'
                '<span class="share"><i style="width:{:.0f}%"></i></span><span>{}/{}</span>{}</div>'
            ).format(
                "" if place else " wins",
                markdown(_formula(group.answer)),
                100 * len(group.members) / len(samples),
                len(group.members),
                len(samples),
                buttons,
            )
        )
    silent = tuple(index for index in range(len(samples)) if index not in voted)
    if not groups:
        rows.append(Markup("<p>{}</p>").format(words.vote_none))
    if silent:
        buttons = _buttons(samples, silent, current_id, judged, words)
        rows.append(Markup('<div class="group">{}{}</div>').format(words.vote_without.format(n=len(silent)), buttons))
    return _vote(rows)


def _groups(samples: Sequence[StoredReply]) -> list[votes.AnswerGroup]:
    return _grouped(tuple(votes.voice(sample.reply) for sample in samples))


@lru_cache(64)
def _grouped(answers: tuple[str, ...]) -> list[votes.AnswerGroup]:
    """To compare formulas takes time, and a page asks for the same vote at every change."""
    return votes.group(answers)


def _formula(answer: str) -> str:
    return f"${answer}$" if "\\" in answer and "$" not in answer else answer


def _buttons(
    samples: Sequence[StoredReply], members: Sequence[int], current_id: str, judged: Judged, words: Words
) -> Markup:
    buttons = []
    for index in members:
        sample = samples[index]
        picture, verdict = reference.verdict(sample.id, judged, words)
        label = joined(words.vote_sample.format(n=index + 1), verdict)
        current = "true" if sample.id == current_id else None
        caption = Markup("{}{}").format(index + 1, picture)
        buttons.append(named_button("reply", sample.id, caption, label, data_text=0, aria_current=current))
    name = words.vote_samples if len(members) > 1 else words.vote_sample.format(n="").strip()
    return Markup('<span class="samples"><span>{}</span>{}</span>').format(name, concat(buttons))
