"""From the command to a usable page, and from send to the first token: `python -m benchmarks.start [--json]`.

Starts `python app.py` with an empty data folder, as a new user would, several times; Chromium is already open.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.browser import chromium
from benchmarks.report import Report

ROOT = Path(__file__).parents[1]
USABLE = "#prompt textarea:not([disabled])"


def _environment() -> dict[str, str]:
    """As a user has it: modules are compiled once, and the nano answers, whatever else is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"R1CHAT_FIND_MODELS": "false"}


def once(browser: object) -> tuple[float, float, float, float]:
    """Seconds from the command to the address, to a page that takes a question, and from Enter to the first token; and
    the processor time that the server took until then, which says more where other programs run."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        server = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--port", "0", "--no-browser", "--data-dir", folder],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=_environment(),
        )
        try:
            assert server.stdout is not None
            address = next(word for line in server.stdout for word in line.split() if word.startswith("http"))
            printed = time.monotonic() - begin
            page = browser.new_page()  # type: ignore[attr-defined]
            page.goto(address)
            page.wait_for_selector("#model-button .dot.ready")
            page.wait_for_selector(USABLE)
            page.locator("#prompt textarea").fill("27 + 43 = ?")
            usable = time.monotonic() - begin
            processor_time = sum(psutil.Process(server.pid).cpu_times()[:2])
            sent_at = time.monotonic()
            page.keyboard.press("Enter")
            page.wait_for_function("document.querySelector('.step')?.textContent.trim().length > 0", polling="raf")
            first = time.monotonic() - sent_at
            page.wait_for_selector(".answer .part")
            page.close()
        finally:
            server.terminate()
            server.wait(20)
    return printed, usable, first, processor_time


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--runs", type=int, default=5)
    cli.add_argument("--json", action="store_true")
    args = cli.parse_args()
    with chromium() as browser:
        once(browser)  # fills the disk cache, as any second start of a program finds it
        runs = [once(browser) for _ in range(args.runs)]
    printed, usable, first, processor_time = (statistics.median(column) for column in zip(*runs, strict=True))
    report = Report("start")
    report.bar("from the command to a usable page, median, s", usable, at_most=4.0)
    report.bar("from send to nano's first token on screen, median, s", first, at_most=0.5)
    report.figure("from the command to the address, median, s", printed)
    report.figure("processor time of the server until the page is usable, median, s", processor_time)
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()
