"""Moments of reflection: `python -m benchmarks.moments [--json]`.

How long a megabyte of reasoning takes on one core, in one piece and token by token, and the same for hostile text.
Where the annotated traces are beside the project (../shared), also the time for them, how well moments are found in
them, and the watchdog's false alarms. The digest is of every moment, score and step in all those texts: a change that
should only make it faster leaves it as it is.

The model is trained on the snippets in `training/moments/` alone, never on the traces. The figures are
leave-one-source-out: on the traces of each source the bar is the best one on all others. They are optimistic all the
same: the hand-set points were built on the older half of the traces, and features were chosen by the scores on all; the
twice-annotated half says more. A source is a public repository. Sentences that only one of two annotators marks are not
scored.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.report import Report
from r1chat.reflect import KINDS, Moment, Reader, Watchdog, find_moments, read
from r1chat.reflect.model import bar

MEGABYTE = 1_000_000
TOKEN = 4  # characters
SHARED = Path(__file__).parents[2] / "shared"
CORPORA = (SHARED / "corpus", SHARED / "corpus" / "twice-annotated")
BARS = range(50, 301, 25)  # hundredths of a logit, from which the bar is chosen

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
    """A chain of a megabyte in UTF-8."""
    turns = (template.format(n=n) for n in itertools.count(10))
    size, parts = 0, []
    while size < MEGABYTE:
        parts.append(next(turns))
        size += len(parts[-1].encode())
    return "".join(parts)


def seconds(work: Callable[[], object], runs: int = 3) -> float:
    """The best of some runs, in seconds of one core."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


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


@dataclass(frozen=True)
class Trace:
    """An annotated chain: the moments of agreement by sentence, and the sentences that are not scored."""

    source: str
    lang: str
    text: str
    sentences: list[tuple[int, int]]
    wanted: dict[int, dict[str, Any]]
    unscored: frozenset[int]


class Tally:
    """Counts of hits, false alarms and misses, and of hits whose kind and effect agree with an annotator's."""

    def __init__(self) -> None:
        self.hits = self.false = self.missed = self.kinds = self.effects = 0

    def add(self, trace: Trace, moments: dict[int, Moment]) -> None:
        """Count one trace; `moments` by sentence."""
        hits = trace.wanted.keys() & moments.keys()
        self.hits += len(hits)
        self.false += len(moments.keys() - hits - trace.unscored)
        self.missed += len(trace.wanted.keys() - hits)
        for at in hits:
            gold = trace.wanted[at]
            self.kinds += moments[at].kind in (gold["kind"], gold.get("kind_b"))
            self.effects += moments[at].effect in (gold["effect"], gold.get("effect_b"))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.hits / max(1, 2 * self.hits + self.false + self.missed)


def measure_traces(report: Report) -> None:
    """How well moments are found in real traces, leaving out one source at a time."""
    scorer = _load(SHARED / "tools" / "score_moments.py")
    traces = [trace for folder in CORPORA for trace in _annotated(scorer, folder)]
    by_height = {height: [_found(scorer, trace, height) for trace in traces] for height in BARS}
    overall, by_language = Tally(), {"en": Tally(), "zh": Tally(), "mixed": Tally()}
    for source in sorted({trace.source for trace in traces}):
        height = max(BARS, key=lambda height: _f1_without(source, traces, by_height[height]))
        for trace, moments in zip(traces, by_height[height], strict=True):
            if trace.source == source:
                overall.add(trace, moments)
                by_language[trace.lang].add(trace, moments)
    report.figure("annotated traces, of so many sources", f"{len(traces)}, {len({t.source for t in traces})}")
    report.figure("precision", overall.hits / max(1, overall.hits + overall.false))
    report.figure("recall", overall.hits / max(1, overall.hits + overall.missed))
    report.bar("F1, leaving one source out", overall.f1, at_least=0.85)
    report.figure("F1 on English traces", by_language["en"].f1)
    report.bar("F1 on Chinese traces", by_language["zh"].f1, at_least=0.80)
    report.figure("F1 on traces in both", by_language["mixed"].f1)
    shipped = {lang: Tally() for lang in by_language}
    for trace in traces:
        shipped[trace.lang].add(trace, _found(scorer, trace, bar()))
    for lang, name in (("en", "English"), ("zh", "Chinese")):
        report.figure(f"F1 on {name} traces, with the bar that ships", shipped[lang].f1)
    report.bar("kind agreed, of the hits", overall.kinds / max(1, overall.hits), at_least=0.80)
    report.bar("effect agreed, of the hits", overall.effects / max(1, overall.hits), at_least=0.75)
    for lang, name in (("en", "English"), ("zh", "Chinese")):
        texts = [trace.text for trace in traces if trace.lang == lang]
        megabytes = sum(len(text.encode()) for text in texts) / MEGABYTE
        spent = seconds(lambda texts=texts: list(map(read, texts)))  # type: ignore[misc]
        report.bar(f"seconds for a megabyte of {name} traces", spent / megabytes, at_most=1.0)
    report.figure("digest of the marks", digest([*map(made_up, (ENGLISH, CHINESE)), *(t.text for t in traces)]))


def digest(texts: Iterable[str]) -> str:
    """A short digest of every moment, score and step of these texts."""
    readers = map(read, texts)
    return sha256("\n".join(repr((r.moments, r.scores, r.steps)) for r in readers).encode()).hexdigest()[:12]


def measure_watchdog(report: Report) -> None:
    """Whether the watchdog raises the alarms that it should, and no others."""
    scorer = _load(SHARED / "tools" / "score_moments.py")
    missed = wrong = 0
    for trace, chain in _chains(scorer, CORPORA[0]):
        expected = ["loop"] if "loop" in trace["traits"] else []
        alarms = _alarms(trace, chain)
        missed += len(set(expected) - set(alarms))
        wrong += len(set(alarms) - set(expected))
    report.bar("loops that raise no alarm", missed, at_most=0)
    report.bar("alarms without a reason", wrong, at_most=0)


def _annotated(scorer: ModuleType, folder: Path) -> Iterator[Trace]:
    raw = {trace["id"]: trace for trace in scorer.lines(folder / "traces.jsonl")}
    for gold in scorer.lines(folder / "moments.jsonl"):
        trace = raw[gold["id"]]
        begin, end = scorer.reasoning_span(trace["text"])
        text = trace["text"][begin:end]
        sentences = scorer.sentences(text)
        by_sentence: dict[int, dict[str, Any]] = {}
        for moment in gold["moments"]:
            by_sentence.setdefault(scorer.sentence_of(sentences, moment["start"] - begin), moment)
        unscored = frozenset(at for at, moment in by_sentence.items() if moment.get("agreed") is False)
        agreed = {at: moment for at, moment in by_sentence.items() if at not in unscored}
        yield Trace(trace["source"].split()[0], trace["lang"], text, sentences, agreed, unscored)


def _found(scorer: ModuleType, trace: Trace, height: int) -> dict[int, Moment]:
    moments: dict[int, Moment] = {}
    for moment in find_moments(trace.text, dict.fromkeys(KINDS, height)):
        moments.setdefault(scorer.sentence_of(trace.sentences, moment.start), moment)
    return moments


def _f1_without(source: str, traces: list[Trace], all_moments: list[dict[int, Moment]]) -> float:
    tally = Tally()
    for trace, moments in zip(traces, all_moments, strict=True):
        if trace.source != source:
            tally.add(trace, moments)
    return tally.f1


def _alarms(trace: dict[str, Any], chain: str) -> list[str]:
    question = {"en": "What do you think?", "zh": "你怎么看？"}.get(trace["lang"], "")
    return [alarm.kind for alarm in Watchdog(trace.get("prompt") or question).feed(chain + "\n")]


def _chains(scorer: ModuleType, corpus: Path) -> Iterator[tuple[dict[str, Any], str]]:
    for trace in scorer.lines(corpus / "traces.jsonl"):
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
    arguments = parser.parse_args()
    report = Report("moments")
    measure_speed(report)
    if (SHARED / "tools" / "score_moments.py").exists():
        measure_traces(report)
        measure_watchdog(report)
    else:
        report.figure("annotated traces", f"skipped: {SHARED} is missing")
    report.print(as_json=arguments.json)


if __name__ == "__main__":
    main()
