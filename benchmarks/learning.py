"""What an adapter learns, and what it costs: `python -m benchmarks.learning [--seed 1] [--rate 3e-4] [--unguarded]`.

The shipped nano writes eight replies to each of 150 sums. Some check their result a second time ("let me check"), some
do not; whichever it does less often is preferred, where it is right: 160 judgements to train on and 40 set apart, by
sum. Then parent and child write two replies to each of 150 other sums at temperature 1: the share of preferred replies
and of right answers, with the paired difference and its 95 % bootstrap interval over sums. `--unguarded` goes on to the
last step whatever the guard sees, and measures the state there: what a guarded run is spared. `--trials N` trains at N
rates on four fifths of the judgements, has the others choose, and measures all of them. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import Model
from r1chat.backends.llama.child.reading import LoadedModel
from r1chat.config import nano_model
from r1chat.evaluation.measures import bootstrap
from r1chat.learn.defaults import rates_of
from r1chat.learn.runs import TrainingKind
from r1chat.messages import Params

SUMS, SAMPLES, TRAINED, APART = 150, 8, 160, 40
REPLIES = 2  # of parent and child to each of the other sums
AT_ONCE, LIMIT = 32, 110  # replies in a batch; tokens of one


@dataclass(frozen=True, slots=True)
class Written:
    """A reply to a sum."""

    prompt: str
    text: str
    ended: bool
    right: bool

    def has(self, checked: bool) -> bool:
        """Whether it comes to its end, with a second check in its thought or without."""
        return self.ended and checked == ("check" in self.text.partition("</think>")[0].lower())


def sums(seed: int) -> list[tuple[int, int]]:
    """Numbers to add."""
    rng = random.Random(seed)
    return [(rng.randint(11, 199), rng.randint(11, 199)) for _ in range(SUMS)]


def write(
    model: Model, adapter: Any, questions: Sequence[tuple[int, int]], temperature: float, seed: int
) -> list[Written]:
    """A reply to each question, many at once."""
    replies = []
    with closing(Context(model, 160, batch=256, threads=1, sequences=AT_ONCE)) as context:
        context.use_adapter(adapter)
        for start in range(0, len(questions), AT_ONCE):
            part = questions[start : start + AT_ONCE]
            context.clear()
            replies += _batch(model, context, part, Params(temperature=temperature, top_p=1.0), seed + start)
    return replies


def _batch(
    model: Model, context: Context, questions: Sequence[tuple[int, int]], params: Params, seed: int
) -> list[Written]:
    prompts = [f"<｜User｜>{a} + {b} = ?<｜Assistant｜><think>\n" for a, b in questions]
    prompt_tokens = [model.prompt([(prompt, True)]) for prompt in prompts]
    samplers = [Sampler(model, params, seed + number) for number in range(len(questions))]
    pieces: list[list[bytes]] = [[] for _ in questions]
    ended = [False] * len(questions)
    position, token = 0, [tokens[0] for tokens in prompt_tokens]
    live = list(range(len(questions)))
    while live:
        context.step_many([(number, token[number], position) for number in live])
        position += 1
        going = []
        for row, number in enumerate(live):
            if position < len(prompt_tokens[number]):
                token[number] = prompt_tokens[number][position]
                going.append(number)
                continue
            token[number] = samplers[number].pick(context, row)
            piece = model.piece(token[number])
            ended[number] = piece is None
            if piece is not None:
                pieces[number].append(piece)
                if len(pieces[number]) < LIMIT:
                    going.append(number)
        for number in set(live) - set(going):
            context.drop(number)
        live = going
    for sampler in samplers:
        sampler.close()
    texts = [b"".join(parts).decode(errors="replace") for parts in pieces]
    answers = [text.partition("</think>")[2] for text in texts]
    right = [
        end and bool(re.search(rf"(?<!\d){a + b}(?!\d)", answer))
        for (a, b), end, answer in zip(questions, ended, answers, strict=True)
    ]
    return [Written(*values) for values in zip(prompts, texts, ended, right, strict=True)]


def pairs(model: Model, checked: bool) -> list[tuple[str, str, str]]:
    """Prompt, preferred and other reply."""
    by_prompt: dict[str, list[Written]] = defaultdict(list)
    for reply in write(model, None, [question for question in sums(7) for _ in range(SAMPLES)], 1.2, 100):
        by_prompt[reply.prompt].append(reply)
    preferences = []
    for prompt, replies in by_prompt.items():
        good = [reply.text for reply in replies if reply.has(checked) and reply.right]
        other = [reply.text for reply in replies if reply.has(not checked)]
        preferences += [(prompt, *sides) for sides in dict.fromkeys(zip(good, other, strict=False))]
    return preferences


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--supervised", type=float, default=50.0)
    parser.add_argument("--kind", choices=("prefer", "sft", "kto"), default="prefer")
    parser.add_argument("--unguarded", action="store_true")
    parser.add_argument("--trials", type=int, default=1)
    flags = parser.parse_args()
    kind: TrainingKind = flags.kind
    from r1chat.training.adapter_file import write_adapter
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.adapting import Adapting, TokenRow, TrainingGuard
    from r1chat.training.base import compare, read_base
    from r1chat.training.lora import Weights
    from r1chat.training.trials import Trials

    file = nano_model()
    with closing(Model(file)) as model, closing(LoadedModel(file)) as reading, tempfile.TemporaryDirectory() as folder:
        questions = [question for question in sums(99) for _ in range(REPLIES)]
        before = write(model, None, questions, 1.0, 5)
        checked = 2 * sum(reply.has(True) for reply in before) < len(before)
        print(f"preferred: replies {'with' if checked else 'without'} a second check")
        report("before", before, checked)
        data = pairs(model, checked)
        random.Random(flags.seed).shuffle(data)
        apart = set(sorted({prompt for prompt, *_ in data})[::5])
        rows: dict[bool, list[TokenRow]] = {True: [], False: []}
        for prompt, good, other in data:
            prompt_tokens = tuple(reading.prompt(prompt))
            sides = [tuple(reading.completion(side)) for side in (good, other)]
            new_rows = (
                [TokenRow(prompt_tokens, sides[0], sides[1])]
                if kind == "prefer"
                else [TokenRow(prompt_tokens, sides[0])]
            )
            rows[prompt in apart] += new_rows + (
                [TokenRow(prompt_tokens, sides[1], good=False)] if kind == "kto" else []
            )
        base = read_base(file)
        compare(base, reading, [[*row.prompt, *row.chosen] for row in rows[False][:4]])
        plan = AdapterPlan(kind, flags.rate, epochs=flags.epochs, supervised=flags.supervised, seed=flags.seed)
        off = math.inf
        guard = (
            TrainingGuard(off, off, off, learnt=off, patience=plan.batch * len(data))
            if flags.unguarded
            else TrainingGuard()
        )

        def measured(name: str, weights: Weights) -> None:
            adapter = Path(folder) / f"{name}.gguf"
            write_adapter(adapter, base.header.architecture, base.heads, weights, plan.alpha, {})
            after = write(model, model.adapter(adapter), questions, 1.0, 5)
            report(name, after, checked)
            changes(before, after, checked)

        train_rows, test_rows = rows[False][:TRAINED], rows[True][:APART]
        began = time.process_time()
        if flags.trials > 1:
            first = set(sorted({row.prompt for row in train_rows})[::5])
            choosing = [row for row in train_rows if row.prompt in first]
            train_rows = [row for row in train_rows if row.prompt not in first]
            trials = Trials(Path(folder), base, train_rows, choosing, plan, guard, rates_of(flags.rate, flags.trials))
            trials.run(lambda line: None, lambda: False)
            print(f"{time.process_time() - began:.0f} s of processor time; {len(choosing)} judgements choose")
            for trial in trials.ended:
                fate = "kept" if trial is trials.best else "not kept"
                print(
                    f"rate {trial.rate:g}, {trial.step} steps, {fate}: loss {trial.loss:.4f}. {trial.result.why or ''}"
                )
                if trial.result.best:
                    measured(f"rate {trial.rate:g}", trial.result.weights)
            return
        run = Adapting(Path(folder), base, train_rows, test_rows, plan, guard)
        result = run.run(lambda line: None, lambda: False)
        print(f"{run.step} steps, {time.process_time() - began:.0f} s of processor time. {result.why or ''}")
        weights = run.adapter.weights() if flags.unguarded else result.weights
        print(run.looks[-1] if flags.unguarded else result.best)
        if weights:
            measured("after", weights)


def changes(before: Sequence[Written], after: Sequence[Written], checked: bool) -> None:
    """Paired changes with their 95 % intervals over sums."""
    for name, values in (
        ("preferred", [(old.has(checked), new.has(checked)) for old, new in zip(before, after, strict=True)]),
        ("right", [(old.right, new.right) for old, new in zip(before, after, strict=True)]),
    ):
        by_sum = [
            sum(new - old for old, new in values[at : at + REPLIES]) / REPLIES for at in range(0, len(values), REPLIES)
        ]
        change = bootstrap(by_sum)
        points = [100 * value for value in (change.value, change.low, change.high)]
        print(f"{name}: {points[0]:+.1f} points [{points[1]:+.1f}, {points[2]:+.1f}]")


def report(name: str, replies: Sequence[Written], checked: bool) -> None:
    """Shares of replies."""
    preferred, right = sum(reply.has(checked) for reply in replies), sum(reply.right for reply in replies)
    print(f"{name}: preferred {preferred / len(replies):.1%}, right {right / len(replies):.1%} of {len(replies)}")


if __name__ == "__main__":
    main()
