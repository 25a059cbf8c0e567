"""Mutated answers: each is judged or undecided, without an exception and in bounded time.

    python -m benchmarks.fuzz_answers [10000 [SEED]]

Prints the counts and the five slowest. The texts of the cases in tests/data are cut, repeated, mixed and sprinkled with
pieces that have a meaning in LaTeX, Markdown or a sentence. The same seed gives the same inputs.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from r1chat.rewards import RightAnswer, accuracy

DATA = Path(__file__).parents[1] / "tests" / "data"
PIECES = (
    *("\\boxed{", "\\frac{", "\\sqrt[", "\\text{", "\\begin{pmatrix}", "\\end{pmatrix}", "\\begin{cases}", "\\\\", "&"),
    *("{", "}", "(", ")", "[", "]", "\\{", "\\}", "|", "$", "$$", "\\(", "\\[", "**", "^", "_", "!", "%", "\\%", "°"),
    *("=", "<", "\\le", "\\pm", "\\cup", "\\in", "\\approx", ":", ",", "，", "、", " and ", " or ", "或", "，", "\n"),
    *(
        "0",
        "9",
        "1e9",
        "0.\\overline{",
        "-",
        "+",
        "/",
        "*",
        "x",
        "e",
        "i",
        "\\pi",
        "\\infty",
        "sin",
        "\\log_",
        "\\sum_",
    ),
    *(
        "km",
        "千米",
        "三",
        "万",
        "百分之",
        "分之",
        "PM",
        "12:30",
        "The answer is ",
        "答案是",
        "答：",
        "####",
        "(A)",
        "\ud800",
    ),
)


def rows() -> list[dict[str, str]]:
    """All cases: `kind`, `reply`, `reference`, `right`."""
    texts = [(DATA / name).read_text(encoding="utf-8") for name in ("answers.jsonl", "answers_more.jsonl")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def mutated(count: int, seed: int = 11) -> Iterator[tuple[str, str]]:
    """Pairs of a reply and a reference, each the mutation of one."""
    chance = random.Random(seed)
    known = rows()
    for _ in range(count):
        row, other = chance.choice(known), chance.choice(known)
        yield (
            _mutation(row["reply"], other["reply"], chance),
            _mutation(row["reference"], other["reference"], chance) if chance.random() < 0.5 else row["reference"],
        )


def _mutation(text: str, other: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 5)):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.randint(0, 12))
        match chance.randrange(6):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + chance.choice(PIECES) + text[start:]
            case 2:
                text = text[:start] + chance.choice(PIECES) * chance.choice((2, 5, 40, 300)) + text[start:]
            case 3:
                text = text[:start] + text[start:end] * chance.choice((2, 3, 30)) + text[end:]
            case 4:
                text = text[:start] + other[chance.randint(0, len(other)) :]
            case 5:
                characters = list(text)
                chance.shuffle(characters)
                text = "".join(characters)
    return text


def main(count: int, seed: int) -> None:
    """Compare, and tell what was slow."""
    verdicts = {1.0: 0, 0.0: 0, None: 0}
    slowest: list[tuple[float, str, str]] = []
    for reply, reference in mutated(count, seed):
        begin = time.process_time()
        verdicts[accuracy(reply, RightAnswer.read(reference)).value] += 1
        slowest = sorted([*slowest, (time.process_time() - begin, reply, reference)], reverse=True)[:5]
    print(f"{count} inputs: {verdicts[1.0]} right, {verdicts[0.0]} wrong, {verdicts[None]} undecided")
    for seconds, reply, reference in slowest:
        print(f"{seconds:.2f} s: {reply[:80]!r} against {reference[:60]!r}")


if __name__ == "__main__":
    main(*(int(argument) for argument in (*sys.argv[1:], *("10000", "11")[len(sys.argv) - 1 :])))
