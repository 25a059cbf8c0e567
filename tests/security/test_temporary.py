"""A temporary conversation never touches the disk."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from launched import Launched
from site_driver import CHROMIUM, FLAGS, THOUGHT, Site, ask, expect, finished

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's

WORD = "quetzalcoatlus"  # in the message alone


def said(client: httpx.Client, **act: str) -> dict[str, Any]:
    answer = client.post("/r1chat/act", json={"lang": "en", **act})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def in_files(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold a word, in any of the encodings that a program here writes."""
    forms = [word.encode(), word.encode("utf-16-le"), word.upper().encode()]
    return [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launched, httpx.Client, str]]:
    """A launched r1chat whose temporary files lie in the data folder, too, and a temporary conversation in it."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "tmp").mkdir()
    r1chat = Launched(folder, TMPDIR=str(folder / "tmp"), SQLITE_TMPDIR=str(folder / "tmp"))
    r1chat.start()
    with closing(r1chat.client()) as client:
        conversation = said(client, verb="temporary")["conversation"]
        for _ in range(2):
            said(client, verb="ask", text=f"The {WORD} has 27 + 43 = ?", conversation=conversation)
            reply(client, conversation)
        yield r1chat, client, conversation
    r1chat.stop()


def reply(client: httpx.Client, conversation: str) -> str:
    """Wait for the reply that is being made; what the page was sent of the conversation."""
    seen = ""
    deadline = time.monotonic() + 60
    with client.stream("GET", "/r1chat/feed", params={"conversation": conversation, "lang": "en"}) as feed:
        for line in feed.iter_lines():
            seen += line
            if line.startswith("data:") and json.loads(line[5:]).get("state", {}).get("running") == "":
                return seen
            assert time.monotonic() < deadline
    raise AssertionError(seen)


def test_it_is_a_conversation_like_any_other(spoken: tuple[Launched, httpx.Client, str]) -> None:
    _, client, conversation = spoken
    shown = reply(client, conversation)
    assert shown.count(WORD) >= 2 and "70" in shown
    assert "nothing of it is written to disk" in shown


def test_no_file_holds_a_word_of_it(spoken: tuple[Launched, httpx.Client, str]) -> None:
    r1chat, _, _ = spoken
    assert in_files(r1chat.folder, WORD) == []


def test_a_kept_conversation_is_found_by_the_same_search(spoken: tuple[Launched, httpx.Client, str]) -> None:
    r1chat, client, _ = spoken
    kept = said(client, verb="ask", text="The archaeopteryx has 1 + 1 = ?")["conversation"]
    reply(client, kept)
    assert in_files(r1chat.folder, "archaeopteryx")


def test_it_is_listed_apart_and_not_found_by_a_search(spoken: tuple[Launched, httpx.Client, str]) -> None:
    _, client, _ = spoken
    listed = said(client, verb="new")["blocks"][0]["html"]
    assert listed.index("Temporary</h2>") < listed.index(WORD)
    assert WORD not in said(client, verb="search", query=WORD)["blocks"][0]["html"]


def test_it_is_not_in_an_archive_of_everything(spoken: tuple[Launched, httpx.Client, str], tmp_path: Path) -> None:
    from r1chat.cli.main import main

    r1chat, _, _ = spoken
    file = tmp_path / "all.jsonl"
    assert main(["export", "archive", "--everything", "-o", str(file), "--data-dir", str(r1chat.folder)]) == 0
    assert WORD not in file.read_text(encoding="utf-8")


def test_its_replies_can_be_steered_and_judged(spoken: tuple[Launched, httpx.Client, str]) -> None:
    r1chat, client, conversation = spoken
    shown = reply(client, conversation)
    reply_id = shown.partition('"id":"reply-')[2][:32]
    rating = json.dumps({"part": "answer", "thumb": "up"})
    said(client, verb="rate", id=reply_id, text=rating, conversation=conversation)
    assert client.get(f"/r1chat/answer/{reply_id}").status_code == 200
    assert client.get("/r1chat/data/rows").text.count(WORD) == 0
    assert in_files(r1chat.folder, WORD) == []


def test_nothing_of_it_is_left_after_a_kill(spoken: tuple[Launched, httpx.Client, str]) -> None:
    r1chat, client, conversation = spoken
    asking = {"verb": "ask", "text": f"{WORD} {WORD} 1 + 2 = ?", "conversation": conversation}
    client.post("/r1chat/act", json=asking)
    r1chat.stop(signal.SIGKILL)
    assert in_files(r1chat.folder, WORD) == []


# --- on the page -----------------------------------------------------------------------------------------------------


def test_the_page_offers_one_and_says_what_it_is(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    page.get_by_role("button", name="Temporary conversation").click()
    expect(page.locator("#temporary")).to_contain_text("nothing of it is written to disk")
    ask(page, f"A {WORD}")
    finished(page)
    expect(page.locator(".answer")).to_contain_text("10")
    expect(page.get_by_role("switch")).to_have_count(0)
    page.reload()
    expect(page.locator(".ask")).to_contain_text(WORD)
    expect(page.locator("#temporary")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#temporary")).to_have_count(0)
    page.locator("#list .row").filter(has_text=WORD).hover()
    page.get_by_role("button", name=f"Delete: A {WORD}").click()
    expect(page.locator("#list")).not_to_contain_text(WORD)
    expect(page.locator("#list .undo")).to_have_count(0)
    assert in_files(site.folder, WORD) == []


def test_the_browser_keeps_nothing_of_it_either(site: Site, tmp_path: Path) -> None:
    site.serve(THOUGHT)
    assert site.server is not None
    profile = tmp_path / "profile"
    context = site.browser.browser_type.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS)
    page = context.pages[0]
    page.goto(site.server.address)
    page.get_by_role("button", name="Temporary conversation").click()
    expect(page.locator("#temporary")).to_be_visible()
    ask(page, f"A {WORD}")
    finished(page)
    page.get_by_role("textbox", name="Message").fill("An unsent archaeopteryx")
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    page.locator("#list .row").filter(has_text=WORD).locator("[data-verb=open]").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("An unsent archaeopteryx")
    context.close()
    assert in_files(profile, WORD) == []
    assert in_files(profile, "archaeopteryx") == []
