"""A problem as it is drawn: its core, which decides the split, its question in one of several wordings, its answer."""

from __future__ import annotations

import hashlib
import operator
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from r1chat.both import Language
from r1chat.judgements import Check

SPLITS = ("train", "dev", "test")

OPERATIONS: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a generator draws: the core, the question in one of several wordings, and the right answer.

    `right` is the answer, or a function that makes it: a pattern takes milliseconds, and most of what is drawn for a
    small split is of another one. `values` are the numbers and words of the problem, in an order that belongs to the
    task: chains are made from them. `example` is an answer that is right, where `answer` is a pattern that
    describes all of them.
    """

    core: str
    question: str
    right: str | Callable[[], str]
    kind: Check = "number"
    values: tuple[Any, ...] = ()
    example: str = ""

    @property
    def answer(self) -> str:
        """The right answer, or the pattern of all that are right."""
        return self.right if isinstance(self.right, str) else self.right()


@dataclass(frozen=True, slots=True)
class GeneratedProblem:
    """A problem of a split. `language` is "en" or "zh", `example` a right answer."""

    id: str
    core: str
    question: str
    answer: str
    kind: Check
    language: Language
    values: tuple[Any, ...] = ()
    example: str = ""


Draw = Callable[[random.Random, Language], Drawn]


def split_of(core: str) -> str:
    """The split of a core: eight tenths train, one tenth each dev and test."""
    tenth = hashlib.sha256(core.encode()).digest()[0] * 10 // 256
    return {8: "dev", 9: "test"}.get(tenth, "train")


def say(rng: random.Random, lang: Language, en: tuple[str, ...], zh: tuple[str, ...], **values: object) -> str:
    """One of the wordings, filled in."""
    return rng.choice(zh if lang == "zh" else en).format(**values)


ASK_EN = (
    "{x} = ?",
    "{x}=?",
    "What is {x}?",
    "what is {x}",
    "What's {x}?",
    "Compute {x}.",
    "How much is {x}?",
    "Calculate {x}",
    "Please calculate {x}.",
    "Can you work out {x} for me?",
    "Work out {x}.",
    "What does {x} equal?",
    "Tell me the result of {x}.",
    "Solve: {x}",
    "Find the value of {x}.",
    "{x}",
    "{x} is what?",
    "{x} equals?",
    "I need to know {x}.",
    "What do you get for {x}?",
    "Could you compute {x}?",
    "How much does {x} make?",
    "what's the answer to {x}",
    "Evaluate {x}.",
    "My homework says {x}. What is it?",
    "Do you know what {x} is?",
    "What is the result of {x}?",
    "Answer this: {x} = ?",
    "Give me {x}.",
    "do {x}",
    "Hi! What is {x}?",
    "What would {x} be?",
    "{x} please",
)
ASK_ZH = (
    "{x} = ？",
    "{x}=?",
    "{x} 等于多少？",
    "{x}等于几？",
    "计算 {x}。",
    "请计算：{x}",
    "请问 {x} 是多少？",
    "帮我算一下 {x}",
    "算一算：{x}",
    "求 {x} 的值。",
    "{x} 的结果是多少？",
    "{x} 是多少？",
    "{x}=",
    "{x}得多少？",
    "{x} 得几？",
    "{x}",
    "请求出 {x} 的结果。",
    "你能算 {x} 吗？",
    "{x}，结果是什么？",
    "我想知道 {x} 等于多少。",
    "麻烦算一下：{x}",
    "作业题：{x} = ？",
    "你好，{x} 等于几？",
    "告诉我 {x} 是多少",
    "{x} 应该是多少？",
    "口算 {x}。",
)


def asked(
    rng: random.Random, lang: Language, expression: str, answer: object, values: tuple[Any, ...], core: str = ""
) -> Drawn:
    question = say(rng, lang, ASK_EN, ASK_ZH, x=expression)
    return Drawn(core or expression.replace(" ", ""), question, str(answer), values=(expression, *values))


def number(rng: random.Random, digits: int) -> int:
    """A number of at most so many digits; short ones are as likely as long ones."""
    return rng.randrange(10 ** rng.randint(1, digits))
