"""A long chain of thought in a real browser: `python -m benchmarks.page [--tokens 32000] [--rate 200] [--json]`.

A scripted model speaks 200 tokens a second, with a formula in every second line. Each word carries its number and the
page's own clock says when it was on the screen; both clocks are this machine's. Needs Chromium and the `test` extra.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.browser import chromium, served
from benchmarks.report import Report
from r1chat.backends.scripted import ScriptedBackend
from r1chat.messages import BackendEvent, Raw, Request

FORMULA = r"$\frac{a^2+b^2}{c} = \sum_{i=1}^{n} i^2$"
WORDS_A_LINE = 24
LINES_A_STEP = 2

# The newest word is looked for in the last block only, after each frame that followed a change.
PROBE = """
() => {
  window.seen = []; window.updates = 0;
  let dirty = false;
  new MutationObserver(() => {
    if (dirty) return;
    dirty = true;
    requestAnimationFrame(() => setTimeout(() => {  // after this frame was drawn
      dirty = false;
      const steps = document.querySelectorAll('.step');
      for (let i = steps.length - 1; i >= Math.max(0, steps.length - 4); i--) {
        const numbers = [...steps[i].textContent.matchAll(/w(\\d+);/g)];
        if (numbers.length) { window.seen.push([Number(numbers.at(-1)[1]), Date.now()]); window.updates++; return; }
      }
    }));
  }).observe(document.querySelector('.read'), {subtree: true, childList: true, characterData: true});
}
"""
# A click is answered when the frame after it has been drawn.
CLICK = """
() => new Promise(done => {
  const summary = document.querySelector('details.thought > summary'), start = performance.now();
  const drawn = () => setTimeout(() => done(performance.now() - start));
  summary.addEventListener('click', () => requestAnimationFrame(drawn), {once: true});
  setTimeout(() => summary.click());
})
"""


class Speaker:
    """Says numbered words, and remembers when it said which."""

    def __init__(self, total: int, rate: float) -> None:
        self.total, self.rate = total, rate
        self.said: list[float] = []
        self.start = threading.Event()

    def __call__(self, request: Request) -> Iterator[BackendEvent]:
        yield Raw("<think>\n", 0)
        self.start.wait(60)
        begin = time.monotonic()
        for number in range(self.total):
            due = begin + number / self.rate
            if (left := due - time.monotonic()) > 0:
                time.sleep(left)
            line, place = divmod(number, WORDS_A_LINE)
            end = "" if place < WORDS_A_LINE - 1 else "\n\n" if line % LINES_A_STEP else "\n"
            formula = FORMULA if place == WORDS_A_LINE // 2 and line % 2 else ""
            self.said.append(time.time())
            yield Raw(f"w{number}; {formula}{end}")
        yield Raw("\n</think>\n\nDone.")


def measure(total: int, rate: float) -> dict[str, Any]:
    """One run; delays in ms, memory in MB."""
    speaker = Speaker(total, rate)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), ScriptedBackend(speaker)) as address,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("#model-button .dot.ready")
        page.get_by_role("textbox", name="Message").fill("Count for me.")
        page.keyboard.press("Enter")
        page.wait_for_selector("details.thought[open]")
        page.evaluate(PROBE)
        speaker.start.set()
        clicks, marks = [], []
        for _ in itertools.count():
            time.sleep(min(5.0, total / rate / 8))
            mark = (time.time(), page.evaluate("window.updates"))
            if len(speaker.said) >= total:  # it ended within this stretch
                break
            marks.append(mark)
            clicks.append(page.evaluate(CLICK))
            page.evaluate(CLICK)  # and open again
        page.wait_for_selector(".answer:has-text('Done.')", timeout=60_000)
        seen = page.evaluate("window.seen")
        nodes = page.evaluate("document.querySelectorAll('*').length")
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable")
        metrics = {m["name"]: m["value"] for m in client.send("Performance.getMetrics")["metrics"]}
        memory = _renderer_memory()
    if len(marks) < 2:
        raise SystemExit(f"The run was over too soon to be measured: {len(speaker.said)} words; give it more --tokens.")
    delays = sorted((when - speaker.said[number] * 1000) for number, when in seen)
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(marks)]
    return {
        "updates_last": statistics.median(rates[-4:]),
        "updates_least": min(rates),
        "delay_p95": delays[int(len(delays) * 0.95)],
        "delay_median": statistics.median(delays),
        "click_worst": max(clicks),
        "click_median": statistics.median(clicks),
        "heap": metrics["JSHeapUsedSize"] / 1e6,
        "memory": memory,
        "nodes": nodes,
    }


def _renderer_memory() -> float:
    """Resident memory of the largest renderer process, in MB."""
    largest = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                resident = re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())
                largest = max(largest, int(resident[1]) / 1000 if resident else 0.0)
        except OSError:  # it ended meanwhile
            continue
    return largest


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--tokens", type=int, default=32_000)
    cli.add_argument("--rate", type=float, default=200.0)
    cli.add_argument("--json", action="store_true")
    args = cli.parse_args()
    os.environ.setdefault("R1CHAT_OPEN_BROWSER", "false")
    print(f"page: {args.tokens:,} tokens take about {args.tokens / args.rate:,.0f} s", file=sys.stderr, flush=True)
    got = measure(args.tokens, args.rate)
    report = Report("page")
    report.bar("updates per second at the end", got["updates_last"], at_least=9.0)
    report.bar("updates per second in the slowest stretch", got["updates_least"], at_least=9.0)
    report.bar("text on screen after it was made, 95th percentile, ms", got["delay_p95"], at_most=100.0)
    report.bar("a click answered, worst, ms", got["click_worst"], at_most=200.0)
    report.figure("text on screen after it was made, median, ms", got["delay_median"])
    report.figure("a click answered, median, ms", got["click_median"])
    report.figure("JavaScript heap of the tab, MB", got["heap"])
    report.figure("resident memory of the tab's process, MB", got["memory"])
    report.figure("nodes in the document", got["nodes"])
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()
