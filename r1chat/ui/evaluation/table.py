"""Runs side by side as a table: settings, figures with intervals, the paper's row; and two of them paired. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from r1chat.evaluation.listing import StoredRun
from r1chat.evaluation.measures import Estimate, Measures, Paired
from r1chat.evaluation.report import paper_row
from r1chat.ui.html.parts import EMPTY, concat
from r1chat.ui.words.evaluation import TASK_NAMES, EvaluationWords
from r1chat.ui.words.page import words

_SHOWN_APART = ("temperature",)  # sampling parameters with a row of their own


@dataclass(frozen=True, slots=True)
class Column:
    """A run with its figures."""

    run: StoredRun
    measures: Measures


def side_by_side(columns: Sequence[Column], paired: Paired | None, samples: Markup, w: EvaluationWords) -> Markup:
    """The chosen runs; `paired`: of two runs of the same problems, the second (older) first."""
    if not columns:
        return EMPTY
    heads = concat(
        Markup('<th scope="col">{}<small>{}</small></th>').format(column.run.name, column.run.asked["title"])
        for column in columns
    )
    rows = concat(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            name, concat(Markup("<td>{}</td>").format(cell) for cell in cells)
        )
        for name, cells in (*_settings(columns, w), *_figures(columns, w))
    )
    return Markup(
        '<section aria-labelledby="h-table"><h2 id="h-table">{title}</h2><p><small>{note}</small></p>'
        '<div class="scrolled" tabindex="0" role="group" aria-label="{figures}"><table class="side-by-side"><thead>'
        '<tr><th scope="col">{figure}</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{paired}{samples}'
        "</section>"
    ).format(
        title=w.side_by_side,
        note=w.interval_note,
        figures=w.figures,
        figure=w.figure,
        heads=heads,
        rows=rows,
        paired=_paired([column.run for column in columns], paired, w) if len(columns) == 2 else EMPTY,
        samples=samples,
    )


_Row = tuple[str, Sequence[str]]


def _settings(columns: Sequence[Column], w: EvaluationWords) -> Iterator[_Row]:
    def row(name: str, value: Callable[[StoredRun], str]) -> _Row:
        return name, [value(column.run) for column in columns]

    yield row(w.task, lambda run: TASK_NAMES[t].pick(w.lang) if (t := run.asked["task"]) in TASK_NAMES else t)
    yield row(w.model, lambda run: run.asked["model"])
    quantised = row(w.quantisation, lambda run: str(run.asked.get("quantisation") or "–"))
    if any(cell != "–" for cell in quantised[1]):
        yield quantised
    yield row(w.date, lambda run: f"{run.began.astimezone():%Y-%m-%d %H:%M}")
    yield row(w.source, lambda run: _source(run, w))
    yield row(w.asked, lambda run: w.of_all.format(done=run.done, all=run.problems))
    yield row(w.k, lambda run: str(run.asked["k"]))
    yield row(w.temperature, lambda run: w.not_noted if run.temperature is None else f"{run.temperature:g}")
    other = row(w.other_sampling, lambda run: _other_sampling(run) or "–")
    if any(cell != "–" for cell in other[1]):
        yield other
    yield row(w.budget, lambda run: _budget(run, w))
    yield row(w.seed, lambda run: str(run.asked["seed"]))


def _source(run: StoredRun, w: EvaluationWords) -> str:
    origin = run.asked.get("asked")
    if not isinstance(origin, dict) or origin.get("name") not in TASK_NAMES:
        return str(run.asked["source"])
    language = {"en": w.english, "zh": w.chinese}.get(str(origin.get("language")), w.both_languages)
    return w.made_up_source.format(split=origin.get("split"), language=language)


def _other_sampling(run: StoredRun) -> str:
    return ", ".join(f"{name} {value}" for name, value in run.asked["sampling"] if name not in _SHOWN_APART)


def _budget(run: StoredRun, w: EvaluationWords) -> str:
    budget = run.asked["budget"]
    return w.no_budget if budget is None else w.tokens.format(n=budget)


def _figures(columns: Sequence[Column], w: EvaluationWords) -> Iterator[_Row]:
    def row(name: str, value: Callable[[Measures], Estimate], cell: Callable[[Estimate], str]) -> _Row:
        return name, [cell(value(column.measures)) for column in columns]

    percent = partial(_percent, w)
    yield row("pass@1", lambda m: m.pass_1, percent)
    if any(column.measures.k > 1 for column in columns):
        yield w.pass_k, [_at_k(column.measures, column.measures.pass_k, w) for column in columns]
        yield w.cons_k, [_at_k(column.measures, column.measures.majority, w) for column in columns]
    if any(cells := [_paper(column, w) for column in columns]):
        yield w.paper, [cell or "–" for cell in cells]
    yield row(w.thinking, lambda m: m.thinking, _plain("{:,.0f}"))
    yield row(w.truncated, lambda m: m.truncated, percent)
    yield row(w.format, lambda m: m.format, percent)
    yield row(w.language, lambda m: m.language, percent)
    kinds = sorted({kind for column in columns for kind in column.measures.moments})
    nothing = Estimate(0.0, 0.0, 0.0)  # a run without any moment of a kind has no figure of it
    for kind in kinds:
        name = w.moments.format(kind=getattr(words(w.lang), kind.replace("-", ""), kind))
        yield row(name, lambda m, kind=kind: m.moments.get(kind, nothing), _plain("{:.2f}"))  # type: ignore[misc]
    yield row(w.speed, lambda m: m.speed, _plain("{:,.1f}"))
    for name, counts in (
        (w.unjudged, [column.measures.undecided for column in columns]),
        (w.failed, [column.measures.failed for column in columns]),
    ):
        if any(counts):
            yield name, [str(count) for count in counts]


def _percent(w: EvaluationWords, estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "–"
    value, low, high = _hundredfold(estimate)
    return Markup("{}<small>{:.1f} … {:.1f}</small>").format(w.share.format(n=value), low, high)


def _hundredfold(estimate: Estimate) -> tuple[float, float, float]:
    return 100 * estimate.value, 100 * estimate.low, 100 * estimate.high


def _at_k(measures: Measures, estimate: Estimate, w: EvaluationWords) -> str:
    if measures.k < 2 or math.isnan(estimate.value):
        return "–"
    value, low, high = _hundredfold(estimate)
    return Markup("{} (k\u00a0=\u00a0{})<small>{:.1f} … {:.1f}</small>").format(
        w.share.format(n=value), measures.k, low, high
    )


def _plain(form: str) -> Callable[[Estimate], str]:
    def cell(estimate: Estimate) -> str:
        if math.isnan(estimate.value):
            return "–"
        value, low, high = (form.format(number) for number in (estimate.value, estimate.low, estimate.high))
        return Markup("{}<small>{} … {}</small>").format(value, low, high)

    return cell


def _paper(column: Column, w: EvaluationWords) -> str:
    """What the paper says of the same distill, and how its setting differs; "" where it says nothing."""
    paper = paper_row(column.run.asked, column.measures)
    if paper is None:
        return ""
    sentences = [w.paper_says.format(row=paper.row, pass_1=paper.pass_1)]
    if paper.majority is not None:
        sentences.append(w.paper_majority.format(majority=paper.majority))
    comma = "；" if w.lang == "zh" else "; "
    differs = comma.join(difference.pick(w.lang) for difference in paper.differs)
    if not differs:
        return ", ".join(sentences)
    return Markup('{}<small class="differs">{}</small>').format(
        ", ".join(sentences), w.paper_differs.format(what=differs)
    )


def _paired(runs: Sequence[StoredRun], paired: Paired | None, w: EvaluationWords) -> Markup:
    """The first column (the newer run) against the second one."""
    if paired is None:
        return Markup('<p class="paired">{}</p>').format(w.not_paired)
    if not paired.problems or math.isnan(paired.difference.value):
        return Markup('<p class="paired">{}</p>').format(w.nothing_shared)
    value, low, high = _hundredfold(paired.difference)
    text = w.paired_difference.format(
        second=runs[0].name, first=runs[1].name, n=paired.problems, difference=value, low=low, high=high
    )
    verdict = w.better if low > 0 else w.worse if high < 0 else w.no_difference
    if paired.k > 1:
        value, low, high = _hundredfold(paired.majority)
        text += w.paired_majority.format(k=paired.k, difference=value, low=low, high=high)
    p = f"= {paired.p:.3f}" if paired.p >= 0.001 else "< 0.001"
    mcnemar = w.mcnemar.format(first_only=paired.only_first, second_only=paired.only_second, p=p)
    return Markup('<div class="run paired"><h3>{}</h3><p><b>{}</b></p><p>{}</p><p>{}</p></div>').format(
        w.paired, verdict, text, mcnemar
    )
