"""Rejection sampling: a model's own right chains are what it is trained on next.

After DeepSeek-R1 (arXiv 2501.12948v1, section 2.3.3): several samples a problem; those that are right, in form, in the
language of the question, and not cut off are kept. At most `KEPT` different ones of a problem count, so that problems
that are always solved do not crowd out the others.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.training.data import Pool, TrainingText, again, texts
from r1chat.training.model import Decoder
from r1chat.training.sampling import Completion, complete
from r1chat.training.scoring import score
from r1chat.training.vocabulary import EOS, THINK

SAMPLES = "samples.jsonl"
KEPT = 2
AT_ONCE = 16  # problems


@dataclass(frozen=True, slots=True)
class Rejection:
    """How many problems of which tasks (all, if neither a task nor a file is named), and how they are sampled.

    `k` samples of each. Of files alone no problem is asked twice, so there may be fewer than `problems`.
    """

    problems: int = 500
    k: int = 4
    tasks: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()
    temperature: float = 1.0
    seed: int = 0

    @property
    def asked(self) -> int:
        """The number of problems that are asked."""
        alone = self.pools and not self.tasks
        return min(self.problems, sum(len(pool.train) for pool in self.pools)) if alone else self.problems


CompletionWriter = Callable[
    [list[TrainingText], int], list[Completion]
]  # texts and the number of their lot: a completion of each


def sampler(plan: Rejection, model: Decoder, tokenizer: Tokenizer) -> CompletionWriter:
    """The model's own samples."""

    def write(problems: list[TrainingText], number: int) -> list[Completion]:
        prompts = [text.prompt for text in problems]
        return complete(model, tokenizer, prompts, plan.temperature, seed=plan.seed * 1_000_003 + number)

    return write


def gather(
    folder: Path,
    plan: Rejection,
    write: CompletionWriter,
    tell: Callable[[int, int, int], None] = lambda done, samples, chosen: None,
) -> list[TrainingText]:
    """Sample and filter; what is kept stands in the folder's `samples.jsonl`, which a later call goes on with.

    A line of the file is `AT_ONCE` problems: how many samples were taken and those that were kept. `tell` gets the
    problems that are done, the samples so far, and how many of them were kept. Raises TrainingError where none is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / SAMPLES
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    if lines and not lines[-1].endswith("\n"):  # a kill within the last line
        lines.pop()
        file.write_text("".join(lines), encoding="utf-8")
    done = [json.loads(line) for line in lines]
    chosen = [TrainingText(**row) for line in done for row in line["kept"]]
    samples = sum(line["samples"] for line in done)
    for number in range(len(done), -(-plan.asked // AT_ONCE)):
        problems = [text for text in _lot(plan, number) for _ in range(plan.k)]
        completions = write(problems, number)
        new = _filtered(
            problems,
            [(row.text, mark.perfect) for row, mark in zip(completions, score(problems, completions), strict=True)],
        )
        with file.open("a", encoding="utf-8") as stream:
            stream.write(
                json.dumps({"samples": len(problems), "kept": [asdict(text) for text in new]}, ensure_ascii=False)
            )
            stream.write("\n")
        chosen += new
        samples += len(problems)
        tell(min(plan.asked, (number + 1) * AT_ONCE), samples, len(chosen))
    if not chosen:
        raise TrainingError(_NONE_KEPT.format(samples=samples))
    return chosen


def _lot(plan: Rejection, number: int) -> list[TrainingText]:
    """The problems that are asked together, `AT_ONCE` or what is left."""
    if plan.pools and not plan.tasks:
        every = [text for pool in plan.pools for text in pool.train]
        random.Random(f"reject {plan.seed}").shuffle(every)
        return every[: plan.asked][number * AT_ONCE : (number + 1) * AT_ONCE]
    rng = random.Random(f"reject {plan.seed} {number}")
    problems = (text for text in texts(rng, "train", plan.tasks, plan.pools) if text.prompt.endswith(f"{THINK}\n"))
    return list(islice(problems, AT_ONCE))


def _filtered(problems: list[TrainingText], replies: list[tuple[str, bool]]) -> list[TrainingText]:
    """Of each problem at most `KEPT` different perfect completions."""
    chosen: dict[str, list[TrainingText]] = {}
    for text, (reply, perfect) in zip(problems, replies, strict=True):
        own = chosen.setdefault(text.prompt, [])
        completion = f"{reply}{EOS}"
        if perfect and len(own) < KEPT and all(completion != other.completion for other in own):
            own.append(
                TrainingText(text.task, text.language, text.prompt, completion, text.answer, text.reference, text.kind)
            )
    return [text for own in chosen.values() for text in own]


def source(samples: list[TrainingText]) -> Callable[[random.Random], Iterator[TrainingText]]:
    """What is kept, again and again in another order."""

    return lambda rng: again(rng, samples)


_NONE_KEPT = Both(
    "None of {samples} samples was right: the model is too weak for these problems. Train it longer first "
    "(cold-start), or name an easier task with --task.",
    "{samples} 个样本无一正确：模型对这些题目来说太弱。请先延长 cold-start 训练，或用 --task 指定更容易的任务。",
)
