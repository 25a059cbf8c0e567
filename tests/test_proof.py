"""What is shown of a child beside its parent: figures of several samples, paired by prompt. Without PyTorch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from r1chat.backends.gguf import read_header
from r1chat.both import Both
from r1chat.cli.learning import report
from r1chat.config import nano_model
from r1chat.errors import TrainingError
from r1chat.learn.forecast import TrainingForecast, forecast, needed_memory
from r1chat.learn.proof import Proof, compare
from r1chat.learn.runs import RunStatus
from r1chat.rewards import RightAnswer
from r1chat.ui.learn.page import proof as shown
from r1chat.ui.words.learn import LEARN_WORDS

PROMPTS = [(f"p{number}", f"Question {number}?") for number in range(12)]
HALF = {prompt: RightAnswer("1/2", "number") for prompt, _ in PROMPTS[:10]}  # the last two have no right answer


@dataclass(frozen=True)
class Written:
    text: str
    tokens: int = 4
    ended: bool = True


def writes(*answers: str) -> Callable[[str, Sequence[int]], list[Written]]:
    """Somebody who gives these answers in turn, to every prompt."""
    return lambda prompt, seeds: [Written(f"It is {answers[n % len(answers)]}.") for n, _ in enumerate(seeds)]


FOR, AGAINST = writes("0.5", "\\frac{1}{2}", "50\\%", "7", "8"), writes("7", "7", "7.0", "1/2", "0.5")


def proved(before: object, after: object, samples: int = 5) -> Proof:
    return compare(PROMPTS, HALF, None, before, after, [True, False], 0.0, samples)  # type: ignore[arg-type]


def test_pass_at_1_and_the_majority_are_compared_prompt_by_prompt() -> None:
    proof = proved(AGAINST, FOR)
    assert proof.right_before.value == pytest.approx(0.4) and proof.right.value == pytest.approx(0.2)
    assert (proof.majority_before.value, proof.majority.value, proof.majority.low) == (0.0, 1.0, 1.0)
    assert proof.samples == 5 and proof.prompts == 12 and not proof.harmed


def test_a_majority_that_turned_wrong_is_harm_even_where_as_many_samples_are_right() -> None:
    scattered, united = writes("7", "8", "9", "1/2", "0.5"), writes("7", "7", "7", "1/2", "0.5")
    proof = proved(scattered, united)
    assert proof.right.value == 0 and proof.majority.value == -1.0 and proof.harmed


def test_a_majority_of_answers_that_never_came_is_wrong() -> None:
    cut = [Written("It is 1/2", ended=False)]
    proof = proved(lambda prompt, seeds: cut * len(seeds), FOR)
    assert proof.majority_before.value == 0 and proof.right_before.value == 0 and proof.ended.value == 1


def test_several_samples_are_taken_only_where_the_right_answer_is_known_and_with_other_seeds() -> None:
    calls: list[tuple[str, tuple[int, ...]]] = []

    def noting(prompt: str, seeds: Sequence[int]) -> list[Written]:
        calls.append((prompt, tuple(seeds)))
        return FOR(prompt, seeds)

    proved(noting, FOR, 3)
    assert [len(seeds) for _, seeds in calls] == [3] * 10 + [1] * 2
    seeds = [seed for _, some in calls for seed in some]
    assert len(set(seeds)) == len(seeds)


def test_a_right_answer_that_cannot_be_checked_is_undecided() -> None:
    broken = {**HALF, "p0": RightAnswer("(", "pattern")}
    proof = compare(PROMPTS, broken, None, AGAINST, FOR, [True, False], 0.0, 5)  # type: ignore[arg-type]
    sides = {example.prompt: (example.before.right, example.after.right) for example in proof.examples}
    assert sides["Question 0?"] == (None, None) and sides["Question 1?"] == (False, True)


def test_one_sample_has_no_majority() -> None:
    proof = proved(AGAINST, FOR, 1)
    assert math.isnan(proof.majority.value) and proof.right.value == 1.0


def test_the_figures_are_told_on_the_command_line_and_the_page_in_both_languages() -> None:
    status = RunStatus(proof=json.loads(json.dumps(proved(AGAINST, FOR).as_json())), held=2)
    lines = report(status)
    english, chinese = ("\n".join(line.pick(lang) for line in lines) for lang in ("en", "zh"))
    assert "Right answers (pass@1): +20 points" in english and "(cons@5): +100 points" in english
    assert "5 个样本的多数票正确（cons@5）：+100 个百分点" in chinese
    for lang, words in (("en", "Right by the majority of 5 samples (cons@5)"), ("zh", "5 个样本的多数票正确")):
        assert words in shown(status, LEARN_WORDS[lang], True)  # type: ignore[index]
    alone = RunStatus(proof=proved(AGAINST, FOR, 1).as_json())
    assert "cons@" not in "\n".join(map(str, report(alone))) + shown(alone, LEARN_WORDS["en"], True)
    older = {
        name: value for name, value in status.proof.items() if name not in ("samples", "majority", "majority_before")
    }
    assert "pass@1" in shown(RunStatus(proof=older), LEARN_WORDS["en"], True)


def test_more_samples_are_forecast_to_take_longer_and_no_more_memory() -> None:
    header = read_header(nano_model())
    single, several = (forecast(header, 135_000_000, 50_000, 1, 512, known=24, samples=samples) for samples in (1, 5))
    assert several.answers == pytest.approx(3 * single.answers) and several.seconds > single.seconds
    assert several.memory == single.memory


def test_memory_is_asked_of_the_place_that_trains() -> None:
    expected = TrainingForecast(60, 10, programs=1_000_000_000, weights=4_000_000_000, work=2_000_000_000)
    gpu = Both("the GPU (H200)", "GPU（H200）")
    assert needed_memory("m", expected, 7_000_000_000) == 7_000_000_000
    assert needed_memory("m", expected, 5_000_000_000, (gpu, 6_000_000_000)) == 6_000_000_000
    for free, own, sentence in (
        (6_900_000_000, None, "needs about 7.0 GB of memory, and 6.9 GB are free"),
        (4_900_000_000, 9_000_000_000, "needs about 5.0 GB of memory, and 4.9 GB are free"),
        (9_000_000_000, 5_900_000_000, r"needs about 6.0 GB of memory of the GPU \(H200\), and 5.9 GB are free"),
    ):
        with pytest.raises(TrainingError, match=sentence):
            needed_memory("m", expected, free, (gpu, own) if own else None)
