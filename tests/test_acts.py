"""What the page sends of a person's acts: hostile input, and that no click is lost, whatever is pending."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import httpx
import psutil
import pytest
from keyed import PLAIN, open_page
from site_driver import CHROMIUM, THOUGHT, Gate, Page, Site, ask, expect, finished

from r1chat.app import App, build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import Settings
from r1chat.errors import MessageError
from r1chat.ui.act import Act
from r1chat.ui.payload import Payload
from r1chat.ui.registry import ACTIONS
from r1chat.ui.server import PageServer
from r1chat.ui.words.page import WORDS

DEEP = ("[" * 100_000, '{"a":' * 100_000, '{"text": ' + "[" * 100_000 + "}")
LINE = "A line of thought that takes some room.\n\n"
BOX = "document.querySelector('.scroll')"
AWAY = f"({BOX}.scrollHeight - {BOX}.scrollTop - {BOX}.clientHeight)"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's
in_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


# --- the reader ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "null", '"text"', "\x00", "{", *DEEP])
def test_what_is_no_object_has_no_fields(text: str) -> None:
    payload = Payload.parse(text)
    assert (payload.text("text"), payload.number("n"), payload.flag("f"), payload.strings()) == ("", None, None, {})
    assert payload.object("o").object("o").text("text") == ""


@pytest.mark.parametrize("value", [None, True, "3", [3], {}, -1, 1e400, float("nan")])
def test_only_numbers_from_zero_on_are_numbers(value: object) -> None:
    payload = Payload({"n": value})
    assert (payload.number("n"), payload.count("n"), payload.place("n")) == (None, None, -1)


def test_half_a_surrogate_pair_is_no_text_that_breaks_the_store() -> None:
    payload = Payload.parse('{"text": "a\\ud800b", "\\udc00": "\\ud800"}')
    assert payload.text("text") == "a\ufffdb"
    assert payload.strings() == {"text": "a\ufffdb", "\ufffd": "\ufffd"}


@pytest.mark.slow
@pytest.mark.parametrize(("budget", "own"), [("own", None), ("own", True), ("own", 1.5), ("own", "9"), ("many", 9)])
def test_a_budget_that_is_no_number_is_refused(budget: str, own: object) -> None:
    with pytest.raises(MessageError) as refused:
        _ = Act("ask", budget=budget, own_budget=own).steering
    assert refused.value.sentence("zh") == WORDS["zh"].bad_budget


# --- the route -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, httpx.Client]]:
    """An app with one conversation, and a client that holds its key."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), ollama=False, port=0)
    app = build(settings, {"scripted": ScriptedBackend(lambda _: THOUGHT)})
    app.chat.send(None, "7 + 3 = ?", "scripted:scripted").wait(10)
    server = PageServer(app)
    server.start()
    with httpx.Client(**PLAIN, timeout=20) as client:
        open_page(client, server.address)
        yield app, client
    server.stop()
    app.close()


def conversation_of(app: App) -> str:
    return app.store.conversations()[0].id


HOSTILE = ("../../etc/passwd", "<img src=x onerror=alert(1)>", "x" * 5_000, "\ud800\x00'\";--")


@pytest.mark.parametrize("verb", sorted(ACTIONS))
def test_a_made_up_act_ends_in_a_sentence_and_changes_nothing(served: tuple[App, httpx.Client], verb: str) -> None:
    app, client = served
    before = app.store.conversation(conversation_of(app))
    fields = ("id", "text", "conversation", "model", "lang", "budget", "own", "keep", "query")
    for hostile in HOSTILE:
        body = json.dumps({"verb": verb, **dict.fromkeys(fields, hostile)})
        response = client.post("/r1chat/act", content=body)
        assert response.status_code in (200, 400), hostile
        if response.status_code == 400:
            assert re.search(r"[.!?]$", response.text), hostile
            assert response.headers["content-type"].startswith("text/plain"), hostile
    assert app.store.conversation(conversation_of(app)) == before


@pytest.mark.parametrize("body", ["", "[]", "null", '{"verb": ["stop"]}', '{"verb": "__class__"}', *DEEP])
def test_what_is_no_act_is_refused(served: tuple[App, httpx.Client], body: str) -> None:
    response = served[1].post("/r1chat/act", content=body)
    assert (response.status_code, response.text) == (400, WORDS["en"].unknown_act)


def test_an_act_is_refused_in_the_language_of_its_page(served: tuple[App, httpx.Client]) -> None:
    refused = served[1].post("/r1chat/act", json={"verb": "vote", "text": "many", "lang": "zh"})
    assert (refused.status_code, "many" in refused.text) == (400, True)
    assert refused.text == WORDS["zh"].bad_samples.format(value="many")


def test_a_response_waits_for_no_acknowledgement_of_its_first_part(served: tuple[App, httpx.Client]) -> None:
    url = served[1].base_url
    with socket.create_connection((url.host, url.port), timeout=20) as ours:
        ours.sendall(f"GET /r1chat/key.js HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n\r\n".encode())
        assert ours.recv(12) == b"HTTP/1.1 200"
        (number,) = (c.fd for c in psutil.Process().net_connections("tcp") if c.raddr == ours.getsockname())
        with socket.socket(fileno=os.dup(number)) as theirs:
            assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_an_act_that_is_too_long_is_refused_without_being_read(served: tuple[App, httpx.Client]) -> None:
    response = served[1].post("/r1chat/act", content=b'{"text": "' + b"x" * 17_000_000)
    assert (response.status_code, response.text) == (413, WORDS["en"].long_act)


def test_no_other_page_and_nobody_without_the_key_can_act(served: tuple[App, httpx.Client]) -> None:
    app, client = served
    act = {"verb": "delete", "id": conversation_of(app)}
    assert client.post("/r1chat/act", json=act, headers={"origin": "http://evil.example"}).status_code == 403
    assert httpx.post(f"{client.base_url}r1chat/act", json=act, **PLAIN).status_code == 403
    assert client.get("/r1chat/act").status_code in (404, 405)
    assert len(app.store.conversations()) == 1


def test_a_conversation_that_cannot_be_read_can_be_deleted(served: tuple[App, httpx.Client]) -> None:
    app, client = served
    broken = app.store.new_conversation("Broken").id
    app.store.add_turn(broken, "7 + 3 = ?", None)
    with closing(sqlite3.connect(app.settings.data_dir / "r1chat.db")) as database, database:
        database.execute("UPDATE turn SET created_at = 'abc' WHERE conversation_id = ?", [broken])
    with pytest.raises(ValueError, match="isoformat"):
        app.store.conversation(broken)
    assert client.post("/r1chat/act", json={"verb": "delete", "id": broken}).status_code == 200
    assert broken not in [info.id for info in app.store.conversations()]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("talk/main.js", 200),
        ("judge/rating.js", 200),
        ("talk/../server.py", 404),
        ("talk%2f..%2fserver.py", 404),
        ("server.py", 404),
        ("page.css", 404),
        ("talk/none.js", 404),
    ],
)
def test_only_our_own_scripts_are_served(served: tuple[App, httpx.Client], path: str, status: int) -> None:
    response = served[1].get(f"/r1chat/scripts/{path}")
    assert response.status_code == status
    assert (response.headers["content-type"].partition(";")[0] == "text/javascript") is (status == 200)


# --- in a browser: no click is lost ----------------------------------------------------------------------------------


@in_browser
def test_thirty_quick_clicks_and_messages_right_after_each_other_are_all_carried_out(site: Site) -> None:
    app = site.serve(lambda request: ["<think>hm</think>", f"You said {request.messages[-1].content}."])
    page = site.open()
    ask(page, "one")
    finished(page)
    page.locator("[data-key=answer-up]").click()
    expect(page.locator("[data-key=answer-up]")).to_have_attribute("aria-pressed", "true")
    page.evaluate(
        """() => { for (let i = 0; i < 30; i++) {
          const mark = document.querySelector(`[data-key=answer-clarity-${i % 5 + 1}]`);
          mark.dataset.text = JSON.stringify({part: 'answer', comment: `comment ${i}`});
          mark.click();
        } }"""
    )
    page.wait_for_function("document.querySelector('.teach textarea.comment')?.value === 'comment 29'", timeout=60_000)
    with sqlite3.connect(next(site.folder.rglob("*.db"))) as database:
        (count,) = database.execute("SELECT count(DISTINCT comment) FROM rating WHERE comment <> ''").fetchone()
    assert count == 30

    for number in range(10):
        ask(page, f"message {number}")
        expect(page.locator(".answer").last).to_have_text(f"You said message {number}.")
        expect(page.locator(".reply").last).to_have_class(re.compile("done"))
    assert [turn.content for turn in app.store.conversation(conversation_of(app)).turns[1:]] == [
        f"message {number}" for number in range(10)
    ]


@in_browser
def test_a_click_that_r1chat_does_not_hear_is_told_and_the_message_stays(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    page.route("**/r1chat/act", lambda route: route.abort())
    ask(page, "7 + 3 = ?")
    expect(page.get_by_test_id("toast-body")).to_be_visible()
    boxes = "names => names.map(name => document.querySelector(name).getBoundingClientRect().toJSON())"
    heading, toast = page.evaluate(boxes, [".welcome h1", ".toast"])
    assert heading["bottom"] <= toast["top"] or toast["bottom"] <= heading["top"]
    page.get_by_role("button", name="Close").click()
    page.unroute("**/r1chat/act")
    ask(page, "7 + 3 = ?")
    finished(page)
    page.route("**/r1chat/act", lambda route: route.abort())
    ask(page, "And now?")
    expect(page.get_by_test_id("toast-body")).to_contain_text("r1chat did not answer")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("And now?")
    page.get_by_role("button", name="Close").click()
    page.route("**/r1chat/answer/**", lambda route: route.fulfill(status=500))
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("r1chat itself failed")
    page.unroute("**/r1chat/act")
    page.get_by_role("textbox", name="Message").press("Enter")
    expect(page.locator(".ask").last).to_have_text("And now?")


@in_browser
def test_copy_works_without_a_clipboard_and_says_when_it_fails(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as on no secure context
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    box = page.get_by_role("textbox", name="Message")
    box.focus()
    page.keyboard.press("Control+V")
    expect(box).to_have_value("It is **10**.")
    page.evaluate("document.execCommand = () => false")
    page.get_by_role("button", name=re.compile("^(Copy|Copied)$")).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("could not be copied")


# --- where the page stands -------------------------------------------------------------------------------------------


def at_the_end(page: Page) -> None:
    page.wait_for_function(f"{AWAY} <= 2 && {BOX}.scrollTop > 0")


@in_browser
def test_a_long_conversation_opens_at_its_end_and_a_switch_stays_under_the_pointer(site: Site) -> None:
    lengths = iter((90, 40, 90))
    site.serve(lambda request: ["<think>hm</think>", "A line of the answer.\n\n" * next(lengths)])
    page = site.open()
    ask(page, "One")
    finished(page)
    at_the_end(page)
    page.reload()
    finished(page)
    at_the_end(page)
    page.wait_for_timeout(700)  # parts are laid out when they come into sight
    at_the_end(page)
    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    finished(page)
    place = "document.querySelector('.reply .switch').getBoundingClientRect().top"
    before = page.evaluate(place)
    for name, position in (("Previous", "1 of 2"), ("Next", "2 of 2")):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".reply .switch")).to_contain_text(position)
        page.wait_for_function(f"Math.abs({place} - {before}) < 4")


@in_browser
def test_small_steps_up_leave_a_thought_that_runs_and_it_does_not_fold_under_its_reader(site: Site) -> None:
    gate = Gate(["<think>", LINE * 40, *[LINE] * 900], [LINE, "</think>", "Done.\n\n" * 3])
    site.serve(gate, rate=200)
    page = site.open()
    ask(page, "Think.")
    expect(page.locator(".step").nth(45)).to_be_attached()
    at_the_end(page)
    page.mouse.move(640, 400)
    for step in (-4, -8, -15, -4, -6) * 8:  # a finger on a trackpad
        page.mouse.wheel(0, step)
        page.wait_for_timeout(15)
    assert page.evaluate(AWAY) > 150
    gate.opened.set()
    finished(page)
    expect(page.locator("details.thought")).to_have_attribute("open", "")
    assert page.evaluate(AWAY) > 150
    page.get_by_role("button", name="Jump to the end").click()
    at_the_end(page)


@in_browser
def test_a_thought_that_was_stopped_stays_open(site: Site) -> None:
    site.serve(Gate(THOUGHT[:2], []))
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    finished(page)
    expect(page.locator(".step")).to_be_visible()
    primary = page.get_by_role("button", name="Continue", exact=True)
    primary.hover()
    page.wait_for_timeout(200)
    colours = primary.evaluate("node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]")
    assert contrast(*colours) > 4.5


def contrast(foreground: str, background: str) -> float:
    """The contrast ratio of two colours `rgb(r, g, b)`, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(foreground), luminance(background)))
    return (light + 0.05) / (dark + 0.05)


@in_browser
def test_menus_close_by_a_click_elsewhere_and_by_escape_and_tables_keep_words_whole(site: Site) -> None:
    table = "| Memory | Approach |\n|---|---|\n| " + "some words " * 30 + "| 1882 |\n"
    site.serve(["<think>hm</think>", table])
    page = site.open(width=768)
    ask(page, "7 + 3 = ?")
    finished(page)
    for name in ("Memory", "Approach"):
        cell = page.locator(".answer th", has_text=name)
        assert cell.evaluate("node => node.getBoundingClientRect().height") < 45  # one line
    ask(page, "Again, please")
    finished(page)
    expect(page.locator(".reply details.menu")).to_have_count(2)
    menus = page.locator(".reply details.menu")
    opened = page.locator(".reply details.menu[open]")
    menus.first.locator("summary").click()
    menus.last.locator("summary").click()
    expect(opened).to_have_count(1)
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(menus.last.locator("summary")).to_be_focused()
    menus.first.locator("summary").click()
    expect(opened).to_have_count(1)
    page.locator(".ask").first.click()
    expect(opened).to_have_count(0)


@in_browser
def test_a_chinese_page_is_chinese_after_a_reload_and_in_what_it_refuses(site: Site) -> None:
    app = site.serve(THOUGHT)
    app.chat.send(None, "7 + 3 = ?", "scripted:scripted").wait(10)
    page = site.open(f"&c={conversation_of(app)}", locale="zh-CN")
    expect(page.get_by_role("button", name="思考：开启")).to_be_visible()
    page.get_by_role("button", name="模型行为").click()
    expect(page.get_by_role("checkbox", name="让模型看到之前的思考")).to_be_visible()
    page.get_by_role("textbox", name="温度").fill("很热")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("温度 的“很热”不是数字")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="设置", exact=True).click()
    page.locator("label", has_text="English").click()
    expect(page.get_by_role("button", name="Thinking: On")).to_be_visible()
