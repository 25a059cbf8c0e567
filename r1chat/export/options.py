"""What is asked of an export, and what it says when it is done: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from r1chat.redact import FindingKind
from r1chat.store.entries import Filter

Format = Literal[
    "preference", "preference-implicit", "unpaired", "sft", "grpo", "stepwise", "processbench", "openai", "llamafactory"
]
Source = Literal["comparison", "correction", "thumbs", "verified"]
Thoughts = Literal["full", "answer-only", "rendered"]

FORMATS: tuple[Format, ...] = get_args(Format)
SOURCES: tuple[Source, ...] = get_args(Source)
THOUGHTS: tuple[Thoughts, ...] = get_args(Thoughts)
SUFFIXES = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class Options:
    """How to export. `sources` and `thoughts` None: what suits the format and the data.

    `test`: the share of the data, 0 to 1, that goes into a second file beside the first. `template`: a GGUF or Jinja
    file whose chat template renders the prompts of models that bring none of their own. `local`: the rows stay on this
    machine, to be trained on, so that only conversations whose own consent was refused are left out; and replies of
    models whose chat template is not known are left out in place of an error.
    """

    thoughts: Thoughts | None = None
    test: float = 0.0
    sources: frozenset[Source] | None = None
    filter: Filter = field(default_factory=Filter)
    redact: bool = True
    template: Path | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What an export wrote. Counts are of rows; `refused` by reason."""

    format: Format
    thoughts: Thoughts
    rows: int  # in the data file
    test_rows: int  # in the test file; 0 where there is none
    refused: Mapping[str, int] = field(default_factory=dict)
    redacted: Mapping[FindingKind, int] = field(default_factory=dict)  # distinct values replaced
    files: tuple[Path, ...] = ()  # data, test if there is one, card, report of refusals
