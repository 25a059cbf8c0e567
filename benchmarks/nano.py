"""The figures of the nano's model card: `python -m benchmarks.nano [MODEL.gguf] [-n N] [--split dev|test]`.

Greedily through llama.cpp: every made-up task in both languages, second turns, 308 everyday questions and 80 wordings
that training does not see (`tests/data/nano`), and the page's example questions. Needs the extra `train` for the second
turns. The bars are those that the model is meant to reach.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from benchmarks.report import Report
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.config import nano_model
from r1chat.evaluation import Run, Settings, generated, load_task, measure
from r1chat.evaluation.measures import Measures
from r1chat.judgements import Check
from r1chat.messages import Message, Params, Request
from r1chat.rewards import Reference, accuracy
from r1chat.think import collect

DATA = Path(__file__).parents[1] / "tests" / "data" / "nano"
BARS = {"sums": 0.98, "products": 0.95, "countdown": 0.6}  # others 0.9
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


def run(catalogue: Catalogue, model: str, folder: Path, task: str, split: str, count: int, language: str) -> Measures:
    """One task, greedily."""
    asked = Settings(model=model, sampling=(("temperature", 0.0),))
    loaded = load_task(task, split, count, language)
    return measure(Run(folder / f"{loaded.name}-{language}", loaded, asked, catalogue).go_on())


def answer(backend: LlamaCppBackend, name: str, messages: Sequence[Message]) -> str:
    """The greedy answer, without its thought."""
    return collect(backend.stream(Request(name, tuple(messages), params=Params(temperature=0)))).answer


def second_turns(backend: LlamaCppBackend, name: str, split: str, count: int, language: str) -> float:
    """The share of right answers to what goes on with the answer before."""
    from r1chat.training.data import FOLLOW, texts
    from r1chat.training.distill import messages

    drawn = (text for text in texts(random.Random(f"card {split}"), split, [FOLLOW]) if text.language == language)
    right = [
        accuracy(answer(backend, name, messages(text)), Reference(text.answer, "number")).value == 1
        for text in islice(drawn, count)
    ]
    return sum(right) / len(right)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The figures of the nano's model card.")
    parser.add_argument("model", nargs="?", type=Path, default=nano_model())
    parser.add_argument("-n", type=int, default=50, help="problems of each task and language")
    parser.add_argument("--split", default="test", choices=generated.SPLITS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report = Report("nano")
    with tempfile.TemporaryDirectory() as folder, closing(LlamaCppBackend([chosen.model])) as backend:
        name = chosen.model.stem
        key = f"llama.cpp:{name}"
        catalogue = Catalogue({"llama.cpp": backend})
        form, language_kept = [], []
        for task in generated.TASKS:
            for language in ("en", "zh"):
                measures = run(catalogue, key, Path(folder), task, chosen.split, chosen.n, language)
                report.bar(f"{task}, {language}", measures.pass_1.value, at_least=BARS.get(task, 0.9))
                form.append(measures.format.value)
                language_kept.append(measures.language.value)
        for language in ("en", "zh"):
            share = second_turns(backend, name, chosen.split, chosen.n, language)
            report.bar(f"second turn, {language}", share, at_least=0.9)
        report.bar("format", sum(form) / len(form), at_least=1.0)
        report.bar("language", sum(language_kept) / len(language_kept), at_least=0.99)
        for task, bar in (("everyday", 0.99), ("wordings", 0.9)):
            measures = run(catalogue, key, Path(folder), str(DATA / f"{task}.toml"), "test", 1000, "")
            report.bar(f"{task}, not seen in training", measures.pass_1.value, at_least=bar)
        right = [
            accuracy(answer(backend, name, [Message("user", question)]), Reference(text, _kind(text))).value == 1
            for question, text in EXAMPLES
        ]
        report.bar("the page's examples", sum(right) / len(right), at_least=1.0)
    report.print(as_json=chosen.json)


def _kind(text: str) -> Check:
    return "text" if ":" in text else "expression" if "," in text else "number"


if __name__ == "__main__":
    main()
