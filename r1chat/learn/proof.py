"""Parent and child on prompts that were set apart: what rose, what it cost, and answers to look at.

Both write their replies in llama.cpp over the same quantised base, with the same seeds: several to a prompt whose right
answer is known, so that pass@1 and cons@k are those of `r1chat eval`. Figures are paired by prompt and have percentile
bootstrap intervals (`evaluation.measures`). Whether a person likes the child better, no figure here can tell: only
blind comparisons can (`children.liked`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from r1chat.evaluation.measures import (
    Estimate,
    Sample,
    Solved,
    compare_runs,
    difference_of,
    measure,
    pass_at,
    share,
)
from r1chat.languages import language_of
from r1chat.learn.aspects import ASPECTS, Aspect, label
from r1chat.learn.gather import TextRow
from r1chat.messages import Began, Finish, Raw, Reply
from r1chat.reasoning_format import ReasoningFormat
from r1chat.rewards import RightAnswer, accuracy, format_reward
from r1chat.think import collect
from r1chat.votes import winner

SAMPLES = 5  # replies to a prompt whose right answer is known
PROMPTS = 24  # at most, of those that are set apart
SHOWN = 10
UNKNOWN = Estimate(math.nan, math.nan, math.nan)
LIMIT = 400  # tokens of a reply

# Ordinary text that no judgement is about: what a model forgets shows here.
PLAIN = (
    "The river rises in the mountains and reaches the sea after two hundred miles.",
    "She opened the window, looked at the rain, and decided to stay at home.",
    "Bread is made of flour, water, salt and yeast.",
    "In spring the days get longer, and the first flowers appear in the garden.",
    "The train to the city leaves every hour and takes about forty minutes.",
    "A good map shows not only the roads but also the hills between them.",
    "春天来了，花园里的花都开了。",
    "他每天早上坐公共汽车去上班。",
    "这本书讲的是一个小村庄的故事。",
    "水在零度结冰，在一百度沸腾。",
)


class WrittenReply(Protocol):
    """A reply as text, its tokens, and whether it came to its end."""

    @property
    def text(self) -> str: ...
    @property
    def tokens(self) -> int: ...
    @property
    def ended(self) -> bool: ...


Write = Callable[[str, Sequence[int]], Sequence[WrittenReply]]  # a prompt and seeds -> a reply for each


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two wrote. `right` is None where there is no reference, `form` where its model has no thought."""

    reasoning: str
    answer: str
    tokens: int
    ended: bool
    right: bool | None
    form: float | None


@dataclass(frozen=True, slots=True)
class ProofExample:
    """A prompt that was set apart, with both answers."""

    prompt: str
    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Proof:
    """Figures before and after. Differences are after less before; nan where nothing could be counted.

    `right` is the difference of pass@1, `majority` that of cons@`samples`; nan where there was one sample.
    `agreed`: the share of judgements set apart on which the child's likelihoods moved to the judged side, with its
    interval (0.5 is chance); `helpfulness` and `harmlessness` the same by the marks of that aspect.
    `ended` is a share, `form` R1's format reward; `tokens` and `thought` lengths (a thought's in characters);
    `language`: the share of answers in the language of the prompt; `plain`: nats for each token of ordinary text.
    """

    prompts: int
    examples: tuple[ProofExample, ...]
    agreed: Estimate
    right_before: Estimate
    right: Estimate
    ended: Estimate
    tokens: Estimate
    thought: Estimate
    language: Estimate
    plain: float
    form: Estimate = UNKNOWN
    helpfulness: Estimate = UNKNOWN
    harmlessness: Estimate = UNKNOWN
    samples: int = 1
    majority_before: Estimate = UNKNOWN
    majority: Estimate = UNKNOWN

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "harmed": self.harmed}

    @property
    def harmed(self) -> bool:
        """Whether a figure fell by more than chance explains: fewer right answers, or fewer replies that end."""
        return any(figure.high < 0 for figure in (self.right, self.majority, self.ended))


def read_proof(values: object) -> Proof | None:
    """The proof that `as_json` wrote, perhaps of an older version; None where it makes no sense."""
    try:
        return TypeAdapter(Proof).validate_python(values)
    except ValidationError:
        return None


def agreed_by_aspect(rows: Sequence[TextRow], agreed: Sequence[bool]) -> dict[Aspect, Estimate]:
    """The share of replies whose likelihood moved to the side of their mark, by aspect; nan without marks.

    `agreed`: of each row, whether it moved to the side of its label.
    """
    by_aspect: dict[Aspect, Estimate] = {}
    for aspect in ASPECTS:
        sides = [
            float((side == row.good) == liked)
            for row, side in zip(rows, agreed, strict=False)
            if not row.rejected and (liked := label(dict(row.marks), {aspect: 1.0})) is not None
        ]
        by_aspect[aspect] = share(sides)
    return by_aspect


def compare(
    prompts: Sequence[tuple[str, str]],
    solutions: Mapping[str, RightAnswer],
    form: ReasoningFormat | None,
    before: Write,
    after: Write,
    agreed: Sequence[bool],
    plain: float,
    samples: int = SAMPLES,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Proof:
    """Have both write replies to prompts: (text that the model reads, text to show).

    `solutions`: right answers by prompt; to these both write `samples` replies. `agreed`: of each judgement that was
    set apart, whether it is on the judged side. `tell` is called with the prompts that are done.
    """
    pairs = []
    for number, (prompt, question) in enumerate(prompts):
        tell(number, len(prompts))
        solution = solutions.get(prompt)
        seeds = range(number * samples, number * samples + (samples if solution else 1))
        old, new = (_asked(write(prompt, seeds), prompt, question, form, solution) for write in (before, after))
        pairs.append((old, new))

    def difference(value: Callable[[Side, str], float | None]) -> Estimate:
        return difference_of([new.mean(value) - old.mean(value) for old, new in pairs])

    known = [number for number, (prompt, _) in enumerate(prompts) if prompt in solutions]
    parent, child = ([pairs[number][side].solved(str(number)) for number in known] for side in (0, 1))
    paired = compare_runs(parent, child)
    examples = [ProofExample(old.prompt, old.sides[0], new.sides[0]) for old, new in pairs]
    ordered = sorted(  # what differs first
        examples,
        key=lambda example: (
            example.before.answer == example.after.answer,
            example.before.reasoning == example.after.reasoning,
        ),
    )
    return Proof(
        prompts=len(examples),
        examples=tuple(ordered[:SHOWN]),
        agreed=share([float(side) for side in agreed]),
        right_before=share([pass_at(1, solved) for solved in parent]),
        right=paired.difference,
        ended=difference(lambda side, _: float(side.ended)),
        form=difference(lambda side, _: side.form),
        tokens=difference(lambda side, _: float(side.tokens)),
        thought=difference(lambda side, _: float(len(side.reasoning))),
        language=difference(lambda side, prompt: float(language_of(side.answer) == language_of(prompt))),
        plain=plain,
        samples=samples,
        majority_before=measure(parent).majority if samples > 1 else UNKNOWN,
        majority=paired.majority if samples > 1 else UNKNOWN,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt with the replies of one of the two."""

    prompt: str
    sides: tuple[Side, ...]
    majority: bool | None  # whether the majority's answer is right; None: undecided, or not known

    def mean(self, value: Callable[[Side, str], float | None]) -> float:
        """The mean of a figure over the replies; nan where none has it."""
        known = [figure for side in self.sides if (figure := value(side, self.prompt)) is not None]
        return sum(known) / len(known) if known else math.nan

    def solved(self, name: str) -> Solved:
        """The replies as `r1chat eval` has them."""
        samples = (
            Sample("", side.right, "stop" if side.ended else "length", 0, side.tokens, 0.0) for side in self.sides
        )
        return Solved(name, "", tuple(samples), self.majority)


def _asked(
    raw_replies: Sequence[WrittenReply],
    prompt: str,
    question: str,
    form: ReasoningFormat | None,
    solution: RightAnswer | None,
) -> _Asked:
    replies = [_reply(raw, prompt, form) for raw in raw_replies]
    sides = tuple(_side(reply, raw.tokens, form, solution) for reply, raw in zip(replies, raw_replies, strict=True))
    chosen = winner(replies)
    return _Asked(question, sides, sides[chosen].right if chosen is not None else False)


def _reply(raw: WrittenReply, prompt: str, form: ReasoningFormat | None) -> Reply:
    opened = form is not None and prompt.rstrip().endswith(form.open_text.strip())
    finish = Finish("stop" if raw.ended else "length")
    return collect([Began(form, opened), Raw(raw.text, raw.tokens), finish])


def _side(reply: Reply, tokens: int, form: ReasoningFormat | None, solution: RightAnswer | None) -> Side:
    ended, right = reply.finish == "stop", None
    if solution:
        value = accuracy(reply.answer, solution).value if ended else 0.0
        right = None if value is None else value == 1.0
    form_score = format_reward(reply).value if form else None
    return Side(reply.reasoning, reply.answer, tokens, ended, right, form_score)
