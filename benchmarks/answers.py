"""Judging answers: `python -m benchmarks.answers [FILE …] [--json]`.

How many verdicts of the accuracy reward are the expected ones, on files of cases (JSON Lines with `kind`, `reply`,
`reference` and `right`): those of tests/data where none is given. Where `right` is null, an undecided verdict is the
expected one. Other verdicts than expected are listed on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.report import Report
from r1chat.rewards import RightAnswer, accuracy

DATA = Path(__file__).parents[1] / "tests" / "data"
CASES = (DATA / "answers.jsonl", DATA / "answers_more.jsonl", DATA / "answers_everyday.jsonl")


def measure(report: Report, file: Path) -> None:
    """Judge the cases of one file."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    expected = accepted = undecided = 0
    begin = time.process_time()
    for row in rows:
        value = accuracy(row["reply"], RightAnswer.read(row["reference"])).value
        right = None if row["right"] is None else float(row["right"])
        expected += value == right
        accepted += value == 1.0 and not row["right"]
        undecided += value is None
        if value != right:
            print(f"{row['kind']}: {row['reply']!r} against {row['reference']!r}: {value}", file=sys.stderr)
    seconds = time.process_time() - begin
    report.figure(f"{file.name}: cases", len(rows))
    report.figure(f"{file.name}: undecided", undecided)
    report.figure(f"{file.name}: ms of processor time a case", 1000 * seconds / len(rows))
    report.bar(f"{file.name}: share of expected verdicts", expected / len(rows), at_least=0.95)
    report.bar(f"{file.name}: wrong answers taken for right", accepted, at_most=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = Report("answers")
    for file in arguments.files or CASES:
        measure(report, file)
    report.print(arguments.json)


if __name__ == "__main__":
    main()
