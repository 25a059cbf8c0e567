r"""Made-up tasks: small sums and the like in English and Chinese, without an end and without a licence.

A problem is drawn from a seed. What it asks for (its *core*, such as "27+43") decides by its hash to which split it
belongs, so that train, dev and test share no core, in whatever words and language they ask for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from r1chat.both import Both, Language
from r1chat.errors import EvaluationError
from r1chat.evaluation.generated.countdown_game import (
    beginnings,
    combined,
    countdown,
    countdown_4,
    left_after,
    made,
    needed,
    pairs,
)
from r1chat.evaluation.generated.drawing import SPLITS, Draw, Drawn, GeneratedProblem, split_of
from r1chat.evaluation.generated.numbers import decimals, divisors, equations, fractions, percentages, primes, sorting
from r1chat.evaluation.generated.stories import clock, letters, stories
from r1chat.evaluation.generated.sums import division, expressions, products, products_3x2, sums

__all__ = [
    "DIRECTIVES",
    "SPLITS",
    "TASKS",
    "Drawn",
    "GeneratedProblem",
    "Language",
    "beginnings",
    "combined",
    "left_after",
    "made",
    "needed",
    "pairs",
    "problems",
    "split_of",
]

DIRECTIVES = Both("Put your final answer within \\boxed{}.", "请把最终答案放在\\boxed{}中。")  # DeepSeek's advice

TASKS: dict[str, Draw] = {
    "sums": sums,
    "products": products,
    "division": division,
    "expressions": expressions,
    "decimals": decimals,
    "percentages": percentages,
    "fractions": fractions,
    "equations": equations,
    "divisors": divisors,
    "primes": primes,
    "sorting": sorting,
    "letters": letters,
    "clock": clock,
    "stories": stories,
    "countdown": countdown,
    "countdown-4": countdown_4,
    "products-3x2": products_3x2,
}


def problems(
    name: str, split: str = "test", count: int = 100, language: str = "", seed: int = 0
) -> Iterator[GeneratedProblem]:
    """At most `count` problems of a task, fewer where it has no more cores; both languages in turn, or one.

    Raises EvaluationError for a split or language that is none.
    """
    if split not in SPLITS or language not in ("", "en", "zh"):
        raise EvaluationError(_BAD_CHOICE.format(split=split, language=language))
    draw = TASKS[name]
    rng = random.Random(f"{name} {split} {seed}")
    seen: set[str] = set()
    misses = 0
    while len(seen) < count:
        words: Language = language or ("en", "zh")[len(seen) % 2]  # type: ignore[assignment]
        problem = draw(rng, words)
        if problem.core in seen or split_of(problem.core) != split:
            misses += 1
            if misses > 2_000 + 100 * count:
                return
            continue
        seen.add(problem.core)
        question = problem.question
        if rng.random() < 0.3:
            question = f"{question} {DIRECTIVES.pick(words)}"
        answer = problem.answer
        example = problem.example or answer
        yield GeneratedProblem(
            f"{name}-{len(seen)}", problem.core, question, answer, problem.kind, words, problem.values, example
        )


_BAD_CHOICE = Both(
    "“{split}” with language “{language}”: a split is one of train, dev and test, a language en or zh.",
    "“{split}”、语言“{language}”：划分只能是 train、dev 或 test，语言只能是 en 或 zh。",
)
