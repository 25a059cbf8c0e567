"""From one judgement to the rows that a trainer takes: one function a format, and what each is made from.

The formats are those of TRL's documentation (“Dataset formats and types”), and OpenAI's for preference tuning. A vote
between two replies never becomes two labels: both may be bad, and KTO would learn that the better one is good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from r1chat.export import refusals
from r1chat.export.cases import Case
from r1chat.export.metadata import Values, about, about_pair, about_reply, about_thumb, accuracy
from r1chat.export.options import Format, Source, Thoughts
from r1chat.export.texts import Text, Texts
from r1chat.judgements import Rating, Reference, StepLabel
from r1chat.reasoning_format import OFF, ON
from r1chat.reflect import find_steps
from r1chat.store.dataset import JudgedReply
from r1chat.store.entries import JudgementKind


class TrainingRow(NamedTuple):
    """A row, and the replies that it was made from: the preferred one first."""

    values: Values
    replies: tuple[JudgedReply, ...]


class Refused(NamedTuple):
    """Why a judgement, or one of the replies that it brings, is no row here."""

    reason: refusals.Reason
    reply: JudgedReply | None = None


_Rows = Iterator[TrainingRow | Refused]


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """How a format is made. `default` of `sources` are taken where nothing was asked for; `kinds` are read for each.

    `also`: kinds that are only looked at. `alone`: kinds of which one side is taken, so that the other may be no whole
    reply.
    """

    form: Callable[[Case, Texts], _Rows]
    kinds: Mapping[Source, JudgementKind]
    default: frozenset[Source] = frozenset()
    fixed: frozenset[JudgementKind] = frozenset()  # where there is no choice of sources
    also: frozenset[JudgementKind] = frozenset()
    alone: frozenset[JudgementKind] = frozenset()
    thoughts: frozenset[Thoughts] = frozenset({"full", "answer-only", "rendered"})

    def make(self, case: Case, texts: Texts) -> _Rows:
        """The rows of a judgement, and why others are none."""
        reference = case.turn.reference
        if reference is not None and texts.clean(reference.text) != reference.text:
            yield Refused("redacted_answer")
            return
        if texts.spells_special_token(case.turn, case.sides):
            yield Refused("special_token")
            return
        yield from self.form(case, texts)

    def takes_alone(self, kind: JudgementKind, reason: str) -> bool:
        """Whether one side of a refused pair still makes a row."""
        return kind in self.alone and reason not in refusals.OF_EVERY_ROW


def _preference(case: Case, texts: Texts) -> _Rows:
    for prompt, chosen, rejected, pair in _pair(case, texts):
        yield TrainingRow(
            {"prompt": prompt, "chosen": chosen, "rejected": rejected} | about_pair(case, texts, *pair), pair
        )
    yield from _refused_pair(case, texts)


def _implicit(case: Case, texts: Texts) -> _Rows:
    for prompt, chosen, rejected, pair in _pair(case, texts):
        whole = {"chosen": _joined(prompt, chosen), "rejected": _joined(prompt, rejected)}
        yield TrainingRow(whole | {"margin": _margin(case, *pair)} | about_pair(case, texts, *pair), pair)
    yield from _refused_pair(case, texts)


def _openai(case: Case, texts: Texts) -> _Rows:
    for prompt, chosen, rejected, pair in _pair(case, texts):
        values = {"input": {"messages": prompt}, "preferred_output": chosen, "non_preferred_output": rejected}
        yield TrainingRow(values, pair)
    yield from _refused_pair(case, texts)


def _llamafactory(case: Case, texts: Texts) -> _Rows:
    for prompt, chosen, rejected, pair in _pair(case, texts):
        values = {"conversations": _turns(prompt), "chosen": _turns(chosen)[-1], "rejected": _turns(rejected)[-1]}
        yield TrainingRow(values, pair)
    yield from _refused_pair(case, texts)


def _unpaired(case: Case, texts: Texts) -> _Rows:
    if isinstance(case.judgement, Rating):
        if case.judgement.part == "answer":
            yield _labelled(case, texts, case.sides[0], case.judgement.thumb == "up")
        return
    for reply in case.sides:
        right = accuracy(case.turn, reply)
        if right is not None:
            reason = refusals.of_reply(reply)
            yield Refused(reason, reply) if reason else _labelled(case, texts, reply, right)


def _sft(case: Case, texts: Texts) -> _Rows:
    taught: tuple[JudgedReply, ...] = case.sides
    if case.kind in ("comparison", "correction"):
        taught = (case.winner,) if case.winner else ()
    elif isinstance(case.judgement, Rating):
        taught = case.sides if (case.judgement.part, case.judgement.thumb) == ("answer", "up") else ()
    elif isinstance(case.judgement, Reference):
        taught = tuple(reply for reply in case.sides if accuracy(case.turn, reply))
    for reply in taught:
        reason = refusals.of_reply(reply)
        if reason is None and accuracy(case.turn, reply) is False:
            reason = "verified_wrong"
        if reason:
            yield Refused(reason, reply)
            continue
        prompt = texts.prompt(case.turn, reply)
        values = {"prompt": prompt, "completion": texts.completion(reply, prompt)}
        yield TrainingRow(values | about(case, texts) | about_reply(case, texts, reply), (reply,))


def _grpo(case: Case, texts: Texts) -> _Rows:
    assert isinstance(case.judgement, Reference)
    if not case.sides:
        yield Refused("no_reply")
        return
    reply = next((side for side in case.sides if side.thinking_choice != OFF), case.sides[0])
    values = {
        "prompt": texts.prompt(case.turn, reply),
        "solution": texts.clean(case.judgement.text),
        "solution_kind": case.judgement.kind,
    }
    yield TrainingRow(values | about(case, texts) | {"model": texts.clean(reply.model)}, ())


def _stepwise(case: Case, texts: Texts) -> _Rows:
    assert isinstance(case.judgement, StepLabel)
    reply, label = case.sides[0], case.judgement
    steps, wrong = _steps(reply.reasoning, label)
    if wrong is not None:
        steps = steps[: wrong + 1]
    if not all(steps) or not steps:
        yield Refused("no_thought", reply)
        return
    values = {
        "prompt": texts.question(case.turn, reply),
        "completions": [texts.clean(step) for step in steps],
        "labels": [number != wrong for number in range(len(steps))],
    }
    yield TrainingRow(values | about(case, texts) | about_reply(case, texts, reply), (reply,))


def _processbench(case: Case, texts: Texts) -> _Rows:
    assert isinstance(case.judgement, StepLabel)
    reply = case.sides[0]
    steps, wrong = _steps(reply.reasoning, case.judgement)
    if not all(steps) or not steps:
        yield Refused("no_thought", reply)
        return
    values = {
        "generator": texts.clean(reply.model),
        "problem": texts.question(case.turn, reply),
        "steps": [texts.clean(step) for step in steps],
        "final_answer_correct": accuracy(case.turn, reply) is True,
        "label": -1 if wrong is None else wrong,
    }
    yield TrainingRow(values | about(case, texts) | about_reply(case, texts, reply), (reply,))


def _steps(thought: str, label: StepLabel) -> tuple[list[str], int | None]:
    """The steps of a thought, and which of them is the first wrong one: None where none is.

    What was marked is a paragraph, which may be a part of a step: the step is cut before and behind it.
    """
    spans = [(step.start, step.end) for step in find_steps(thought)]
    wrong = None
    if label.verdict == "first_wrong":
        before = [(start, min(end, label.start)) for start, end in spans if start < label.start]
        behind = [(max(start, label.end), end) for start, end in spans if end > label.end]
        behind = [(start, end) for start, end in behind if thought[start:end].strip()]
        spans, wrong = [*before, (label.start, label.end), *behind], len(before)
    return [thought[start:end].strip() for start, end in spans], wrong


_SHAREGPT_ROLES = {"user": "human", "assistant": "gpt", "system": "system"}
_PAIRS: Mapping[Source, JudgementKind] = {"comparison": "comparison", "correction": "correction"}
_SINGLE: Mapping[Source, JudgementKind] = {"thumbs": "rating", "verified": "reference"}
_BOTH: frozenset[Source] = frozenset(_PAIRS)

FORMS: Mapping[Format, FormatSpec] = {
    "preference": FormatSpec(_preference, _PAIRS, _BOTH),
    "preference-implicit": FormatSpec(_implicit, _PAIRS, _BOTH, also=frozenset({"rating"})),
    "unpaired": FormatSpec(_unpaired, _SINGLE, frozenset({"thumbs"})),
    "sft": FormatSpec(
        _sft,
        {**_PAIRS, **_SINGLE},
        frozenset({"comparison", "correction", "verified"}),
        alone=frozenset({"correction"}),
    ),
    "grpo": FormatSpec(_grpo, {}, fixed=frozenset({"reference"})),
    "stepwise": FormatSpec(_stepwise, {}, fixed=frozenset({"step"}), thoughts=frozenset({"full", "rendered"})),
    "processbench": FormatSpec(_processbench, {}, fixed=frozenset({"step"}), thoughts=frozenset({"full"})),
    "llamafactory": FormatSpec(_llamafactory, _PAIRS, _BOTH, thoughts=frozenset({"full", "answer-only"})),
    "openai": FormatSpec(_openai, _PAIRS, _BOTH, thoughts=frozenset({"full", "answer-only"})),
}


# --- pairs -----------------------------------------------------------------------------------------------------------

_Pair = tuple[JudgedReply, JudgedReply]


def _pair(case: Case, texts: Texts) -> Iterator[tuple[Text, Text, Text, _Pair]]:
    """Prompt, chosen and rejected of a decided case, where it is a pair."""
    winner, loser = case.winner, case.loser
    if winner is None or loser is None or _no_pair(case, texts):
        return
    prompt, by = texts.prompt(case.turn, winner), winner.model_key
    yield prompt, texts.completion(winner, prompt, by), texts.completion(loser, prompt, by), (winner, loser)


def _turns(messages: Text) -> list[dict[str, str]]:
    """Messages as ShareGPT's form has them."""
    assert not isinstance(messages, str)
    return [{"from": _SHAREGPT_ROLES[message["role"]], "value": message["content"]} for message in messages]


def _labelled(case: Case, texts: Texts, reply: JudgedReply, label: bool) -> TrainingRow:
    prompt = texts.prompt(case.turn, reply)
    values = {"prompt": prompt, "completion": texts.completion(reply, prompt), "label": label}
    return TrainingRow(values | about(case, texts) | about_reply(case, texts, reply) | about_thumb(case), (reply,))


def _refused_pair(case: Case, texts: Texts) -> Iterator[Refused]:
    if reason := _no_pair(case, texts):
        yield Refused(reason)


def _no_pair(case: Case, texts: Texts) -> refusals.Reason | None:
    """Why the sides of a decided case are no pair in what is exported of them; None where they are."""
    if case.winner is None:
        return None
    first, second = case.sides
    thinking = ["" if reply.thinking_choice == ON else reply.thinking_choice for reply in case.sides]  # its own way
    if first.system != second.system or (texts.thoughts == "rendered" and thinking[0] != thinking[1]):
        return "other_prompt"
    same = texts.thoughts == "answer-only" and first.answer.strip() == second.answer.strip()
    return "identical" if same else None


def _joined(prompt: Text, completion: Text) -> Text:
    if isinstance(prompt, str) and isinstance(completion, str):
        return prompt + completion
    return [*prompt, *completion]


def _margin(case: Case, chosen: JudgedReply, rejected: JudgedReply) -> float:
    """By how much the same rater's mean mark of the chosen reply is the higher one, 0 to 4; 0 without marks."""
    marks = {
        rating.reply_id: rating.aspects.mean
        for rating in case.turn.ratings
        if rating.part == "answer" and rating.rater == case.rater
    }
    chosen_mark, rejected_mark = marks.get(chosen.id), marks.get(rejected.id)
    return max(0.0, chosen_mark - rejected_mark) if chosen_mark is not None and rejected_mark is not None else 0.0
