"""The figures of the nano's model card: `python -m benchmarks.nano [MODEL.gguf] [-n N] [--split dev|test]`.

Greedily, in PyTorch with the file's weights: every made-up task in both languages, second turns, 308 everyday questions
and 80 wordings that training does not see (`tests/data/nano`), and the page's example questions. With `--split dev`
everyday questions and wordings are others, too: those to choose a model by. Needs the extra `train`. The bars are those
that the model is meant to reach.
"""

from __future__ import annotations

import argparse
import json
import random
from itertools import islice
from pathlib import Path

import torch

from benchmarks.report import Report
from r1chat.config import nano_model
from r1chat.evaluation import generated
from r1chat.judgements import Check
from r1chat.training.data import FOLLOW, TrainingText, texts
from r1chat.training.gguf_file import read_gguf
from r1chat.training.sampling import complete
from r1chat.training.scoring import Score, score
from r1chat.training.vocabulary import ASSISTANT, BOS, THINK, USER

DATA = Path(__file__).parents[1] / "tests" / "data" / "nano"
BARS = {"sums": 0.98, "products": 0.95, "countdown": 0.6}  # others 0.9
FIGURES = ("countdown-4", "products-3x2")  # what has no bar
EXAMPLES = (
    ("27 + 43 = ?", "70"),
    ("158 + 267 = ?", "425"),
    ("904 - 387 = ?", "517"),
    ("27 + 43 等于多少？", "70"),
    ("158 + 267 等于多少？", "425"),
    ("904 - 387 等于多少？", "517"),
    ("Is 9.11 larger than 9.9?", "9.9"),
    ("How many times does the letter r occur in “strawberry”?", "3"),
    ("A train leaves at 9:40 and needs 2 h 35 min. When does it arrive?", "12:15"),
    ("9.11 和 9.9 哪个更大？", "9.9"),
    ("笼中有鸡和兔共 35 只，脚共 94 只，鸡和兔各有几只？", "23, 12"),
    ("一列火车 9:40 出发，行驶 2 小时 35 分钟，几点到达？", "12:15"),
)


def texts_of(task: str, split: str, count: int, language: str) -> list[TrainingText]:
    """Problems of a task as prompts."""
    problems = generated.problems(task, split, count, language)
    return [_text(problem.question, problem.answer, problem.kind) for problem in problems]


def texts_of_file(name: str) -> list[TrainingText]:
    """The rows of a file of questions."""
    rows = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    return [_text(row["question"], row["answer"], row["kind"]) for row in rows]


def _text(question: str, answer: str, kind: Check) -> TrainingText:
    return TrainingText("", "en", f"{BOS}{USER}{question}{ASSISTANT}{THINK}\n", "", answer, answer, kind)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The figures of the nano's model card.")
    parser.add_argument("model", nargs="?", type=Path, default=nano_model())
    parser.add_argument("-n", type=int, default=50, help="problems of each task and language")
    parser.add_argument("--split", default="test", choices=generated.SPLITS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = read_gguf(chosen.model)
    report = Report("nano")
    all_marks: list[Score] = []

    def measure(questions: list[TrainingText]) -> float:
        """The share of right answers."""
        replies = complete(model, tokenizer, [text.prompt for text in questions])
        marks = score(questions, replies)
        all_marks.extend(marks)
        return sum(mark.accuracy for mark in marks) / len(marks)

    for task in generated.TASKS:
        for language in ("en", "zh"):
            share = measure(texts_of(task, chosen.split, chosen.n, language))
            if task in FIGURES:
                report.figure(f"{task}, {language}", share)
            else:
                report.bar(f"{task}, {language}", share, at_least=BARS.get(task, 0.9))
    for language in ("en", "zh"):
        second_turns = texts(random.Random(f"card {chosen.split}"), chosen.split, [FOLLOW])
        share = measure(list(islice((text for text in second_turns if text.language == language), chosen.n)))
        report.bar(f"second turn, {language}", share, at_least=0.9)
    report.bar("format", sum(mark.format for mark in all_marks) / len(all_marks), at_least=1.0)
    report.bar("language", sum(mark.language for mark in all_marks) / len(all_marks), at_least=0.99)
    apart = "_dev" if chosen.split == "dev" else ""
    for file, bar in (("everyday", 0.99), ("wordings", 0.9)):
        report.bar(f"{file}, not seen in training", measure(texts_of_file(f"{file}{apart}.jsonl")), at_least=bar)
    examples = [_text(question, text, _kind(text)) for question, text in EXAMPLES]
    report.bar("the page's examples", measure(examples), at_least=1.0)
    report.print(as_json=chosen.json)


def _kind(text: str) -> Check:
    return "text" if ":" in text else "expression" if "," in text else "number"


if __name__ == "__main__":
    main()
