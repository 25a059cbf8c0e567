"""What the benchmarks of the page share: a served app, and a headless Chromium that asks nobody outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from r1chat.app import build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import load

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path, backend: ScriptedBackend) -> Iterator[str]:
    """The page with a scripted model, in a thread of this process; the address to open."""
    from r1chat.ui.server import PageServer

    app = build(load(data_dir=folder, port=0, open_browser=False), {backend.name: backend})
    server = PageServer(app)
    server.start()
    try:
        yield server.address
    finally:
        server.stop()
        app.close()
