"""Drives the page in a real browser: an app of its own for each test, and the tabs that look at it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1chat.messages import Progress, Raw, Request

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

    from r1chat.app import App
    from r1chat.backends import Backend
    from r1chat.backends.scripted import Script
    from r1chat.ui.server import PageServer
else:  # names for annotations: Playwright and the page are imported by the first test that uses a browser
    Browser = BrowserContext = Locator = Page = Route = Any

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
THOUGHT = ["<think>", "\n7 + 3", " is 10.", "\n</think>\n\n", "It is ", "**10**."]

TIMEOUT = 20_000  # milliseconds; a busy machine takes longer than Playwright's 5 s


def expect(actual: Any, message: str | None = None) -> Any:
    """Playwright's assertions, with a longer timeout."""
    from playwright.sync_api import expect

    expect.set_options(timeout=TIMEOUT)
    return expect(actual, message)


class Site:
    """A served app, and the pages that look at it. Fails a test whose page asked anybody outside."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.app: App | None = None
        self.server: PageServer | None = None
        self.contexts: list[BrowserContext] = []
        self.outside: list[str] = []
        self.broken: list[str] = []

    def serve(
        self,
        script: Callable[[Request], Script] | list[str] | None = None,
        backends: Mapping[str, Backend] | None = None,
        model: str = "",
        **options: object,
    ) -> App:
        """Start (or, after `down`, restart) the app: with a script, these backends, or the model that ships with it."""
        from r1chat.app import build
        from r1chat.backends.scripted import ScriptedBackend
        from r1chat.config import load
        from r1chat.ui.server import PageServer

        if script is not None:
            play = script if callable(script) else lambda _request: script
            backends = {"scripted": ScriptedBackend(play, **options)}  # type: ignore[arg-type]
        self.app = build(load(data_dir=self.folder, port=0, open_browser=False, ollama=False, model=model), backends)
        self.server = PageServer(self.app)
        self.server.start()
        return self.app

    def open(
        self, path: str = "", width: int = 1280, height: int = 800, locale: str = "en-GB", theme: str = "light"
    ) -> Page:
        """A new tab in a browser profile of its own."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            color_scheme="dark" if theme == "dark" else "light",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(TIMEOUT)
        self.contexts.append(context)
        return self.tab(context, path)

    def tab(self, context: BrowserContext, path: str = "") -> Page:
        assert self.server is not None
        page = context.new_page()
        page.on("request", lambda request: self._asked(request.url))
        page.on("pageerror", lambda error: self.broken.append(str(error)))
        page.goto(self.server.address + path)
        page.wait_for_selector("#model-line", state="attached")
        return page

    @property
    def key(self) -> dict[str, str]:
        """The header that the page's own scripts send; for requests that are made beside them."""
        assert self.server is not None
        return {"x-r1chat-key": self.server.keys.session}

    def _asked(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.outside.append(url)

    def down(self) -> None:
        assert self.app is not None
        assert self.server is not None
        for context in self.contexts:
            context.close()
        self.contexts = []
        self.app.chat.close()
        self.server.stop()
        self.app.close()


class Gate:
    """A model that thinks a little, and goes on when it is told to."""

    def __init__(self, first: Sequence[str | Raw | Progress], rest: Sequence[str | Raw]) -> None:
        self.first, self.rest, self.opened = first, rest, threading.Event()

    def __call__(self, request: Request) -> Script:
        if request.so_far is None:
            yield from self.first
            while not self.opened.wait(0.02):
                last = self.first[-1]
                yield last if isinstance(last, Progress) else Progress("waiting")
        yield from self.rest


def ask(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")


def finished(page: Page) -> None:
    expect(page.locator(".reply.done").last).to_be_visible()
    expect(page.locator(".reply").last).to_have_class(re.compile("done"))


def more(page: Page, name: str, exact: bool = False) -> Locator:
    """An act in the menu of the newest reply that is done, opened."""
    finished(page)
    menu = page.locator(".reply .more").last
    if menu.get_attribute("open") is None:
        menu.locator("> summary").click()
    return menu.get_by_role("button", name=name, exact=exact)


def choose(page: Page, menu: str, option: str | re.Pattern[str]) -> None:
    """Choose an option of a menu of the composer: "Model" or "Thinking"."""
    page.get_by_role("button", name=re.compile(f"^{menu}:")).click()
    page.get_by_role("menuitemradio", name=option).click()


def choose_budget(page: Page, tokens: int) -> None:
    """A thinking budget: one that is offered, or one's own."""
    offered = {512: "512 tokens", 2048: "2,048 tokens", 8192: "8,192 tokens"}.get(tokens)
    choose(page, "Thinking", offered or "Custom…")
    if offered is None:
        box = page.get_by_role("spinbutton", name="Thinking tokens")
        box.fill(str(tokens))
        box.press("Tab")


def choose_setting(page: Page, tab: str, option: str) -> None:
    """Choose an option in the settings, and close them."""
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("radio", name=option).check(force=True)
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
