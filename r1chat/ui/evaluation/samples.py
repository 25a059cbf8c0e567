"""The samples of a run as HTML: each problem with its question, the right answer, and what the model wrote. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import urlencode

from markupsafe import Markup

from r1chat.evaluation.listing import StoredRun
from r1chat.evaluation.measures import Sample
from r1chat.evaluation.samples import ProblemConversation
from r1chat.messages import Reply
from r1chat.ui.html.icons import sign
from r1chat.ui.html.parts import EMPTY, attributes, concat
from r1chat.ui.words.evaluation import EvaluationWords

AT_ONCE = 20  # problems
_LONGEST = 20_000  # characters of a thought, or of an answer, that the list shows


def folded(runs: Sequence[StoredRun], w: EvaluationWords) -> Markup:
    """The samples of each run, to be fetched when they are unfolded."""
    return concat(
        Markup(
            '<details class="run samples" data-name="{name}"><summary>{title}</summary>'
            '<label class="check"><input type="checkbox" name="wrong"><span>{only_wrong}</span></label>'
            '<ol class="problems" aria-live="polite"></ol></details>'
        ).format(name=run.name, title=w.samples.format(name=run.name), only_wrong=w.only_wrong)
        for run in runs
        if run.done
    )


def problems(
    run: str,
    batch: Sequence[ProblemConversation],
    conversations: Collection[str],
    following: int | None,
    w: EvaluationWords,
) -> Markup:
    """Some problems. `conversations`: those that the chat has; `following`: the number of the next one, or None."""
    rows = concat(_problem(run, problem, problem.conversation in conversations, w) for problem in batch)
    if following is not None:
        more = attributes(data_verb="more", data_start=following)
        rows += Markup('<li class="more"><button type="button"{}>{}</button></li>').format(more, w.more)
    return rows or Markup("<li>{}</li>").format(w.no_samples)


def link(conversation: str, w: EvaluationWords) -> Markup:
    """A link to a conversation of the chat."""
    return Markup('<a class="chat" href="../?{}">{}</a>').format(urlencode({"c": conversation}), w.open_conversation)


def _problem(run: str, problem: ProblemConversation, in_chat: bool, w: EvaluationWords) -> Markup:
    reference = EMPTY
    if problem.reference is not None and problem.reference.text:
        reference = Markup('<p class="reference">{}</p>').format(
            w.right_answer.format(text=problem.reference.text[:400])
        )
    marks = attributes(data_verb="keep", data_id=run, data_text=problem.conversation)
    conversation = (
        link(problem.conversation, w)
        if in_chat
        else Markup('<button type="button"{}>{}</button>').format(marks, w.keep)
    )
    samples = concat(
        _sample(number, sample, problem.replies.get(sample.reply), w)
        for number, sample in enumerate(problem.solved.samples, 1)
    )
    return Markup('<li><p class="prompt">{}</p>{}<div class="said">{}</div><div class="buttons">{}</div></li>').format(
        problem.question[:_LONGEST], reference, samples, conversation
    )


def _sample(number: int, sample: Sample, reply: Reply | None, w: EvaluationWords) -> Markup:
    kind, verdict = {True: ("right", w.right), False: ("wrong", w.wrong), None: ("open", w.open)}[sample.correct]
    mark = sign({"right": "check", "wrong": "x", "open": "circle-question-mark"}[kind])
    text = EMPTY
    if reply is not None:
        thought = EMPTY
        if reply.reasoning:
            thought = Markup("<details><summary>{}</summary><p>{}</p></details>").format(
                w.thought, reply.reasoning[:_LONGEST]
            )
        text = thought + Markup("<p>{}</p>").format(reply.answer[:_LONGEST] or w.no_answer)
    return Markup('<details><summary><span class="{}">{}{}</span></summary>{}</details>').format(
        kind, mark, w.sample.format(n=number, verdict=verdict), text
    )
