"""The page of models in a real browser, against a hub on loopback."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hub_server import FakeHub, serving_hub
from replay import Replay, wire, written
from site_driver import Page, Site, ask, expect, finished
from test_ollama_models import SUCCESS, pull_lines, pulled

from r1chat.app import App
from r1chat.backends.ollama import OllamaBackend
from r1chat.config import nano_model
from r1chat.library import CURATED

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


def test_speed_is_measured_when_the_page_is_opened_and_told_for_every_model(
    site: Site, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1CHAT_MEASURE_SPEED", "true")
    app = site.serve()
    page = library(site)
    expect(page.locator(".card").first).to_contain_text("of memory with a window of")
    expect(page.locator("#measuring")).to_have_count(0, timeout=120_000)
    expect(page.locator(".card .forecast").first).to_contain_text("tokens/s: a thought of 3,000 tokens takes about")
    expect(page.locator("#others")).to_contain_text("tokens/s")
    expect(page.locator("#here")).to_contain_text("tokens/s")
    assert app.meter.known() is not None
    page.get_by_role("searchbox").fill("someone/Other-GGUF")  # no model: it has no header to tell by
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#found")).to_contain_text("Q8_0")
    page.get_by_role("searchbox").fill(SMALL.repo)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#found")).to_contain_text("tokens/s")
    page.get_by_role("link", name="Back to the chat").click()
    expect(page.locator(".welcome .get")).to_contain_text("tokens/s")
    expect(page.locator("#model-line")).to_have_attribute("title", re.compile("tokens/s"))


def test_file_of_this_computer_is_used_where_it_is(site: Site, hub: FakeHub, tmp_path: Path) -> None:
    site.serve()
    file = tmp_path / "my models" / "我的.gguf"
    file.parent.mkdir()
    shutil.copy(nano_model(), file)
    page = library(site)
    page.get_by_role("searchbox").fill(str(file))
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Use this file").click()
    expect(page.locator("#here")).to_contain_text("我的")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete 我的").click()
    expect(page.get_by_role("button", name="Delete 我的")).to_have_count(0)
    assert file.exists() and hub.asked == []
    page.get_by_role("searchbox").fill(str(file.parent / "gone.gguf"))
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no file")


@pytest.fixture
def ollama() -> Iterator[Replay]:
    """A server that has one model in memory; its first pull stalls, the second one comes to its end."""
    running = {"name": "r1:latest", "size": 2_000_000_000, "size_vram": 0, "expires_at": "2026-11-20T17:59:53Z"}
    exchanges = [written("GET", "/api/ps", json.dumps({"models": [running]})), written("POST", "/api/chat", "{}")]
    pulls = [pulled(*pull_lines(), stalls_after=4), pulled(*pull_lines(*SUCCESS))]
    with Replay(*exchanges, *pulls, *wire("ollama/01-version")) as server:
        yield server


def test_ollamas_models_are_pulled_kept_and_unloaded_on_the_page(ollama: Replay, site: Site, hub: FakeHub) -> None:
    site.serve(backends={"ollama": OllamaBackend(ollama.url)})
    page = site.open()
    page.goto(page.url.partition("?")[0] + "models/")
    part = page.locator("section:has(#ollama)")
    expect(part).to_contain_text("registry.ollama.ai")
    expect(part).to_contain_text("2.0 GB in memory · until")
    page.get_by_role("button", name="Keep r1:latest in memory").click()
    page.get_by_role("button", name="Unload r1:latest").click()
    expect(part.get_by_role("button", name="Unload")).to_be_enabled()
    assert [request.json["keep_alive"] for request in ollama.asked("/api/chat")] == [-1, 0]
    page.get_by_role("textbox", name="Model to pull").fill("deepseek-r1:1.5b")
    page.get_by_role("button", name="Pull", exact=True).click()
    expect(part.locator(".job")).to_contain_text("of 1.1 GB")
    page.reload()  # the pull goes on
    expect(part.locator(".job")).to_contain_text("of 1.1 GB")
    page.get_by_role("button", name="Cancel: deepseek-r1:1.5b").click()
    expect(part.locator(".job")).to_have_count(0)
    assert ollama.asked("/api/pull")[0].left.wait(20)
    page.get_by_role("textbox", name="Model to pull").fill("deepseek-r1:1.5b")
    page.keyboard.press("Enter")
    expect(part.locator(".job.done")).to_be_visible()
    expect(part.get_by_role("link", name="Chat with deepseek-r1:1.5b")).to_be_visible()


def test_unknown_model_in_the_address_is_told(browser: Browser, site: Site, hub: FakeHub) -> None:
    site.serve()
    page = site.open("&model=llama.cpp:gone")
    expect(page.locator("body")).to_contain_text("llama.cpp:gone")
