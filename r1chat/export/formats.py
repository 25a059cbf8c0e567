"""From one judgement to the rows that a trainer takes: one function a format, and what each is made from.

The formats are those of TRL's documentation (“Dataset formats and types”), and OpenAI's for preference tuning. A vote
between two replies never becomes two labels: both may be bad, and KTO would learn that the better one is good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from r1chat.export import refusals
from r1chat.export.cases import Case
from r1chat.export.metadata import Values, about, about_pair, about_reply, about_thumb
from r1chat.export.options import Format, Source, Thoughts
from r1chat.export.templates import Templates
from r1chat.export.texts import Text, Texts
from r1chat.judgements import Rating, Reference, StepLabel
from r1chat.reasoning_format import OFF
from r1chat.reflect import find_steps
from r1chat.steer import told_to_answer
from r1chat.store.dataset import DatasetView, JudgedReply, JudgedTurn
from r1chat.store.entries import Filter, JudgementKind


class TrainingRow(NamedTuple):
    """A row, and the replies that it was made from: the preferred one first."""

    values: Values
    replies: tuple[JudgedReply, ...]


class Refused(NamedTuple):
    """Why a judgement, or one of the replies that it brings, is no row here."""

    reason: refusals.Reason
    reply: JudgedReply | None = None


class _Pair(NamedTuple):
    """A decided case as text, and its replies: the preferred one first."""

    prompt: Text
    chosen: Text
    rejected: Text
    replies: tuple[JudgedReply, JudgedReply]


_Rows = Iterator[TrainingRow | Refused]


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """How a format is made. `default` of `sources` are taken where nothing was asked for; `kinds` are read for each.

    `evidence`: thumbs and corrections beside what was asked for are looked at. `alone`: kinds of which one side is
    taken, so that the other may be no whole reply.
    """

    form: Callable[[Case, Texts], _Rows]
    kinds: Mapping[Source, JudgementKind]
    default: frozenset[Source] = frozenset()
    fixed: frozenset[JudgementKind] = frozenset()  # where there is no choice of sources
    evidence: bool = False
    alone: frozenset[JudgementKind] = frozenset()
    thoughts: frozenset[Thoughts] = frozenset({"full", "answer-only", "rendered"})

    def make(self, case: Case, texts: Texts) -> _Rows:
        """The rows of a judgement, and why others are none."""
        reference = case.turn.reference
        counts = reference is not None and reference.id not in case.turn.excluded
        if reference is not None and counts and texts.clean(reference.text) != reference.text:
            yield Refused("redacted_answer")
            return
        if texts.spells_special_token(case.turn, case.sides):
            yield Refused("special_token")
            return
        yield from self.form(case, texts)

    def takes_alone(self, kind: JudgementKind, reason: str) -> bool:
        """Whether one side of a refused pair still makes a row."""
        return kind in self.alone and reason not in refusals.OF_EVERY_ROW


def _of_pairs(make: Callable[[Case, Texts, _Pair], Values]) -> Callable[[Case, Texts], _Rows]:
    """A form of decided cases whose sides are a pair."""

    def form(case: Case, texts: Texts) -> _Rows:
        pair = _pair(case, texts)
        if isinstance(pair, Refused):
            yield pair
        elif pair is not None:
            yield TrainingRow(make(case, texts, pair), pair.replies)

    return form


def _preference(case: Case, texts: Texts, pair: _Pair) -> Values:
    values = {"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected}
    return values | about_pair(case, texts, *pair.replies)


def _implicit(case: Case, texts: Texts, pair: _Pair) -> Values:
    whole = {"chosen": _joined(pair.prompt, pair.chosen), "rejected": _joined(pair.prompt, pair.rejected)}
    return whole | {"margin": _margin(case, *pair.replies)} | about_pair(case, texts, *pair.replies)


def _openai(_case: Case, _texts: Texts, pair: _Pair) -> Values:
    return {
        "input": {"messages": pair.prompt},
        "preferred_output": pair.chosen,
        "non_preferred_output": pair.rejected,
    }


def _llamafactory(_case: Case, _texts: Texts, pair: _Pair) -> Values:
    return {
        "conversations": _turns(pair.prompt),
        "chosen": _turns(pair.chosen)[-1],
        "rejected": _turns(pair.rejected)[-1],
    }


def _unpaired(case: Case, texts: Texts) -> _Rows:
    if isinstance(case.judgement, Rating):
        if case.judgement.part == "answer":
            reason = _cut_thought(texts, case.sides[0])
            good = case.judgement.thumb == "up"
            yield Refused(reason) if reason else _labelled(case, texts, case.sides[0], good)
        return
    for reply in case.sides:
        right = case.turn.accuracy(reply)
        if right is not None:
            reason = refusals.of_reply(reply) or _cut_thought(texts, reply)
            if not reason and right:
                reason = _taken_back(case.turn, reply)
            if not reason and not right and reply.origin == "corrected":  # a person's words are no model's mistake
                reason = "verified_wrong"
            yield Refused(reason, reply) if reason else _labelled(case, texts, reply, right)


def _sft(case: Case, texts: Texts) -> _Rows:
    taught: tuple[JudgedReply, ...] = (case.liked,) if case.liked else ()
    if isinstance(case.judgement, Reference):
        taught = tuple(reply for reply in case.sides if case.turn.accuracy(reply))
    for reply in taught:
        if reason := refusals.of_reply(reply) or _cut_thought(texts, reply) or _taken_back(case.turn, reply):
            yield Refused(reason, reply)
            continue
        prompt = texts.prompt(case.turn, reply)
        values = {"prompt": prompt, "completion": texts.completion(reply, prompt)}
        yield TrainingRow(values | about(case, texts) | about_reply(case, texts, reply), (reply,))


def _cut_thought(texts: Texts, *replies: JudgedReply) -> refusals.Reason | None:
    """Whether a thought that is exported has an end that its model did not write."""
    if texts.thoughts == "answer-only":
        return None
    for reply in replies:
        if reply.closed_by or told_to_answer(reply.reasoning):
            return "cut_thought"
        if reply.skipped and texts.thoughts == "full":  # rendered, its empty thought is a part of the prompt
            return "cut_thought"
    return None


def _taken_back(turn: JudgedTurn, reply: JudgedReply) -> refusals.Reason | None:
    """Why a complete reply is no example: somebody corrected it, or gave its answer a thumb down."""
    return "corrected" if reply.id in turn.corrected else "thumbs_down" if reply.id in turn.disliked else None


def _grpo(case: Case, texts: Texts) -> _Rows:
    assert isinstance(case.judgement, Reference)
    if not case.sides:
        yield Refused("no_reply")
        return
    if any(side.incomplete_prompt for side in case.sides):  # without it the answer may not be the right one
        yield Refused("incomplete_prompt")
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
        "final_answer_correct": case.turn.accuracy(reply) is True,
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
    "preference": FormatSpec(_of_pairs(_preference), _PAIRS, _BOTH),
    "preference-implicit": FormatSpec(_of_pairs(_implicit), _PAIRS, _BOTH, evidence=True),
    "unpaired": FormatSpec(_unpaired, _SINGLE, frozenset({"thumbs"}), evidence=True),
    "sft": FormatSpec(
        _sft,
        {**_PAIRS, **_SINGLE},
        frozenset({"comparison", "correction", "verified"}),
        evidence=True,
        alone=frozenset({"correction"}),
    ),
    "grpo": FormatSpec(_grpo, {}, fixed=frozenset({"reference"})),
    "stepwise": FormatSpec(_stepwise, {}, fixed=frozenset({"step"}), thoughts=frozenset({"full", "rendered"})),
    "processbench": FormatSpec(_processbench, {}, fixed=frozenset({"step"}), thoughts=frozenset({"full"})),
    "llamafactory": FormatSpec(_of_pairs(_llamafactory), _PAIRS, _BOTH, thoughts=frozenset({"full", "answer-only"})),
    "openai": FormatSpec(_of_pairs(_openai), _PAIRS, _BOTH, thoughts=frozenset({"full", "answer-only"})),
}


def suitable_thoughts(form: FormatSpec, snapshot: DatasetView, selection: Filter, templates: Templates) -> Thoughts:
    """Rendered text where all models are prompted as R1 is, since R1's template drops the thoughts of messages."""
    if "rendered" not in form.thoughts:
        return "full"
    if all(map(templates.like_r1, snapshot.all_models())):  # quick to find out, and most often so
        return "rendered"
    return "rendered" if all(map(templates.like_r1, snapshot.models(selection))) else "full"


# --- pairs -----------------------------------------------------------------------------------------------------------


_PROMPTED_BY = attrgetter("system", "system_role", "seen_from", "keep_thoughts", "thinking_choice", "budget", "skipped")


def _pair(case: Case, texts: Texts) -> _Pair | Refused | None:
    """The sides of a case as text, or why no prompt fits both or they are the same; None where nobody won."""
    winner, loser = case.winner, case.loser
    if winner is None or loser is None:
        return None
    if reason := _cut_thought(texts, winner, loser):
        return Refused(reason)
    prompt, by = texts.prompt(case.turn, winner), winner.model_key
    if _PROMPTED_BY(winner) != _PROMPTED_BY(loser):
        as_winner = loser._replace(backend=winner.backend, model=winner.model, created_at=winner.created_at)
        if texts.prompt(case.turn, as_winner) != prompt:
            return Refused("other_prompt")
    chosen, rejected = texts.completion(winner, prompt, by), texts.completion(loser, prompt, by)
    if _stripped(chosen) == _stripped(rejected):  # without thoughts, or with personal data replaced
        return Refused("identical")
    return _Pair(prompt, chosen, rejected, (winner, loser))


def _stripped(completion: Text) -> str:
    return (completion if isinstance(completion, str) else str(completion[-1]["content"])).strip()


def _turns(messages: Text) -> list[dict[str, str]]:
    """Messages as ShareGPT's form has them."""
    assert not isinstance(messages, str)
    return [{"from": _SHAREGPT_ROLES[message["role"]], "value": message["content"]} for message in messages]


def _labelled(case: Case, texts: Texts, reply: JudgedReply, label: bool) -> TrainingRow:
    prompt = texts.prompt(case.turn, reply)
    values = {"prompt": prompt, "completion": texts.completion(reply, prompt), "label": label}
    return TrainingRow(values | about(case, texts) | about_reply(case, texts, reply) | about_thumb(case), (reply,))


def _joined(prompt: Text, completion: Text) -> Text:
    if isinstance(prompt, str) and isinstance(completion, str):
        return prompt + completion
    return [*prompt, *completion]


def _margin(case: Case, chosen: JudgedReply, rejected: JudgedReply) -> float:
    """By how much the same rater's mean mark of the chosen reply is the higher one, 0 to 4; 0 without marks."""
    marks = {
        reply.id: rating.aspects.mean
        for reply in (chosen, rejected)
        for rating in case.turn.by_rater.get((reply.id, case.rater), ())
        if rating.part == "answer"
    }
    chosen_mark, rejected_mark = marks.get(chosen.id), marks.get(rejected.id)
    return max(0.0, chosen_mark - rejected_mark) if chosen_mark is not None and rejected_mark is not None else 0.0
