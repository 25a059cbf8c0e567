"""A vote as a person sees it: the samples while they come, then a bar for each answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from r1chat import votes
from r1chat.judgements import Judged
from r1chat.messages import Reply, StoredReply
from r1chat.ui.html.markdown import plain, to_html
from r1chat.ui.judge import reference
from r1chat.ui.words.page import Words


def progress(replies: Sequence[Reply], words: Words) -> str:
    """How far each sample is."""
    done = sum(reply.finish is not None for reply in replies)
    rows = [f'<p role="status">{plain(words.vote_running.format(done=done, n=len(replies)))}</p>']
    for number, reply in enumerate(replies, 1):
        tokens = words.tokens(reply.usage.reasoning_tokens + reply.usage.answer_tokens)
        glyph, state = _state(reply, words)
        told = " · ".join((words.vote_sample.format(n=number), state, tokens))
        rows.append(f"<div>{glyph} {plain(told)}</div>")
    return f'<div class="vote">{"".join(rows)}</div>'


def _state(reply: Reply, words: Words) -> tuple[str, str]:
    if reply.finish is not None:
        return ("✓", words.sample_done) if reply.finish == "stop" else ("✕", words.sample_unfinished)
    if reply.answer:
        return "…", words.answering
    return "…", words.thinking if reply.reasoning else words.waiting


def panel(samples: Sequence[StoredReply], shown: str, judged: Judged, words: Words) -> str:
    """A bar for each answer, as long as its share; a button for each sample opens it, and says whether it is right."""
    groups = _groups(samples)
    rows = [f"<p><b>{plain(words.vote_of.format(n=len(samples)))}</b></p>"]
    voted: set[int] = set()
    for group in groups:
        share = 100 * len(group.members) / len(samples)
        voted.update(group.members)
        buttons = _buttons(samples, group.members, shown, judged, words)
        if group.undecided:
            buttons = f'<span class="mark open">? {plain(words.vote_undecided)}</span>{buttons}'
        rows.append(
            f'<div class="group"><span class="says">{to_html(_formula(group.answer))}</span>'
            f'<span class="share"><i style="width:{share:.0f}%"></i></span>'
            f"<span>{len(group.members)}/{len(samples)}</span>{buttons}</div>"
        )
    silent = tuple(index for index in range(len(samples)) if index not in voted)
    if not groups:
        rows.append(f"<p>{plain(words.vote_none)}</p>")
    if silent:
        told = words.vote_without.format(n=len(silent))
        rows.append(f'<div class="group">{plain(told)}{_buttons(samples, silent, shown, judged, words)}</div>')
    return f'<div class="vote">{"".join(rows)}</div>'


def _groups(samples: Sequence[StoredReply]) -> list[votes.Group]:
    return _grouped(tuple(votes.voice(sample.reply) for sample in samples))


@lru_cache(64)
def _grouped(answers: tuple[str, ...]) -> list[votes.Group]:
    """To compare formulas takes time, and a page asks for the same vote at every change."""
    return votes.group(answers)


def _formula(answer: str) -> str:
    return f"${answer}$" if "\\" in answer and "$" not in answer else answer


def _buttons(samples: Sequence[StoredReply], members: Sequence[int], shown: str, judged: Judged, words: Words) -> str:
    made = []
    for index in members:
        current = ' aria-current="true"' if samples[index].id == shown else ""
        glyph, verdict = reference.verdict(samples[index].id, judged, words)
        label = " · ".join(filter(None, (words.vote_sample.format(n=index + 1), verdict)))
        made.append(
            f'<button type="button" data-verb="reply" data-id="{samples[index].id}" data-text="0"{current} '
            f'aria-label="{plain(label)}" title="{plain(label)}">{index + 1} {glyph}</button>'
        )
    return f'<span class="samples">{"".join(made)}</span>'
