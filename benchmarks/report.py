"""What every benchmark shares: figures and bars, printed for a person or as one JSON object.

    report = Report("decode")
    report.figure("tokens/s", 1234.5)
    report.bar("speed, of the bare loop's", 0.99, at_least=0.97)
    report.print(as_json=False)

A bar that does not hold is said, and is no failure of the program: the exit code stays 0.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure that must not be worse than a bar; `what` says on which side of it that is."""

    what: str
    value: float
    bar: float
    holds: bool


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, in the order in which they were taken."""

    name: str
    figures: dict[str, float | str] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)

    def figure(self, what: str, value: float | str) -> None:
        """Something measured, or a condition that it was measured under."""
        self.figures[what] = value

    def bar(self, what: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
        """A figure with the one bar that is given."""
        if at_least is not None:
            self.bars.append(Bar(f"{what}, at least", value, at_least, value >= at_least))
        if at_most is not None:
            self.bars.append(Bar(f"{what}, at most", value, at_most, value <= at_most))

    def print(self, as_json: bool) -> None:
        """Print everything to standard output."""
        system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        machine = f"{system}, Python {platform.python_version()}"
        if as_json:
            bars = [asdict(bar) for bar in self.bars]
            print(json.dumps({"benchmark": self.name, "machine": machine, "figures": self.figures, "bars": bars}))
            return
        print(f"{self.name} ({machine})")
        width = max(map(len, [*self.figures, *(bar.what for bar in self.bars)]), default=0)
        for what, value in self.figures.items():
            print(f"  {what:{width}}  {_short(value)}")
        for bar in self.bars:
            verdict = "holds" if bar.holds else "DOES NOT HOLD"
            print(f"  {bar.what:{width}}  {_short(bar.value)}  (bar {_short(bar.bar)}: {verdict})")


def _short(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
