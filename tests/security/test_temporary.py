"""A temporary conversation never touches the disk."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from launched import Launched
from site_driver import CHROMIUM, FLAGS, THOUGHT, Gate, Locator, Page, Route, Site, ask, expect, finished

from r1chat.backends.scripted import Script
from r1chat.messages import Finish, Request

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
    html = reply(client, conversation)
    assert html.count(WORD) >= 2 and "70" in html
    assert "nothing of it is written to disk" in html


def test_no_file_holds_a_word_of_it(spoken: tuple[Launched, httpx.Client, str]) -> None:
    r1chat, _, _ = spoken
    assert in_files(r1chat.folder, WORD) == []


def test_a_kept_conversation_is_found_by_the_same_search(spoken: tuple[Launched, httpx.Client, str]) -> None:
    r1chat, client, _ = spoken
    conversation = said(client, verb="ask", text="The archaeopteryx has 1 + 1 = ?")["conversation"]
    reply(client, conversation)
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
    html = reply(client, conversation)
    reply_id = html.partition('"id":"reply-')[2][:32]
    rating = json.dumps({"part": "answer", "thumb": "up"})
    said(client, verb="rate", id=reply_id, text=rating, conversation=conversation)
    assert client.get(f"/r1chat/answer/{reply_id}").status_code == 200
    assert client.get("/r1chat/data/rows").text.count(WORD) == 0
    assert in_files(r1chat.folder, WORD) == []


def test_kept_presets_can_be_used_in_a_temporary_conversation_and_none_is_kept_from_it(
    spoken: tuple[Launched, httpx.Client, str],
) -> None:
    _, client, conversation = spoken
    brief = json.dumps({"name": "Brief", "system": "Be brief.", "sampling": {}})
    model = {"model": "llama.cpp:r1chat-nano"}
    said(client, verb="save-preset", text=brief, **model)
    offered = json.dumps(said(client, verb="behaviour", conversation=conversation, **model))
    preset = offered.split('data-command=\\"use-preset\\" data-id=\\"', 1)[1][:32]
    used = said(client, verb="use-preset", id=preset, conversation=conversation, **model)
    assert used["behaviour"]["system"] == "Be brief."
    secret_preset = json.dumps({"name": WORD, "system": WORD, "sampling": {}})
    act = {"lang": "en", "verb": "save-preset", "text": secret_preset, "conversation": conversation, **model}
    refused = client.post("/r1chat/act", json=act)
    assert (refused.status_code, "no preset can be saved in it" in refused.text) == (400, True)
    assert WORD not in json.dumps(said(client, verb="behaviour", **model))


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


def begin_temporary(page: Page) -> Locator:
    """Have a reply in a conversation that is kept, then begin a temporary one; the message box."""
    ask(page, "A kept one")
    finished(page)
    page.get_by_role("button", name="Temporary conversation").click()
    expect(page.locator("#temporary")).to_be_visible()
    return page.get_by_role("textbox", name="Message")


def test_the_page_after_a_temporary_conversation_is_an_ordinary_one_and_keeps_its_draft(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    box = begin_temporary(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#temporary")).to_have_count(0)
    box.fill("A long draft")
    page.reload()
    expect(box).to_have_value("A long draft")
    page.keyboard.press("Enter")
    finished(page)
    assert len(app.store.conversations()) == 2


STORED = "JSON.stringify(localStorage)"
KEPT = "textarea, input:not([type=checkbox], [type=radio], [type=file])"  # what browsers keep
LAX = "boxes => boxes.filter(box => box.autocomplete !== 'off').map(box => box.outerHTML)"


def test_what_was_typed_in_it_stays_in_the_tab_however_it_is_left_and_is_gone_when_it_is_deleted(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    box = begin_temporary(page)
    ask(page, f"A {WORD}")
    finished(page)
    box.fill("An unsent archaeopteryx")

    page.locator("#list .row").filter(has_text="A kept one").hover()
    page.get_by_role("button", name="Delete: A kept one").click()
    page.get_by_role("button", name="Undo").click()  # which shows it
    expect(page.locator(".ask")).to_have_text("A kept one")
    expect(box).to_have_value("")
    assert "archaeopteryx" not in page.evaluate(STORED)
    page.locator("#list .row").filter(has_text=WORD).locator("[data-verb=open]").click()
    expect(box).to_have_value("An unsent archaeopteryx")

    page.locator("#list .row").filter(has_text=WORD).hover()
    page.get_by_role("button", name=f"Delete: A {WORD}").click()
    expect(page.locator("#temporary")).to_have_count(0)
    expect(box).to_have_value("")
    assert "archaeopteryx" not in page.evaluate(STORED)


def test_what_is_typed_and_sent_before_the_page_knows_what_it_shows_is_part_of_it(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    page.get_by_role("button", name="Temporary conversation").click()
    expect(page.locator("#temporary")).to_be_visible()
    routes: list[Route] = []
    page.route("**/r1chat/opening?*", lambda route: routes.append(route))
    page.reload()
    page.wait_for_function("window.r1chat")
    box = page.get_by_role("textbox", name="Message")
    box.fill("An unsent archaeopteryx")
    assert "archaeopteryx" not in page.evaluate(STORED)
    ask(page, f"A {WORD}")
    box.fill("An unsent archaeopteryx")
    routes[0].continue_()
    expect(page.locator(".ask")).to_have_text(f"A {WORD}")
    finished(page)
    expect(page.locator("#temporary")).to_be_visible()
    assert app.store.conversations() == []
    assert "archaeopteryx" not in page.evaluate(STORED)


def test_its_summary_stays_in_it_when_another_conversation_is_read_meanwhile(site: Site) -> None:
    class Slow(Gate):
        def __call__(self, request: Request) -> Script:
            if request.so_far is None:
                return iter([*THOUGHT, Finish("stop", prompt_tokens=4000, context=4096)])
            return super().__call__(replace(request, so_far=None))

    gate = Slow(["An early "], ["archaeopteryx."])
    site.serve(gate, context=4096)
    page = site.open()
    box = begin_temporary(page)
    ask(page, f"A {WORD}")
    page.get_by_role("button", name="Continue in a new conversation").click()
    expect(box).to_have_value(re.compile("An early"))
    page.locator("#list .row").filter(has_text="A kept one").locator("[data-verb=open]").click()
    expect(page.locator(".ask")).to_have_text("A kept one")
    gate.opened.set()
    expect(box).not_to_have_attribute("readonly", "")
    expect(box).to_have_value("")
    assert "An early" not in page.evaluate(STORED)
    page.go_back()
    expect(box).to_have_value(re.compile("An early archaeopteryx"))


def test_drafts_of_conversations_that_are_gone_leave_the_disk_when_the_page_opens(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    existing, deleted = app.store.new_conversation("Kept").id, app.store.new_conversation("Deleted").id
    temporary = app.begin_temporary().store.new_conversation().id
    app.store.delete(deleted)
    page.evaluate(
        "ids => ids.forEach(id => localStorage.setItem(`r1chat.draft.${id}`, JSON.stringify({text: `of ${id}`})))",
        ["", existing, deleted, temporary, "f" * 32, "\0'"],
    )
    page.reload()
    drafts = "Object.keys(localStorage).filter(name => name.startsWith('r1chat.draft.')).length"
    page.wait_for_function(f"{drafts} === 2")
    assert page.evaluate(f"localStorage.getItem('r1chat.draft.{existing}')") is not None
    page.goto(f"{page.url}?c={existing}")
    expect(page.get_by_role("textbox", name="Message")).to_have_value(f"of {existing}")


def test_the_browser_keeps_nothing_of_it_either(site: Site, tmp_path: Path) -> None:
    site.serve(THOUGHT)
    assert site.server is not None
    profile = tmp_path / "profile"
    context = site.browser.browser_type.launch_persistent_context(
        profile, executable_path=CHROMIUM, headless=False, args=[*FLAGS, "--headless=new"]
    )
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
    page.locator(".asked").hover()
    page.get_by_role("button", name="Edit").click()
    page.locator("textarea.editing").fill(f"An edited {WORD}")
    page.wait_for_timeout(4000)  # until the session file is written
    page.goto("about:blank")  # what stands in a box is kept for whoever goes back
    context.close()
    assert in_files(profile, WORD) == []
    assert in_files(profile, "archaeopteryx") == []


def test_every_box_for_text_of_every_page_tells_the_browser_to_keep_nothing(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    page.get_by_role("button", name="Good", exact=True).first.click()
    expect(page.locator("textarea.comment")).not_to_have_count(0)
    for opener in ("#behaviour-button", "#settings-button", "[data-command=phrasings]"):
        page.locator(opener).evaluate("button => button.click()")
        expect(page.locator("dialog[open] textarea")).not_to_have_count(0)
        page.locator("dialog[open]").evaluate("dialog => dialog.close()")
    for verb in ("edit", "correct", "rename"):
        page.locator(f"[data-verb={verb}]").first.evaluate("button => button.click()")
    expect(page.locator(".editing:is(textarea)")).to_have_count(2)
    boxes, home = page.locator(KEPT), page.url.partition("?")[0]
    assert boxes.count() > 20
    assert boxes.evaluate_all(LAX) == []
    for path, box in (("data/", "[name=text]"), ("models/", "[name=text]"), ("evaluation/", "[name=count]")):
        page.goto(home + path)
        expect(page.locator(box)).to_be_attached()
        assert boxes.count() > 0 and boxes.evaluate_all(LAX) == []
