"""Tells what a run found: as lines for a terminal, as JSON, and beside what the paper says of the same model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from r1chat.both import Both
from r1chat.evaluation.measures import Estimate, Measures, Paired

# DeepSeek-R1 (arXiv 2501.12948v1), table 5: percent, pass@1 of 64 samples at temperature 0.6, top-p 0.95, at most
# 32,768 tokens; cons@64 for AIME 2024.
PAPER: dict[str, dict[str, float]] = {
    "Qwen-1.5B": {"aime_2024": 28.9, "aime_2024 cons@64": 52.7, "math_500": 83.9, "gpqa_diamond": 33.8},
    "Qwen-7B": {"aime_2024": 55.5, "aime_2024 cons@64": 83.3, "math_500": 92.8, "gpqa_diamond": 49.1},
    "Llama-8B": {"aime_2024": 50.4, "aime_2024 cons@64": 80.0, "math_500": 89.1, "gpqa_diamond": 49.0},
    "Qwen-14B": {"aime_2024": 69.7, "aime_2024 cons@64": 80.0, "math_500": 93.9, "gpqa_diamond": 59.1},
    "Qwen-32B": {"aime_2024": 72.6, "aime_2024 cons@64": 83.3, "math_500": 94.3, "gpqa_diamond": 62.1},
    "Llama-70B": {"aime_2024": 70.0, "aime_2024 cons@64": 86.7, "math_500": 94.5, "gpqa_diamond": 65.2},
}
PAPER_PROBLEMS = {"aime_2024": 30, "math_500": 500, "gpqa_diamond": 198}
PAPER_SAMPLES, PAPER_TOKENS, PAPER_TEMPERATURE, PAPER_TOP_P = 64, 32_768, 0.6, 0.95

_DISTILL = re.compile(r"distill[-_ ]?(qwen|llama)[-_ ]?(1\.5b|7b|8b|14b|32b|70b)", re.IGNORECASE)
_OLLAMA = {"1.5b": "Qwen-1.5B", "7b": "Qwen-7B", "8b": "Llama-8B", "14b": "Qwen-14B", "32b": "Qwen-32B"}


@dataclass(frozen=True, slots=True)
class Compared:
    """The paper's figure for the same distill and task, in percent, and where this run differs from its setting."""

    row: str
    pass_1: float
    majority: float | None
    differs: tuple[Both, ...]


def paper_row(specification: Mapping[str, Any], measures: Measures) -> Compared | None:
    """What the paper says of this model on this task; None where it says nothing."""
    row, column = distill(f"{specification['title']} {specification['model']}"), str(specification.get("paper", ""))
    if row is None or column not in PAPER[row]:
        return None
    values = dict(specification.get("sampling", ()))
    temperature = values.get("temperature", specification.get("recommended", {}).get("temperature", PAPER_TEMPERATURE))
    differs = []
    if measures.problems != PAPER_PROBLEMS[column]:
        differs.append(_PROBLEMS.format(here=measures.problems, paper=PAPER_PROBLEMS[column]))
    if measures.k != PAPER_SAMPLES:
        differs.append(_SAMPLES.format(here=measures.k, paper=PAPER_SAMPLES))
    if values.get("max_tokens") != PAPER_TOKENS:
        differs.append(_TOKENS.format(here=values.get("max_tokens") or _WINDOW, paper=PAPER_TOKENS))
    if temperature != PAPER_TEMPERATURE:
        differs.append(_TEMPERATURE.format(here=temperature, paper=PAPER_TEMPERATURE))
    if specification.get("quantisation"):
        differs.append(_QUANTISED.format(here=specification["quantisation"]))
    if specification.get("budget") is not None:
        differs.append(_BUDGET.format(here=specification["budget"]))
    return Compared(row, PAPER[row][column], PAPER[row].get(f"{column} cons@64"), tuple(differs))


def distill(name: str) -> str | None:
    """The paper's name of a distill, by the name of a model; None where it is none."""
    if match := _DISTILL.search(name):
        row = f"{match[1].title()}-{match[2].upper()}"
        return row if row in PAPER else None
    if match := re.search(r"deepseek-r1:(\S+)", name):
        return _OLLAMA.get(match[1].lower())
    return None


def as_values(specification: Mapping[str, Any], measures: Measures) -> dict[str, Any]:
    """All of it, for programs; a figure that could not be counted is null."""
    paper = paper_row(specification, measures)
    paper_values = {**asdict(paper), "differs": [difference.en for difference in paper.differs]} if paper else None
    values = {"run": dict(specification), "measures": asdict(measures), "paper": paper_values}
    return finite(values)  # type: ignore[no-any-return]


def rows(measures: Measures) -> Iterator[tuple[str, str, str]]:
    """Name, figure and interval of each measure, worded for a person."""
    k = measures.k
    yield "pass@1", *_percent(measures.pass_1)
    if k > 1:
        yield f"pass@{k}", *_percent(measures.pass_k)
        yield f"cons@{k}", *_percent(measures.majority)
    yield "thinking tokens", *_plain(measures.thinking, "{:,.0f}")
    yield "truncated", *_percent(measures.truncated)
    yield "format", *_percent(measures.format)
    yield "language", *_percent(measures.language)
    for kind, estimate in measures.moments.items():
        yield f"moments: {kind}", *_plain(estimate, "{:.2f}")
    yield "tokens/s", *_plain(measures.speed, "{:,.1f}")


def lines(specification: Mapping[str, Any], measures: Measures) -> list[str]:
    """A run as lines of text."""
    text = [
        f"{specification['task']}: {measures.problems} problems × {measures.k}, "
        f"{specification['title']} ({specification['source']})"
    ]
    text += [f"  {name:<24}{figure:>10}   {interval}" for name, figure, interval in rows(measures)]
    if measures.undecided:
        text.append(f"  {measures.undecided} samples could not be judged, and count neither way")
    if measures.failed:
        text.append(f"  {measures.failed} samples failed, and count as wrong")
    if paper := paper_row(specification, measures):
        majority = f", cons@64 {paper.majority} %" if paper.majority is not None else ""
        text.append(f"  the paper, R1-Distill-{paper.row}: pass@1 {paper.pass_1} %{majority}")
        text += [f"    this run differs: {difference}" for difference in paper.differs]
    return text


def paired_lines(paired: Paired, names: Sequence[str]) -> list[str]:
    """A comparison as lines of text."""
    figure, interval = _percent(paired.difference)
    low, high = paired.difference.low, paired.difference.high
    verdict = "better" if low > 0 else "worse" if high < 0 else "no difference shown"
    lines = [
        f"{names[1]} against {names[0]}, on {paired.problems} problems: {verdict}",
        f"  pass@1, difference     {figure:>10}   {interval}",
    ]
    if paired.k > 1:
        figure, interval = _percent(paired.majority)
        lines.append(f"  {f'cons@{paired.k}, difference':<23}{figure:>10}   {interval}")
    return [
        *lines,
        f"  right in one alone     {paired.only_second} against {paired.only_first} (McNemar, p = {paired.p:.3f})",
    ]


def _percent(estimate: Estimate) -> tuple[str, str]:
    if math.isnan(estimate.value):
        return "–", ""
    return f"{100 * estimate.value:.1f} %", f"{100 * estimate.low:.1f} … {100 * estimate.high:.1f}"


def _plain(estimate: Estimate, form: str) -> tuple[str, str]:
    if math.isnan(estimate.value):
        return "–", ""
    return form.format(estimate.value), f"{form.format(estimate.low)} … {form.format(estimate.high)}"


def finite(value: Any) -> Any:
    """The same with None for nan, which JSON does not know."""
    if isinstance(value, dict):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


_PROBLEMS = Both("{here} problems, not {paper}", "{here} 道题，而非 {paper} 道")
_SAMPLES = Both("{here} samples, not {paper}", "{here} 次采样，而非 {paper} 次")
_TOKENS = Both("{here} tokens, not {paper:,}", "{here} 个 token，而非 {paper:,} 个")
_WINDOW = Both("as many as the window holds", "上下文窗口所能容纳的")
_TEMPERATURE = Both("temperature {here}, not {paper}", "温度 {here}，而非 {paper}")
_QUANTISED = Both("quantised as {here}; the paper's weights are 16 bits", "量化为 {here}；论文使用 16 位权重")
_BUDGET = Both("a thinking budget of {here} tokens; the paper sets none", "思考预算 {here} 个 token；论文未设预算")
