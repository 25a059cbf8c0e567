"""Reading chains of thought: `python -m benchmarks.reflect [--json]`.

How long a megabyte takes on one core, in one piece and in the pieces that a model gives, and the same for text made to
be slow. Where the annotated traces lie beside the project (../shared), also how well moments are found in them, and
what the watchdog says to them.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.report import Report
from r1chat.reflect import Reader, Watchdog, find_moments, read

MEGABYTE = 1_000_000
TOKEN = 4  # characters
SHARED = Path(__file__).parents[2] / "shared"

ENGLISH = """Okay, so the train leaves at 9:40 and takes two hours and 35 minutes. First, I add the hours: 9 + 2 = 11.
Then come the minutes, \\(40 + 35 = 75\\). So the train should arrive at {n}:75.

Wait, that can't be right, because there are only 60 minutes in hour {n}. Let me double-check. 75 - 60 = 15, so it is
{n}:15. But the question says that it stops for {n} minutes on the way. Hmm, is that part of the two hours?
Alternatively, maybe the table counts from the next station. I think the answer is {n}.

"""
CHINESE = """好的，火车九点四十分出发，一共行驶两小时三十五分钟。首先，我把小时加起来：9 + 2 = 11。
然后是分钟，40 + 35 = 75，所以是{n}点75分。

等等，这里好像不对，因为一小时只有六十分钟。让我再检查一遍：75 - 60 = 15，所以应该是{n}点15分。
但是题目说中途停车{n}分钟，这算在两小时里面吗？换个思路，也许时刻表是从下一站开始算的。所以答案是{n}。

"""
HOSTILE = ["a", " ", "\n", ".", "?! ", '"', "。", "= ", "\\[", "Wait, ", "等等，", "no " * 400 + "\n"]


def made_up(template: str) -> str:
    """A megabyte of a chain in UTF-8."""
    turns = (template.format(n=n) for n in itertools.count(10))
    size, parts = 0, []
    while size < MEGABYTE:
        parts.append(next(turns))
        size += len(parts[-1].encode())
    return "".join(parts)


def seconds(work: Callable[[], object], runs: int = 3) -> float:
    """The best of some runs, in seconds of one core."""
    taken = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


def stream(text: str) -> None:
    """Read as a page does, token by token."""
    reader = Reader()
    for at in range(0, len(text), TOKEN):
        reader.feed(text[at : at + TOKEN])
    reader.close()


def measure_speed(report: Report) -> None:
    """How long a megabyte takes."""
    for name, template in (("English", ENGLISH), ("Chinese", CHINESE)):
        text = made_up(template)
        report.bar(f"seconds for a megabyte of {name}", seconds(partial(read, text)), at_most=1.0)
        report.figure(f"seconds for it token by token ({name})", seconds(partial(stream, text), runs=1))
        report.figure(f"seconds of the watchdog for it ({name})", seconds(partial(Watchdog("27?").feed, text), runs=1))
    texts = {unit: unit * (MEGABYTE // len(unit.encode())) for unit in HOSTILE}
    slowest, unit = max((seconds(partial(read, text), runs=1), unit) for unit, text in texts.items())
    report.figure("seconds for the slowest hostile megabyte", slowest)
    report.figure("which repeats", repr(unit[:20]))


def measure_traces(report: Report) -> None:
    """How well moments are found in real traces, and whether the watchdog barks where it should."""
    scorer = _load(SHARED / "tools" / "score_moments.py")
    corpus = SHARED / "corpus"
    overall, chinese = (scorer.score(corpus, find_moments, languages) for languages in (None, {"zh"}))
    report.figure("precision", overall["precision"])
    report.figure("recall", overall["recall"])
    report.bar("F1 on the annotated traces", overall["f1"], at_least=0.80)
    report.bar("F1 on the Chinese ones", chinese["f1"], at_least=0.70)
    report.bar("kind agreed on, of the hits", overall["kind"], at_least=0.60)
    report.bar("effect agreed on, of the hits", overall["effect"], at_least=0.60)
    missed = wrong = 0
    for trace, chain in _chains(scorer, corpus):
        expected = ["loop"] if "loop" in trace["traits"] else []
        alarms = _alarms(trace, chain)
        missed += len(set(expected) - set(alarms))
        wrong += len(set(alarms) - set(expected))
    report.bar("loops that raise no alarm", missed, at_most=0)
    report.bar("alarms without a reason", wrong, at_most=0)


def _alarms(trace: dict[str, Any], chain: str) -> list[str]:
    said = {"en": "What do you think?", "zh": "你怎么看？"}.get(trace["lang"], "")
    return [alarm.kind for alarm in Watchdog(trace.get("prompt") or said).feed(chain + "\n")]


def _chains(scorer: ModuleType, corpus: Path) -> Iterator[tuple[dict[str, Any], str]]:
    for line in (corpus / "traces.jsonl").read_text(encoding="utf-8").splitlines():
        trace = json.loads(line)
        begin, end = scorer.reasoning_span(trace["text"])
        yield trace, trace["text"][begin:end]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    report = Report("reflect")
    measure_speed(report)
    if (SHARED / "tools" / "score_moments.py").exists():
        measure_traces(report)
    else:
        report.figure("real traces", "not here: ../shared is missing")
    report.print(as_json=asked.json)


if __name__ == "__main__":
    main()
