"""The data sets that people measure models with: where each lies on the hub, in which file, and how it is read.

The table is all that r1chat knows of them; no problem of theirs comes with it. Repositories, files, sizes and licences
are those of Hugging Face, seen in 2026. The fields of each file are of a form that `problems` knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from r1chat.both import Both
from r1chat.library.datasets import DataFile


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set of the table. `size` is that of its file in bytes, about; `licence` is what its card says.

    `paper` names a column of the paper's table. `mixed`: its file is sorted by subject or grade, so its problems are
    asked in another, fixed order, and the first of them are a sample of all.
    """

    title: str
    file: DataFile
    size: int
    licence: Both
    paper: str = ""
    mixed: bool = False


_NONE = Both("none stated; problems of competitions", "未注明；竞赛题目")
_GATED = Both("CC BY 4.0; its owner wants a token", "CC BY 4.0；所有者要求令牌")

DATA_SETS = {
    "gsm8k": DataSet(
        "GSM8K", DataFile("openai/gsm8k", "main/test-00000-of-00001.parquet"), 419_000, Both("MIT", "MIT")
    ),
    "math-500": DataSet("MATH-500", DataFile("HuggingFaceH4/MATH-500", "test.jsonl"), 447_000, _NONE, "math_500"),
    "aime-2024": DataSet(
        "AIME 2024",
        DataFile("HuggingFaceH4/aime_2024", "data/train-00000-of-00001.parquet"),
        82_000,
        _NONE,
        "aime_2024",
    ),
    "gpqa-diamond": DataSet(
        "GPQA Diamond", DataFile("Idavidrein/gpqa", "gpqa_diamond.csv"), 1_370_000, _GATED, "gpqa_diamond"
    ),
    "mmlu": DataSet(
        "MMLU", DataFile("cais/mmlu", "all/test-00000-of-00001.parquet"), 3_500_000, Both("MIT", "MIT"), mixed=True
    ),
    "cmath": DataSet(
        "CMATH",
        DataFile("weitianwen/cmath", "cmath_test.jsonl"),
        222_000,
        Both("CC BY 4.0", "CC BY 4.0"),
        mixed=True,
    ),
}
_SHORT = {"math500": "math-500", "aime": "aime-2024", "aime24": "aime-2024", "gpqa": "gpqa-diamond"}


def known_name(name: str) -> str:
    """The name in the table of a data set as a person writes it ("AIME 2024", "math500"); "" for another."""
    plain = re.sub(r"[\W_]", "", name.lower())
    return _SHORT.get(plain) or next((known for known in DATA_SETS if known.replace("-", "") == plain), "")
