"""The composer in a real browser: menus by keyboard, drafts and the queue, behaviour and presets, settings, formats."""

from __future__ import annotations

import json
import re
import stat
import threading
import time
from pathlib import Path

import pytest
from site_driver import CHROMIUM, THOUGHT, Gate, Page, Route, Site, ask, choose, choose_budget, expect, finished

from r1chat import archive
from r1chat.backends.chat_template import ChatTemplate
from r1chat.backends.format_finder import find_format
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.messages import Began, Finish, Progress, Request
from r1chat.reasoning_format import ReasoningFormat

TEMPLATES = Path(__file__).parent / "data" / "formats" / "templates"
EFFORTS = ReasoningFormat(efforts=("low", "medium", "high"), effort_variable="e", default_effort="medium")
SWITCH = ReasoningFormat(off=(("enable_thinking", False),))

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


# --- menus -----------------------------------------------------------------------------------------------------------


def test_the_menus_are_walked_by_keyboard_and_a_choice_is_remembered_for_its_model(site: Site) -> None:
    names = ("qwen3-4b", "gpt-oss-20b", "mystery-1b")
    backend = ScriptedBackend(
        lambda _: THOUGHT, model_names=names, formats={"gpt-oss-20b": EFFORTS, "qwen3-4b": SWITCH}
    )
    app = site.serve(backends={"scripted": backend}, model="qwen3-4b")
    page = site.open()
    model, thinking = page.locator("#model-button"), page.locator("#thinking-button")
    menu = page.get_by_role("menu", name="Model")

    model.focus()
    page.keyboard.press("ArrowDown")
    expect(menu).to_be_visible()
    expect(model).to_have_attribute("aria-expanded", "true")
    assert focused(page) == "qwen3-4b"
    page.keyboard.press("End")
    assert focused(page) == "All models"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "qwen3-4b"  # round the end
    page.keyboard.press("m")
    assert focused(page) == "mystery-1b"
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(model).to_be_focused()
    model.press("Enter")
    page.locator(".welcome h1").click()
    expect(menu).to_be_hidden()
    expect(model).to_have_attribute("aria-expanded", "false")
    model.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(menu).to_be_hidden()

    model.press("Enter")
    page.keyboard.type("gp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Model: gpt-oss-20b")).to_be_focused()
    thinking.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Medium")).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("menuitemradio", name="On", exact=True)).to_have_count(0)  # it has efforts
    page.keyboard.type("hi")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Thinking: High")).to_be_focused()
    ask(page, "7 + 3 = ?")
    finished(page)
    assert (backend.requests[-1].model, backend.requests[-1].thinking) == ("gpt-oss-20b", "high")
    assert app.store.conversations()[0].thinking_choice == "high"

    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.get_by_role("button", name="Thinking: High")).to_be_visible()
    choose(page, "Model", "qwen3-4b")
    expect(page.get_by_role("button", name="Thinking: On")).to_be_visible()
    choose(page, "Thinking", "Off")
    ask(page, "7 + 3 = ?")
    finished(page)
    assert backend.requests[-1].thinking == "off"
    choose(page, "Model", "gpt-oss-20b")
    expect(page.get_by_role("button", name="Thinking: Off")).to_be_visible()  # the conversation's own choice


# --- writing ---------------------------------------------------------------------------------------------------------


def test_a_long_message_in_any_script_is_sent(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    for text in ("问" * 25_000, "ы" * 40_000):
        ask(page, text)
        finished(page)
        expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    expect(page.locator(".reply.done")).to_have_count(2)


@pytest.mark.parametrize("continued", [False, True])
def test_a_message_that_is_refused_after_a_look_at_another_conversation_waits_in_its_box(
    site: Site, continued: bool
) -> None:
    site.serve(THOUGHT)
    page = site.open()
    for text in ("first", "second"):
        page.locator("#new").click()
        ask(page, text)
        finished(page)
    if not continued:
        page.locator("#new").click()
        expect(page.locator(".ask")).to_have_count(0)
    paused: list[Route] = []
    page.route("**/r1chat/act", lambda route: _hold(route, '"verb":"ask"', paused))
    ask(page, "a careful message")
    while not paused:
        page.wait_for_timeout(20)
    page.locator("#list [data-verb=open]:has-text('first')").first.click()
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value("")
    paused[0].abort()
    expect(page.locator(".ask")).to_have_text(["first"])
    expect(box).to_have_value("")
    page.reload()
    page.locator("#list [data-verb=open]:has-text('second')" if continued else "#new").first.click()
    expect(box).to_have_value("a careful message")
    expect(page.locator(".ask")).to_have_text(["second"] if continued else [])


def _hold(route: Route, of: str, paused: list[Route]) -> None:
    if of in (route.request.post_data or "") and not paused:
        paused.append(route)
    else:
        route.continue_()


def test_phrasings_of_another_question_take_nothing_from_the_box(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    box, phrasings = page.get_by_role("textbox", name="Message"), page.locator("#phrasings textarea")
    box.fill("What is 2+2?")
    page.evaluate("document.querySelector('[data-command=phrasings]').click()")
    phrasings.nth(1).fill("Add two and two.\n\nAnd say what it is.")
    expect(phrasings).to_have_count(3)
    page.mouse.click(5, 5)
    expect(phrasings.first).to_be_hidden()
    box.fill("something else")
    page.evaluate("document.querySelector('[data-command=phrasings]').click()")
    texts = ["What is 2+2?", "Add two and two.\n\nAnd say what it is.", ""]
    expect(phrasings).to_have_count(3)
    assert [phrasings.nth(n).input_value() for n in range(3)] == texts
    page.locator("[data-command=ask-phrasings]").click()
    expect(phrasings.first).to_be_hidden()
    expect(page.locator(".ask").first).to_have_text("What is 2+2?")
    expect(page.locator(".asked .switch")).to_contain_text("1 of 2")
    expect(box).to_have_value("something else")


def test_phrasings_that_nobody_waits_for_any_more_are_not_written(site: Site) -> None:
    ended = threading.Event()

    def script(request: Request) -> Script:
        try:
            while True:
                yield Progress("waiting")
                time.sleep(0.02)
        finally:
            ended.set()

    site.serve(script)
    page = site.open()
    page.get_by_role("textbox", name="Message").fill("What is 2+2?")
    page.evaluate("document.querySelector('[data-command=phrasings]').click()")
    page.locator("[data-command=write-phrasings]").click()
    page.wait_for_timeout(500)
    assert not ended.is_set()
    page.keyboard.press("Escape")
    assert ended.wait(10)
    expect(page.get_by_text("did not answer")).to_have_count(0)


def test_a_dialog_of_a_conversation_closes_with_it_and_keys_do_nothing_behind_one(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    for text in ("first", "second"):
        page.locator("#new").click()
        ask(page, text)
        finished(page)
    page.locator("#list [data-verb=open]:has-text('first')").click()
    expect(page.locator(".ask")).to_have_text(["first"])
    page.locator("#list [data-verb=open]:has-text('second')").click()
    expect(page.locator(".ask")).to_have_text(["second"])
    system = page.locator("#behaviour [name=system]")
    page.locator("[data-command=behaviour]").first.click()
    system.fill("For the second one")
    page.go_back()
    expect(page.locator(".ask")).to_have_text(["first"])
    expect(system).to_be_hidden()
    page.locator("[data-command=behaviour]").first.click()
    expect(system).to_have_value("")
    page.keyboard.press("Escape")
    page.locator("#list [data-verb=open]:has-text('second')").click()
    expect(page.locator(".ask")).to_have_text(["second"])
    page.locator("[data-command=behaviour]").first.click()
    expect(system).to_have_value("For the second one")
    page.locator("#behaviour [data-command=close]").last.focus()
    page.keyboard.press("+")
    page.locator("#behaviour [data-command=behave]").click()
    expect(system).to_be_hidden()
    expect(page.locator(".reply [data-key=answer-up][aria-pressed=true]")).to_have_count(0)
    assert app.store.judgements.gathered().thumbs == 0
    page.locator(".reply.done").last.click()
    page.keyboard.press("+")
    expect(page.locator(".reply [data-key=answer-up][aria-pressed=true]")).to_have_count(1)


def test_a_half_written_system_prompt_stays_until_it_is_saved(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "first")
    finished(page)
    system = page.locator("#behaviour [name=system]")
    page.locator("[data-command=behaviour]").first.click()
    system.fill("Answer briefly")
    page.keyboard.press("Escape")
    expect(system).to_be_hidden()
    page.locator("[data-command=behaviour]").first.click()
    expect(system).to_have_value("Answer briefly")
    page.mouse.click(5, 5)
    page.reload()
    page.locator("[data-command=behaviour]").first.click()
    expect(system).to_have_value("Answer briefly")
    page.locator("[data-command=behave]").click()
    expect(system).to_be_hidden()


@pytest.mark.parametrize("verb", ["temporary", "open", "new"])
def test_a_message_for_a_conversation_that_the_page_did_not_come_to_goes_nowhere_else(site: Site, verb: str) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "first")
    finished(page)
    page.locator("#new").click()
    ask(page, "second")
    finished(page)
    broken: list[Route] = []
    page.route("**/r1chat/act", lambda route: _hold(route, f'"verb":"{verb}"', broken))
    button = {"temporary": "#list .temporary", "new": "#new"}.get(verb, "#list [data-verb=open]:has-text('first')")
    page.locator(button).first.click()
    while not broken:
        page.wait_for_timeout(20)
    ask(page, "for it alone")
    broken[0].abort()
    expect(page.get_by_text("r1chat did not answer")).to_be_visible()
    page.wait_for_timeout(500)  # a message that is sent would stand there
    expect(page.get_by_role("textbox", name="Message")).to_have_value("for it alone")
    expect(page.locator(".ask")).to_have_text(["second"])
    if verb == "temporary":
        assert "for it alone" not in json.dumps(page.evaluate("({...localStorage})"))
    page.keyboard.press("Enter")  # now it is meant for the conversation that shows
    expect(page.locator(".reply.done")).to_have_count(2)


def test_drafts_are_kept_and_messages_wait_for_the_reply_that_runs(site: Site) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    finish = Finish("stop", prompt_tokens=30, context=4096)
    app = site.serve(lambda request: gate(request) if request.messages[-1].content == "slow" else [*THOUGHT, finish])
    page = site.open()
    box, send = page.get_by_role("textbox", name="Message"), page.get_by_role("button", name="Send")
    expect(send).to_be_disabled()
    box.fill("a draft")
    expect(send).to_be_enabled()
    page.reload()
    expect(box).to_have_value("a draft")
    box.fill("\n".join("abcdef"))
    six = box.evaluate("box => box.clientHeight")
    box.fill("\n".join("abcdefghijkl"))
    assert six < box.evaluate("box => box.clientHeight") < six * 1.5  # eight lines, then it scrolls
    ask(page, "first")
    finished(page)
    expect(box).to_have_value("")
    expect(page.locator("#title")).to_have_text("first")

    places = "['title', 'ledger', 'box'].map(id => JSON.stringify(document.getElementById(id).getBoundingClientRect()))"
    before = page.evaluate(places)
    ask(page, "slow")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    assert page.evaluate(places) == before  # nothing jumps when a turn begins
    ask(page, "second")
    ask(page, "third")
    expect(page.locator(".queued")).to_have_text([re.compile("second"), re.compile("third")])
    page.locator(".queued").last.get_by_role("button", name="Take the queued message back").click()
    expect(box).to_have_value("third")
    page.get_by_role("button", name="New conversation").click()
    expect(box).to_have_value("")
    expect(page.locator(".queued")).to_have_count(0)
    page.get_by_role("button", name="first", exact=True).click()
    expect(box).to_have_value("third")
    expect(page.locator(".queued")).to_have_count(1)
    expect(page.locator("body")).to_have_attribute("data-running", "1")
    page.get_by_role("button", name="Temporary conversation").click()
    page.keyboard.type("secret")  # at once, before the page is there
    expect(page.locator("#temporary")).to_be_visible()
    expect(page.locator("#title")).to_have_text("Temporary conversation")
    expect(box).to_have_value("secret")
    assert "secret" not in page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("button", name="first", exact=True).click()
    expect(box).to_have_value("third")
    gate.opened.set()
    expect(page.locator(".ask")).to_have_text(["first", "slow", "second"])
    expect(page.locator(".queued")).to_have_count(0)
    finished(page)
    expect(box).to_have_value("third")

    gate.opened.clear()
    ask(page, "slow")
    expect(page.locator("body")).to_have_attribute("data-running", "1")
    ask(page, "not any more")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(box).to_have_value("not any more")  # who stops a reply is asked again
    assert len(app.store.conversation(app.store.conversations()[0].id).turns) == 4


def test_the_draft_of_a_deleted_conversation_leaves_the_disk_and_comes_back_with_it(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    box = page.get_by_role("textbox", name="Message")
    ask(page, "first")
    finished(page)
    box.fill("a draft")
    stored = "JSON.stringify(localStorage)"
    assert "a draft" in page.evaluate(stored)
    page.locator("#list .row").hover()
    page.get_by_role("button", name="Delete: first").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(box).to_have_value("")
    assert "a draft" not in page.evaluate(stored)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".ask")).to_have_text("first")
    expect(box).to_have_value("a draft")
    page.reload()
    expect(page.locator(".ask")).to_have_text("first")
    expect(box).to_have_value("a draft")


def test_drafts_of_conversations_that_are_not_there_leave_the_disk_but_not_those_of_another_data_folder(
    site: Site,
) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "first")
    finished(page)
    box = page.get_by_role("textbox", name="Message")
    box.fill("a draft")
    page.evaluate("""() => {
      const [name] = Object.keys(localStorage).filter(name => /^r1chat.draft../.test(name));
      const draft = JSON.parse(localStorage.getItem(name));
      const put = (digit, text, home) =>
        localStorage.setItem('r1chat.draft.' + digit.repeat(32), JSON.stringify({...draft, text, home}));
      put('a', 'of this folder', draft.home);
      put('b', 'of an older version');
      put('c', 'of another folder', 'another');
    }""")
    page.reload()
    expect(box).to_have_value("a draft")
    page.wait_for_function("!JSON.stringify(localStorage).includes('of this folder')")
    storage = page.evaluate("JSON.stringify(localStorage)")
    assert "a draft" in storage and "of another folder" in storage and "older version" not in storage


def test_where_the_storage_is_full_a_draft_stays_with_its_conversation_in_the_tab(site: Site) -> None:
    site.serve(["<think>", "Yes.", "</think>", "1"])
    page = site.open()
    box = page.get_by_role("textbox", name="Message")
    for message in ("first", "second"):
        page.get_by_role("button", name="New conversation").click()
        ask(page, message)
        finished(page)
    page.evaluate("""() => {
      for (let size = 1 << 22; size; size >>= 1)
        try { for (let n = 0; ; n++) localStorage.setItem(`full.${size}.${n}`, 'x'.repeat(size)); } catch { continue; }
    }""")
    box.fill("half written")
    page.get_by_role("button", name="first", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("storage is full")
    expect(box).to_have_value("")
    page.get_by_role("button", name="second", exact=True).click()
    expect(box).to_have_value("half written")


def test_a_question_is_asked_in_other_words_and_the_answers_are_grouped(site: Site) -> None:
    def script(request: Request) -> Script:
        text = request.messages[-1].content
        if request.so_far is not None:
            return ["Add 2 to 2.\n2 plus 2, please"]
        return ["<think>hm</think>", r"It is \boxed{5}." if "please" in text else r"It is \boxed{4}."]

    site.serve(lambda request: script(request), model="deepseek-r1", model_names=("deepseek-r1",))
    page = site.open()
    box = page.get_by_role("textbox", name="Message")
    box.fill("Q: 1 + 1?\nA: 2\n\nQ: 2 + 2?")
    expect(page.locator("#few-shot")).to_contain_text("Worked examples tend to make DeepSeek-R1 answer worse")
    box.fill("What is 2 + 2?")
    expect(page.locator("#few-shot")).to_be_hidden()
    box.fill("q" + " " * 300_000)  # costs no time in proportion to its square
    box.fill("Example 1: 1 + 1?\nOutput: 2\n\nExample 2: 2 + 2?")
    expect(page.locator("#few-shot")).to_be_visible()
    box.fill("What is 2 + 2?")
    page.locator("#compare summary").click()
    page.get_by_role("button", name="Ask in other words").click()
    dialog = page.get_by_role("dialog", name="Ask in other words")
    dialog.get_by_role("button", name="Ask all").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("2 to 9 different phrasings, not 1")
    expect(dialog.locator(".toast button")).to_have_css("padding", "0px")  # in a dialog, too
    dialog.get_by_role("button", name="Let the model write some").click()
    expect(dialog.get_by_role("textbox")).to_have_count(4)
    texts = [dialog.get_by_role("textbox").nth(n).input_value() for n in range(4)]
    assert texts == ["What is 2 + 2?", "Add 2 to 2.", "2 plus 2, please", ""]
    dialog.get_by_role("button", name="Ask all").click()
    expect(page.locator(".vote .group")).to_have_count(2)
    expect(page.locator(".vote .group").first).to_contain_text("2/3")
    expect(page.locator(".asked .switch")).to_contain_text("1 of 3")
    page.locator(".vote .group").last.locator(".samples button").click()
    expect(page.locator(".ask")).to_have_text("2 plus 2, please")


# --- how it should behave --------------------------------------------------------------------------------------------


def test_system_prompt_sampling_and_preset_set_on_the_page_are_in_the_archive(site: Site, tmp_path: Path) -> None:
    backend = ScriptedBackend(lambda _: THOUGHT, model_names=("deepseek-r1", "qwen3-4b"))
    app = site.serve(backends={"scripted": backend}, model="deepseek-r1")
    page = site.open()
    page.get_by_role("button", name="How it should behave").click()
    panel = page.get_by_role("dialog", name="How it should behave")
    system = panel.get_by_role("textbox", name="System prompt")
    expect(system).to_be_focused()
    expect(panel).to_contain_text("advises against a system prompt")
    expect(panel).to_contain_text("Recommended: the maker of DeepSeek-R1")
    temperature = panel.get_by_role("textbox", name="Temperature")
    expect(temperature).to_have_attribute("placeholder", "0.6")
    system.fill("Be brief.")
    for value, why in (("-1", "makes no sense"), ("hot", "is not a number")):
        temperature.fill(value)
        panel.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_test_id("toast-body").filter(has_text=why)).to_be_visible()
    temperature.fill("0.25")
    panel.get_by_role("textbox", name="Name of the preset").fill("Short")
    panel.get_by_role("button", name="Save as a preset").click()
    expect(panel.locator("li")).to_contain_text("in use")
    panel.get_by_role("button", name="Close").click()
    ask(page, "7 + 3 = ?")
    finished(page)
    sent = backend.requests[-1]
    assert [(m.role, m.content) for m in sent.messages] == [("user", "Be brief.\n\n7 + 3 = ?")]
    assert sent.params.temperature == 0.25

    page.get_by_role("button", name="How it should behave").click()
    panel.get_by_role("checkbox", name="Send it as a system prompt anyway").check()
    panel.get_by_role("button", name="Back to the recommended").click()
    panel.get_by_role("textbox", name="Name of the preset").fill("Long")
    panel.get_by_role("button", name="Save as a preset").click()
    expect(panel.locator("li")).to_have_count(2)
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel).to_be_hidden()
    ask(page, "And now?")
    expect(page.locator(".reply.done")).to_have_count(2)
    sent = backend.requests[-1]
    assert (sent.messages[0].role, sent.params.temperature) == ("system", 0.6)

    app.store.judgements.set_consent(None, True)
    archive.write(app.store, tmp_path / "a.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    replies = [line for line in lines if line.get("row") == "reply"]
    assert [(r["system"], r["temperature"], r["preset"], r["system_role"]) for r in replies] == [
        ("Be brief.", 0.25, "Short", False),
        ("Be brief.", 0.6, "Long", True),
    ]
    assert [line["name"] for line in lines if line.get("row") == "preset"] == ["Long"]

    page.get_by_role("textbox", name="Message").fill("Which one?")
    page.locator("#compare summary").click()
    page.get_by_role("combobox", name="Compare presets", exact=True).select_option("Short")
    page.get_by_role("combobox", name="Compare with").select_option("Long")
    page.locator("#compare [data-presets]").click()
    expect(page.locator(".verdict.ready")).to_be_visible()
    assert sorted(request.params.temperature for request in backend.requests[-2:]) == [0.25, 0.6]
    page.get_by_role("button", name="A is better").click()
    for name in ("Short", "Long"):
        expect(page.locator(".compared")).to_contain_text(f"deepseek-r1 · {name} · temperature")
    page.get_by_role("button", name="How it should behave").click()
    panel.get_by_role("button", name="Delete: Short").click()
    expect(panel.locator("li")).to_have_count(1)
    assert [preset.name for preset in app.store.presets.all()] == ["Long"]


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_kept_and_a_key_is_never_shown_again(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    page.keyboard.press("Control+,")
    dialog = page.get_by_role("dialog", name="Settings")
    dialog.get_by_role("radio", name="Dark").check(force=True)
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    dialog.get_by_role("radio", name="Large").check(force=True)
    dialog.get_by_role("tab", name="General").press("End")
    expect(dialog.get_by_role("tab", name="Shortcuts")).to_be_focused()
    expect(dialog).to_contain_text("Hide or show the list")

    dialog.get_by_role("tab", name="Models").click()
    dialog.get_by_role("textbox", name="System prompt for new conversations").fill("Be kind.")
    page.mouse.click(5, 5)  # what is half written is there again
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Settings").first.click()
    expect(dialog.get_by_role("textbox", name="System prompt for new conversations")).to_have_value("Be kind.")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("Saved.")
    dialog.get_by_role("combobox", name="Model for new conversations").select_option("scripted:scripted")
    page.wait_for_function("() => document.querySelectorAll('.toast').length > 0")

    dialog.get_by_role("tab", name="Servers").click()
    for address, why in (("", "not a server address"), ("ftp://x", "ftp://x")):
        dialog.get_by_role("textbox", name="Address").fill(address)
        dialog.get_by_role("button", name="Add").click()
        expect(page.get_by_test_id("toast-body").filter(has_text=why)).to_be_visible()
    dialog.get_by_role("textbox", name="Address").fill("http://127.0.0.1:9/v1")
    dialog.get_by_label("Key (optional)").fill("sk-secret-key")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_text("with a key")).to_be_visible()
    dialog.get_by_role("button", name="Test: http://127.0.0.1:9/v1").click()
    expect(dialog.locator(".told")).to_contain_text("127.0.0.1:9")
    assert "sk-secret-key" not in page.content()
    file = site.folder / "servers.json"
    assert "sk-secret-key" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert 'system = "Be kind."' in (site.folder / "settings.toml").read_text()
    assert app.catalogue.statuses()[-1].name == "openai@127.0.0.1~9"

    page.reload()
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    assert page.evaluate("document.documentElement.dataset.size") == "large"
    here, dark = page.url, page.evaluate("getComputedStyle(document.body).backgroundColor")
    for name in ("models/", "data/"):  # they look as the chat does
        page.goto(re.sub(r"/(\?.*)?$", f"/{name}", here))
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("body")).to_have_css("background-color", dark)
    page.goto(here)
    expect(page.locator("#model-line")).to_be_visible()
    page.keyboard.press("Control+\\")
    expect(page.get_by_role("button", name="New conversation")).to_be_hidden()
    page.get_by_role("button", name="Show the list").click()
    expect(page.get_by_role("button", name="New conversation")).to_be_visible()
    ask(page, "7 + 3 = ?")
    finished(page)
    expect(page.locator("#right")).to_be_visible()
    page.keyboard.press("Control+Shift+|")
    expect(page.locator("#right")).to_be_hidden()
    page.get_by_role("button", name="Show the outline").click()
    expect(page.locator("#right")).to_be_visible()
    assert app.store.conversations()[0].system == "Be kind."
    page.get_by_role("button", name="Settings").click()
    dialog.get_by_role("tab", name="Servers").click()
    dialog.get_by_role("button", name="Remove: http://127.0.0.1:9/v1").click()
    expect(dialog.get_by_text("with a key")).to_have_count(0)
    assert "sk-secret-key" not in file.read_text()
    assert [status.name for status in app.catalogue.statuses()] == ["scripted"]


def test_a_choice_made_while_an_earlier_one_is_sent_stays(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()

    delays = iter((400, 2000))  # ms, of the choice of a budget of one's own, and of the number in its box

    def slow(route: Route) -> None:
        response = route.fetch()
        page.wait_for_timeout(next(delays, 0))
        route.fulfill(response=response)

    page.route("**/r1chat/act", slow)
    choose_budget(page, 40)
    expect(page.locator("#thinking-button")).to_contain_text("1,000 tokens")  # the answer to the first of them
    ask(page, "7 + 3 = ?")
    finished(page)
    expect(page.get_by_role("spinbutton", name="Thinking tokens")).to_have_value("40")
    expect(page.locator("#thinking-button")).to_contain_text("40 tokens")
    assert app.store.conversations()[0].budget == 40


# --- formats ---------------------------------------------------------------------------------------------------------

FAMILIES = {
    "gpt-oss": "openai-gpt-oss-120b",
    "magistral": "mistralai-Ministral-3-14B-Reasoning-2512",
    "gemma": "google-gemma-4-31B-it",
    "seed-oss": "ByteDance-Seed-OSS",
}


def test_answer_now_and_a_budget_write_the_tags_of_every_family(site: Site) -> None:
    sources = {name: source_of(file) for name, file in FAMILIES.items()}
    forms = {name: form for name, source in sources.items() if (form := find_format(source, "<BOS>", "<EOS>").form)}
    assert set(forms) == set(FAMILIES)

    def script(request: Request) -> Script:
        form = forms[request.model]
        yield Began(form, form.opens_in_prompt and request.so_far is None)
        if request.so_far is not None:
            yield "It is 4."
            return
        if not form.opens_in_prompt:
            yield form.open_text
        yield "Two and two"
        for number in range(600):
            if "budget" in request.messages[-1].content:
                yield f" w{number}"
            else:
                never.wait(0.02)
                yield Progress("waiting")

    never = threading.Event()
    backend = ScriptedBackend(script, model_names=tuple(FAMILIES), formats=forms)
    site.serve(backends={"scripted": backend}, model="gpt-oss")
    page = site.open()
    for name in FAMILIES:
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".welcome")).to_be_visible()
        choose(page, "Model", name)
        choose(page, "Thinking", "No limit")
        ask(page, "What is 2 + 2?")
        expect(page.locator(".step")).to_contain_text("Two and two")
        page.get_by_role("button", name="Answer now").click()
        finished(page)
        expect(page.locator(".answer")).to_have_text("It is 4.")
        expect(page.locator(".origin")).to_contain_text("You ended the thinking")
        choose_budget(page, 40)
        ask(page, "And with a budget?")
        expect(page.locator(".reply.done")).to_have_count(2)
        expect(page.locator(".answer").last).to_have_text("It is 4.")
        expect(page.locator(".origin").last).to_contain_text("budget of 40 tokens")
        for reply in page.locator(".reply").all():
            for tag in (forms[name].open, forms[name].close):
                assert tag.strip() not in reply.inner_text()
        for request in [request for request in backend.requests if request.model == name and request.so_far]:
            prompt = ChatTemplate(sources[name], "<BOS>", "<EOS>").prompt(request.messages, request.so_far)
            text = "".join(piece.text for piece in (*prompt.head, *prompt.tail))
            assert text.endswith(forms[name].close_text)


def source_of(name: str) -> str:
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
