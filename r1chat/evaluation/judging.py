"""Whether a sample is right; and a run that other rules judged is judged anew, since their figures do not compare."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from r1chat.both import Both
from r1chat.conversations import StoredReply
from r1chat.errors import EvaluationError, ExportError, NotFoundError
from r1chat.evaluation.measures import Solved
from r1chat.evaluation.record import DATABASE, DONE, SPECIFICATION, read_solved, read_specification
from r1chat.evaluation.running import held
from r1chat.evaluation.samples import store_of
from r1chat.files import replacing
from r1chat.rewards import RightAnswer, accuracy
from r1chat.rewards.programs import Requirements, passes
from r1chat.rewards.rules import rules
from r1chat.store import Store
from r1chat.votes import majority


def is_right(stored: StoredReply, right: RightAnswer | Requirements) -> bool | None:
    """Whether a reply is right; one that did not end is not. None: undecided."""
    if stored.reply.finish != "stop":
        return False
    if isinstance(right, RightAnswer):
        value = accuracy(stored.reply.answer, right).value
    else:
        value = passes(stored.reply.answer, right).value
    return None if value is None else value == 1.0


def renew(folder: Path) -> bool:
    """Judge a run by the rules of today, where it is not; whether it was not. Nobody may work on it meanwhile.

    Raises EvaluationError where somebody does, where it has no samples any more or cannot be written; StoreError,
    CheckError.
    """
    if is_of_today(folder):
        return False
    if read_solved(folder) and not (folder / DATABASE).exists():
        raise EvaluationError(_NO_SAMPLES.format(name=folder.name))
    try:
        with held(folder):
            judge_anew(folder)
    except (OSError, ExportError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise EvaluationError(_NOT_WRITTEN.format(name=folder.name, reason=reason)) from None
    return True


def is_of_today(folder: Path) -> bool:
    """Whether the rules of today judged a run. Raises EvaluationError where it cannot be read."""
    return bool(read_specification(folder).get("rules") == rules())


def judge_anew(folder: Path) -> None:
    """The same for whoever holds the run. What programs' tests said stays: they are run by those who allow it."""
    specification = read_specification(folder)
    if specification.get("rules") == rules():
        return
    if solved := read_solved(folder):
        with closing(store_of(folder)) as store:
            lines = [json.dumps(asdict(_judged(store, outcome))) for outcome in solved]
        with replacing(folder / DONE, follow=False) as stream:
            stream.write("".join(f"{line}\n" for line in lines).encode())
    with replacing(folder / SPECIFICATION, follow=False) as stream:
        stream.write(json.dumps({**specification, "rules": rules()}, ensure_ascii=False, indent=2).encode())


def _judged(store: Store, outcome: Solved) -> Solved:
    """A problem with today's verdicts; as it is where its right answer or a reply is not in the database any more."""
    try:
        reference = store.judgements.reference(outcome.turn)
        replies = [store.reply(sample.reply) for sample in outcome.samples]
    except NotFoundError:
        return outcome
    if reference is None or reference.kind == "tests":
        return outcome
    right = RightAnswer(reference.text, reference.kind)
    chosen = majority(replies)
    samples = (
        replace(sample, correct=is_right(stored, right))
        for sample, stored in zip(outcome.samples, replies, strict=True)
    )
    return replace(outcome, samples=tuple(samples), majority=is_right(chosen, right) if chosen else False)


_NO_SAMPLES = Both(
    "The run {name} was judged by the rules of another version, and its database with the samples is not there, so its "
    "figures cannot be compared with others.",
    "运行 {name} 由其他版本的规则判分，而保存样本的数据库已不在，因此其数值无法与其他运行比较。",
)
_NOT_WRITTEN = Both(
    "The run {name} was judged by the rules of another version, and cannot be judged anew: its folder cannot be "
    "written ({reason}).",
    "运行 {name} 由其他版本的规则判分，且无法重新判分：其文件夹不可写（{reason}）。",
)
