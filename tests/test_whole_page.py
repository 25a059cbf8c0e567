"""The page as a whole, in a browser: what assistive technology meets, what is said of servers, what shifts."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from site_driver import CHROMIUM, THOUGHT, Gate, Page, Site, ask, choose_budget, expect, finished, more

from benchmarks.accessibility import AXE, findings
from benchmarks.screens import THOUGHT as TILES
from r1chat import steer
from r1chat.app import build
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.config import load
from r1chat.conversations import Provenance
from r1chat.messages import Finish, ModelInfo, Raw, Reply, ReplySoFar, Request
from r1chat.ui.html.plain import plain
from r1chat.ui.html.unfinished import without_open_formula
from r1chat.ui.talk.feed import MOST_SHOWN, Viewer
from r1chat.ui.talk.render import ReplyRenderer
from r1chat.ui.talk.titles import title
from r1chat.ui.words.page import words

REFLECTING = (
    "<think>The train leaves at 9:40.\n\nWait, let me check the minutes: 40 + 35 = 75.\n\n"
    "So my first result was wrong.\n\nLet me double-check: it is 12:15.</think>It arrives at **12:15**.\n\n"
    "$$\\frac{1}{2}$$\n\n```python\nprint(12)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's
in_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


class _Titled(ScriptedBackend):
    """A model whose file says what it is called."""

    def models(self) -> list[ModelInfo]:
        return [replace(model, title="Small R1") for model in super().models()]


def test_below_its_reply_a_model_is_called_what_the_menu_calls_it(tmp_path: Path) -> None:
    app = build(load(data_dir=tmp_path, ollama=False), {"scripted": _Titled(lambda _: THOUGHT)})
    try:
        done = app.chat.send(None, "7 + 3 = ?", "scripted:scripted")
        done.wait(10)
        patch = next(Viewer(app, done.conversation_id, "scripted:scripted", "en").patches())
        assert any("Small R1 ·" in block.get("html", "") for block in patch["blocks"])
    finally:
        app.close()


@pytest.mark.slow
def test_of_a_very_long_conversation_the_last_messages_are_sent_and_the_rest_is_told(tmp_path: Path) -> None:
    app = build(load(data_dir=tmp_path, ollama=False), {"scripted": ScriptedBackend(lambda _: THOUGHT)})
    try:
        conversation = app.store.new_conversation("long").id
        turn = app.store.add_turn(conversation, "question 0", None)
        reply = app.store.add_reply(turn.id, Provenance(), Reply(answer="Yes.", finish="stop"))
        with closing(sqlite3.connect(tmp_path / "r1chat.db")) as database, database:  # one by one would take a minute
            database.row_factory = sqlite3.Row
            first = dict(database.execute("SELECT * FROM turn").fetchone())
            answer = dict(database.execute("SELECT * FROM reply").fetchone())
            last = reply.id
            for number in range(1, MOST_SHOWN + 12):
                turn_row = first | {"id": uuid4().hex, "parent_reply_id": last, "content": f"question {number}"}
                reply_row = answer | {"id": uuid4().hex, "turn_id": turn_row["id"]}
                last = reply_row["id"]
                for table, row in (("turn", turn_row), ("reply", reply_row)):
                    places = ", ".join(f":{name}" for name in row)
                    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", row)
        sent = next(Viewer(app, conversation, "scripted:scripted", "en").patches())
        blocks = {block["id"]: block.get("html", "") for block in sent["blocks"]}
        questions = [html for name, html in blocks.items() if name.startswith("ask-")]
        assert len(questions) == MOST_SHOWN and "question 12" in questions[0]
        assert "its first 12 messages are not shown" in blocks["earlier"]
        assert sent["order"][0] == "earlier-section" and len(sent["order"]) == MOST_SHOWN + 3
    finally:
        app.close()


def test_one_button_is_recommended_at_a_time(tmp_path: Path) -> None:
    used = iter([300, 3500])

    def cut_short(request: Request) -> Script:
        return ["<think>", "Hm.", Finish("length", prompt_tokens=next(used), context=4096)]

    app = build(load(data_dir=tmp_path, ollama=False), {"scripted": ScriptedBackend(cut_short, context=4096)})

    def recommended(conversation: str) -> list[str]:
        blocks = next(Viewer(app, conversation, "scripted:scripted", "en").patches())["blocks"]
        return re.findall(
            'class="primary" data-verb="(resume|carry|edit)"', "".join(block.get("html", "") for block in blocks)
        )

    try:
        roomy = app.chat.send(None, "one", "scripted:scripted")
        roomy.wait(10)
        assert recommended(roomy.conversation_id) == ["resume"]
        app.chat.send(roomy.conversation_id, "two", "scripted:scripted").wait(10)
        assert recommended(roomy.conversation_id) == ["carry"]  # there is little room to continue in
    finally:
        app.close()


# --- a formula that is still open ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so $\\sqrt{x+7} - \\", "so"),
        ("a $x$ b $", "a $x$ b"),
        ("x \\(a + b", "x"),
        ("x \\(a + b\\) c", "x \\(a + b\\) c"),
        ("first\n\n$$\na\n\nb", "first"),
        ("\\[ a", ""),
        ("```\n$x\n", "```\n$x\n"),
        ("`$x", "`$x"),
        ("It is $5 and then", "It is $5 and then"),
        ("costs 5$ or more", "costs 5$ or more"),
        ("the price is $5 th", "the price is $5 th"),
        ("价格是$5，然后", "价格是$5，然后"),
        ("a \\$ b", "a \\$ b"),
    ],
)
def test_a_formula_is_held_back_until_it_is_whole_and_a_price_is_not(text: str, expected: str) -> None:
    assert without_open_formula(text) == expected


@pytest.mark.parametrize(
    ("step", "html"),
    [
        ("So out[-1][1] = end is wrong. Then on.", "Out[-1][1] = end is wrong"),
        ("I set `out[-1] = end` and go on.", "I set <code>out[-1] = end</code> and go on"),
        ("```python\n\nfor x in y:\n    pass\n```", "<code>for x in y:</code>"),
        ("- **Wait**, that is wrong", "Wait, that is wrong"),
        ("See [the page](https://example.org) now", "See the page now"),
        ("$$x", ""),
        ("嗯，让我重新看一下题目。然后", "让我重新看一下题目"),
    ],
)
def test_a_step_is_named_by_its_first_words_with_code_as_code(step: str, html: str) -> None:
    assert title(step) == html


def test_a_formula_that_a_budget_or_a_person_cut_is_no_raw_latex() -> None:
    cut = ReplyRenderer("r", words("en"))
    cut.update(Reply(reasoning="So the area is $\\fr"))
    spent = steer.spent(ReplySoFar("So the area is $\\frac{1"))
    blocks = cut.update(Reply(reasoning=spent.reasoning, closed=True))
    assert blocks[0].html.striptags() == "So the area is …"
    assert cut.update(Reply(reasoning=spent.reasoning, closed=True)) == []  # it is sent once
    (part,) = ReplyRenderer("r", words("en")).update(Reply(answer="It is $x +", finish="stopped"))
    assert part.html.striptags() == "It is …"
    (part,) = ReplyRenderer("r", words("en")).update(Reply(answer="It is $x", finish="stop"))
    assert part.html.striptags() == "It is $x"  # the model meant a dollar sign


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"**3** is $x^2$ and $\frac{a+1}{2}$ so", "3 is x² and (a + 1)/2 so"),
        ("| Row | Whole tiles | |:--|--:| | 1 | 19 |", "Row · Whole tiles · 1 · 19"),
        ("```python print(2 * 3) ``` *By* area", "print(2 * 3) By area"),
        (r"…it would be $\frac{32}{0.25}$, but $\fra", "…it would be 32/0.25, but …"),
        ("## See [the page](http://x.y/z)", "See the page"),
        (r"It is \(\boxed{4}\).", "It is 4."),
        (
            "3 > 2, 2*3*4, a * b and snake_case_name for $5 and $10",
            "3 > 2, 2*3*4, a * b and snake_case_name for $5 and $10",
        ),
    ],
)
def test_an_excerpt_is_read_without_the_marks_of_markdown(markdown: str, text: str) -> None:
    assert plain(markdown) == text


def test_a_short_formula_is_drawn_in_the_name_of_a_step() -> None:
    assert title("I get $x^2 = 4$, so it is done.").startswith("I get <math>")


# --- servers that come and go ----------------------------------------------------------------------------------------


class _Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        exists = self.path == "/v1/models"
        body = json.dumps(
            {"object": "list", "data": [{"id": "qwen3-8b", "object": "model"}]} if exists else {}
        ).encode()
        self.send_response(200 if exists else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def model_server(port: int = 0) -> Iterator[int]:
    """An OpenAI-compatible server that has one model; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Models)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@in_browser
def test_a_server_that_goes_and_comes_is_told_alike_everywhere_and_another_model_is_offered(site: Site) -> None:
    with model_server() as port:
        pass  # nobody listens there now
    site.serve(
        backends={
            "openai": OpenAIBackend(f"http://127.0.0.1:{port}/v1"),
            "scripted": ScriptedBackend(lambda _: THOUGHT, model_names=("Other",)),
        }
    )
    page = site.open("&model=openai:qwen3-8b")

    def says(available: bool) -> None:
        colour = "rgb(35, 113, 58)" if available else "rgb(179, 38, 30)"
        expect(page.locator("#model-button .dot")).to_have_css("background-color", colour)
        expect(page.locator("#model-line")).to_have_text(re.compile("^ready" if available else "not available"))
        expect(page.locator("#where")).to_have_text("On this computer" if available else "")
        expect(page.locator(".welcome .notice.error")).to_have_count(0 if available else 1)

    says(False)
    expect(page.locator(".welcome")).to_contain_text(
        f"No OpenAI-compatible server can be reached at http://127.0.0.1:{port}"
    )
    with model_server(port):
        says(True)
    says(False)
    page.get_by_role("button", name="Use Other").click()
    says(True)
    ask(page, "7 + 3 = ?")
    finished(page)
    expect(page.locator(".answer")).to_have_text("It is 10.")


@in_browser
def test_a_page_that_found_no_model_takes_the_first_that_appears(site: Site) -> None:
    with model_server() as port:
        pass
    site.serve(backends={"openai": OpenAIBackend(f"http://127.0.0.1:{port}/v1")})
    page = site.open(locale="zh-CN")
    expect(page.locator(".welcome .notice")).to_contain_text("还没有可用的模型")
    with model_server(port):
        expect(page.get_by_role("button", name="模型：qwen3-8b")).to_be_visible()
        expect(page.locator(".welcome .notice")).to_have_count(0)


@in_browser
def test_the_page_says_when_messages_leave_this_computer_and_when_r1chat_is_gone(site: Site) -> None:
    site.serve(backends={"openai": OpenAIBackend("http://llm.example.invalid:8080/v1")})
    page = site.open("&model=openai:some")
    assert "Everything stays on this computer" not in page.locator("body").inner_text()
    expect(page.locator("#model-line")).to_have_text("not available")
    assert site.app is not None
    assert site.app.catalogue.host("openai:some") == "llm.example.invalid:8080"
    assert site.server is not None
    site.server.stop()
    expect(page.locator("#offline")).to_contain_text("r1chat is not running.")
    expect(page.get_by_test_id("toast-body").first).to_be_hidden()


# --- moving about ----------------------------------------------------------------------------------------------------


@in_browser
def test_back_and_forward_walk_conversations_and_the_tab_is_named_after_them(site: Site) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    site.serve(lambda request: gate(request) if request.messages[-1].content == "Slow" else THOUGHT)
    page = site.open()
    ask(page, "First")
    finished(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, "Second")
    finished(page)
    expect(page).to_have_title("Second · r1chat")
    page.go_back()
    expect(page.locator(".welcome")).to_be_visible()
    page.go_back()
    expect(page.locator(".ask")).to_have_text(["First"])
    expect(page).to_have_title("First · r1chat")
    page.go_forward()
    page.go_forward()
    expect(page.locator(".ask")).to_have_text(["Second"])
    ask(page, "Slow")
    expect(page).to_have_title(re.compile("^\u25cc Second"))
    expect(page.locator("#list .works")).to_have_text("Second")
    page.get_by_role("button", name="First", exact=True).click()
    expect(page.locator(".ask")).to_have_text(["First"])
    expect(page.locator("#list .works")).to_have_text("Second")  # it runs on, and the list says so
    page.get_by_role("button", name="Second", exact=True).click()
    gate.opened.set()
    finished(page)
    expect(page).to_have_title("Second · r1chat")


@in_browser
def test_the_list_is_one_stop_of_tab_and_the_focus_is_never_lost(site: Site) -> None:
    app = site.serve(THOUGHT)
    for name in ("One", "Two", "Three"):
        app.chat.send(None, name, "scripted:scripted").wait(10)
    page = site.open()
    expect(page.locator("#list .row")).to_have_count(3)
    page.keyboard.press("Escape")
    page.locator("a.skip").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    assert page.locator("#list button[tabindex='0']").count() == 1
    page.locator("#list [tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#list [data-verb=open]").nth(1)).to_be_focused()
    page.keyboard.press("F2")
    page.get_by_role("textbox", name="Rename").fill("Second")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Second", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Delete: Second")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Second", exact=True)).to_be_visible()


# --- what is heard, copied and clicked -------------------------------------------------------------------------------


@in_browser
def test_who_speaks_is_said_and_everything_can_be_copied(site: Site) -> None:
    gate = Gate(["<think>", "Three and four."], [" That is 7.</think>", "It is `7`.\n\n```python\nprint(7)\n```\n"])
    site.serve(gate, model_names=("R1-Distill",))
    page = site.open()
    ask(page, "What is 3 + 4?")
    announcer = page.locator("#announcer")
    expect(announcer).to_have_text("Thinking")
    gate.opened.set()
    finished(page)
    expect(announcer).to_have_text("The answer is complete.")
    expect(page.get_by_role("heading", name="What is 3 + 4?", level=1)).to_be_attached()
    expect(page.get_by_role("heading", name="You")).to_be_attached()
    expect(page.get_by_role("heading", name="R1-Distill")).to_be_attached()
    expect(page.locator(".acts .meta")).to_contain_text("R1-Distill")
    page.locator("details.thought > summary").click()
    for name, text in (
        ("Copy the question", "What is 3 + 4?"),
        ("Copy the thought", "Three and four. That is 7."),
        ("Copy the code", "print(7)\n"),
        ("Copy", "It is `7`.\n\n```python\nprint(7)\n```\n"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("button", name="Copied", exact=True).first).to_be_visible()
        page.wait_for_function(  # the button before it may still say "Copied"
            "async text => (await navigator.clipboard.readText()).trim() === text", arg=text.strip()
        )
    page.locator(".step").first.hover()
    box = page.locator(".step p").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 8, steps=4)
    page.mouse.up()
    expect(page.locator(".step.chosen")).to_have_count(0)  # text was selected, nothing was clicked


# --- what is measured ------------------------------------------------------------------------------------------------

SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({type: 'layout-shift', buffered: false});
}"""

SHIFTED_SO_FAR = """() => new Promise(done => {
  new PerformanceObserver(list => done(
    list.getEntries().filter(entry => !entry.hadRecentInput).reduce((sum, {value}) => sum + value, 0)
  )).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(0), 200);  // there is no entry
})"""


@in_browser
def test_a_turn_shifts_nothing_and_writes_nothing_to_the_console(site: Site) -> None:
    thought = "A line of thought with $\\frac{a}{b}$ in it. Wait, let me check that again.\n\n" * 12
    words = re.findall(r"\S+\s*", f"{thought}</think>{REFLECTING.partition('</think>')[2]}")
    site.serve(["<think>", *words], rate=150)
    page = site.open()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if message.type in ("error", "warning") else None)
    page.evaluate(SHIFTS)
    ask(page, "What is it?")
    finished(page)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifted") <= 0.05
    here = page.url
    for pause in (0, 150, 500):  # left before it is there
        page.goto(here, wait_until="commit")
        page.wait_for_timeout(pause)
        page.goto(re.sub(r"/(\?.*)?$", "/models/", here))
    page.goto(here)
    expect(page.locator(".reply.done")).to_be_visible()
    assert messages == [], "\n".join(messages)


@in_browser
def test_the_empty_page_is_laid_out_at_once_and_its_box_goes_below_with_the_first_message(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open(height=900)
    expect(page.locator(".welcome h1")).to_be_visible()
    assert page.evaluate(SHIFTED_SO_FAR) <= 0.1
    middle = "document.querySelector('#box').getBoundingClientRect().bottom < innerHeight * 0.75"
    assert page.evaluate(middle)
    page.get_by_role("button", name="Is 9.11 larger than 9.9?").click()
    assert not page.evaluate(middle)
    finished(page)
    page.get_by_role("button", name="New conversation").click()
    page.wait_for_function(middle)


@in_browser
def test_the_first_page_that_offers_models_does_not_move_while_it_loads(site: Site) -> None:
    site.serve()
    page = site.open()
    expect(page.locator(".get-models")).to_be_visible()
    expect(page.get_by_role("button", name="Model: r1chat-nano")).to_be_visible()
    assert page.evaluate(SHIFTED_SO_FAR) <= 0.01


@in_browser
def test_a_conversation_is_drawn_at_its_end_at_once(site: Site) -> None:
    app = site.serve([*REFLECTING])
    first = app.chat.send(None, "When does it arrive?", "scripted:scripted")
    first.wait(10)
    for question in ("And the next one?", "And back?"):
        app.chat.send(first.conversation_id, question, "scripted:scripted").wait(10)
    page = site.open(f"&c={first.conversation_id}")
    expect(page.locator(".reply.done")).to_have_count(3)
    expect(page.locator(".reply .acts").last).to_be_in_viewport()
    assert page.evaluate(SHIFTED_SO_FAR) <= 0.01


@in_browser
def test_a_folded_thought_tells_all_its_figures_in_a_narrow_window(site: Site) -> None:
    site.serve(["<think>", Raw(TILES["en"], 23_456), "</think>", "It is 75."])
    page = site.open(width=800)
    ask(page, "What is it?")
    finished(page)
    line = page.locator("details.thought > summary")
    expect(line).to_contain_text("2 checks, 1 correction, 1 alternative, 1 re-reading")
    cut = "line => line.scrollHeight > line.clientHeight || line.scrollWidth > line.clientWidth"
    assert not line.evaluate(cut)
    line.click()
    assert line.evaluate("line => line.getBoundingClientRect().height") <= 48  # one line: the timeline has the rest


@in_browser
def test_a_conversation_is_printed_whole_and_dark_on_white(site: Site) -> None:
    lines = "\n\n".join(f"Paragraph {n}. The quick brown fox jumps over the lazy dog." for n in range(90))
    site.serve(["<think>Hm.</think>", f"```python\nx = {'1 + ' * 60}1\n```\n\n{lines}"])
    page = site.open(width=794, height=1123, theme="dark")  # A4 at 96 pixels to the inch
    ask(page, "Tell me.")
    finished(page)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".part p").last.evaluate("end => end.getBoundingClientRect().y") > 2 * 1123
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    assert page.locator(".read pre").evaluate("code => code.scrollWidth <= code.clientWidth")
    for part in ("#left", "#bottom", ".reply > .acts"):
        expect(page.locator(part)).to_be_hidden()
    ink = page.locator(".answer").evaluate("text => getComputedStyle(text).color")
    assert max(map(int, re.findall(r"\d+", ink))) < 100
    assert page.pdf(format="A4").count(b"/Type /Page\n") >= 3


def check_what_opens(page: Page) -> None:
    """Dialogs, menus and the data page, each open."""
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("tab", name="General")).to_be_visible()
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert findings(page) == [], f"settings: {tab.inner_text()}"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    assert findings(page) == [], "palette"
    page.keyboard.press("Escape")
    for name in ("Model", "Thinking"):
        page.get_by_role("button", name=re.compile(f"^{name}:")).click()
        assert findings(page) == [], name
        page.keyboard.press("Escape")
    page.get_by_role("button", name="How it should behave").click()
    assert findings(page) == [], "behaviour"
    page.keyboard.press("Escape")
    page.get_by_role("searchbox", name="Search conversations").fill("arrives")
    expect(page.locator("#list mark").first).to_be_visible()
    assert findings(page) == [], "search"
    page.locator("#gathered a").click()
    expect(page.locator(".judged")).to_be_visible()
    page.locator("#filter summary").click()
    page.locator(".side summary").click()
    expect(page.locator(".side .all .read").first).to_be_visible()
    assert findings(page) == [], "data"
    page.get_by_role("button", name="Rate replies one by one").click()
    expect(page.get_by_role("dialog")).to_contain_text("Every reply has your rating")
    assert findings(page) == [], "queue"


@in_browser
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (npm install)")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_main_states(site: Site, theme: str) -> None:
    site.serve(
        backends={
            "scripted": ScriptedBackend(lambda _: [REFLECTING], model_names=("Some model",)),
            "openai": OpenAIBackend("http://127.0.0.1:9/v1"),
        }
    )
    page = site.open(theme=theme)
    expect(page.locator(".welcome")).to_be_visible()
    assert findings(page) == [], "empty"
    ask(page, "When does it arrive?")
    finished(page)
    assert findings(page) == [], "conversation"
    page.locator("details.thought > summary").click()
    page.locator(".strip .after").click()
    assert findings(page) == [], "thought"
    page.locator("details.thought > summary").click()  # else what stands under its sticky head counts as covered
    page.get_by_role("button", name="Good", exact=True).click()
    expect(page.locator(".saved")).to_be_visible()
    assert findings(page) == [], "rated"
    more(page, "Think longer")
    assert findings(page) == [], "menu"
    page.keyboard.press("Escape")
    if theme == "light":
        check_what_opens(page)
    down = site.open("&model=openai:gone", theme=theme)
    expect(down.locator(".notice.error")).to_be_visible()
    assert findings(down) == [], "server down"
    assert site.server is not None
    for name in ("models", "learn", "evaluation"):
        down.goto(f"{site.server.origin}/{name}/")
        expect(down.locator("h1")).to_be_visible()
        assert findings(down) == [], name


@in_browser
def test_on_a_phone_what_is_tapped_is_large_enough_and_the_outline_is_a_sheet(site: Site) -> None:
    site.serve([REFLECTING])
    page = site.open(width=390, height=844)
    ask(page, "When does it arrive?")
    finished(page)
    folded = page.locator("details.thought > summary")
    assert folded.evaluate("line => line.scrollWidth <= line.clientWidth")  # it wraps, and is not cut
    folded.click()
    small = page.evaluate(
        """() => [...document.querySelectorAll('.reply > .acts :is(button, summary), .strip .icon-button')]
          .filter(e => e.checkVisibility() && !e.closest('details:not([open]) > div'))
          .map(e => [e.getAttribute('aria-label') ?? e.textContent, e.getBoundingClientRect().height])
          .filter(([, height]) => height < 44)"""
    )
    assert small == []
    choose_budget(page, 40)
    expect(page.get_by_role("spinbutton", name="Thinking tokens")).to_be_visible()
    outside = """() => [...document.querySelectorAll('#controls button')].filter(e => e.checkVisibility())
      .filter(e => e.getBoundingClientRect().right > document.querySelector('#box').getBoundingClientRect().right)"""
    assert page.evaluate(outside) == []
    middles = """() => [...document.querySelectorAll('#controls :is(button, summary)')].filter(e => e.checkVisibility())
      .map(e => e.getBoundingClientRect()).map(({y, height}) => Math.round(y + height / 2))"""
    assert len(set(page.evaluate(middles))) == 1  # they stand in one line
    colour = "['#note', '#where'].map(name => getComputedStyle(document.querySelector(name)).color)"
    assert len(set(page.evaluate(colour))) == 1  # quiet: the ink of an HTML block of Gradio is not ours
    places = "marks => marks.map(mark => mark.getBoundingClientRect().x)"
    first, second = page.locator(".strip .line button").evaluate_all(places)
    assert second - first >= 18  # near the end of a short line they stand beside each other
    page.get_by_role("button", name="Outline", exact=True).click()
    expect(page.locator("#outline ol button").first).to_be_in_viewport()
    page.locator("#outline ol button").nth(1).click()
    expect(page.locator(".step.chosen")).to_contain_text("let me check")
    expect(page.locator("#outline")).to_be_hidden()
