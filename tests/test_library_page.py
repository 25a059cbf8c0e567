"""The page of models in a real browser, against a hub on loopback."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import FakeHub, serving_hub
from playwright.sync_api import Browser, Page, expect
from site_driver import Site, ask, finished

from r1chat.app import App
from r1chat.config import nano_model
from r1chat.library import CURATED

SMALL = CURATED[0]
FILE = SMALL.quantisations[0].file


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub whose smallest distill is the nano model under another name, with something behind it to make it larger."""
    with serving_hub() as hub:
        hub.files[SMALL.repo] = {FILE: nano_model().read_bytes()}
        hub.files["someone/Other-GGUF"] = {"Other-Q8_0.gguf": random.Random(2).randbytes(2_000_000)}
        monkeypatch.setenv("R1CHAT_HUB", hub.address)
        yield hub


def library(site: Site) -> Page:
    page = site.open()
    page.get_by_role("link", name="All models").first.click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    return page


def test_three_clicks_from_the_empty_page_to_an_answer(site: Site, hub: FakeHub) -> None:
    site.serve()
    page = site.open()
    expect(page.locator(".welcome")).to_contain_text("Get DeepSeek-R1-Distill")
    assert hub.asked == []
    page.get_by_role("link", name="All models").first.click()  # one
    assert hub.asked == []
    expect(page.locator("header")).to_contain_text(hub.address.removeprefix("http://"))
    page.get_by_role("button", name=f"Download {SMALL.name},").click()  # two
    page.get_by_role("link", name=f"Chat with {Path(FILE).stem}").first.click()  # three
    expect(page.locator("#model-line")).to_be_attached()
    ask(page, "27 + 43 = ?")
    finished(page)
    expect(page.locator(".answer").last).to_contain_text("70")


def test_download_is_paused_resumed_and_survives_a_reload(site: Site, hub: FakeHub) -> None:
    site.serve()
    page = library(site)
    hub.pace.clear()
    page.get_by_role("button", name=f"Download {SMALL.name},").click()
    page.get_by_role("button", name="Pause").click()
    hub.pace.set()
    expect(page.locator(".job")).to_contain_text("paused at")
    page.reload()
    expect(page.locator(".job")).to_contain_text("paused at")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".job.done")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    assert not list((site.folder / "models").rglob("*.gguf"))


def test_failure_of_the_hub_is_a_sentence_and_the_download_can_be_tried_again(site: Site, hub: FakeHub) -> None:
    site.serve()
    page = library(site)
    hub.status = 401
    page.get_by_role("button", name=f"Download {SMALL.name},").click()
    expect(page.locator(".job.failed")).to_contain_text("R1CHAT_HUB_TOKEN")
    hub.status = 0
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".job.done")).to_be_visible()


def test_search_lists_repositories_and_their_files(site: Site, hub: FakeHub) -> None:
    site.serve()
    page = library(site)
    page.get_by_role("searchbox").fill("other")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Choose a file").click()
    expect(page.locator("#found")).to_contain_text("Q8_0")
    page.get_by_role("searchbox").fill("nobody/nothing")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("no such model")
    page.get_by_role("button", name="Download Other-Q8_0").click()
    expect(page.locator(".job.done")).to_be_visible()


def test_page_fits_a_phone_and_speaks_chinese(site: Site, hub: FakeHub) -> None:
    app: App = site.serve()
    shutil.copy(nano_model(), app.settings.models_folder / "我的 模型.gguf")
    page = site.open(width=390, locale="zh-CN")
    page.goto(page.url.partition("?")[0] + "models/")
    expect(page.get_by_role("heading", name="模型", exact=True)).to_be_visible()
    expect(page.locator("#here")).to_contain_text("我的 模型")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    short = "[...document.querySelectorAll('button, .chat')].filter(e => e.getBoundingClientRect().height < 44).length"
    assert page.evaluate(short) == 0


def test_unknown_model_in_the_address_is_told(browser: Browser, site: Site, hub: FakeHub) -> None:
    site.serve()
    page = site.open("&model=llama.cpp:gone")
    expect(page.locator("body")).to_contain_text("llama.cpp:gone")
