"""What a person is in the middle of outlives quick clicks, refusals, other tabs and lost connections."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable

import pytest
from site_driver import CHROMIUM, THOUGHT, Gate, Locator, Page, Site, ask, choose_budget, expect, finished, more

from r1chat.app import App
from r1chat.backends.scripted import Script
from r1chat.messages import Finish, Progress, Request

CHECKED = "<think>It is seven.\n\nWait, let me check the seven again.\n\nIt is seven.</think>Seven."
HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event('visibilitychange'));
}"""

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]


def edited_step(page: Page, number: int) -> Locator:
    page.locator(".step").nth(number).click(position={"x": 300, "y": 8})
    page.get_by_role("button", name="Continue from here").click()
    return page.get_by_role("textbox", name="Edit this step, then continue from it")


def go_on(page: Page) -> None:
    page.locator(".steps .acts").get_by_role("button", name="Continue from here").click()


def start_vote(page: Page) -> None:
    more(page, "3", exact=True).click()
    expect(page.locator(".vote")).to_be_visible()


def waiting(gate: threading.Event, *rest: str, first: str = "<think>hm") -> Script:
    yield first
    while not gate.wait(0.02):
        yield Progress("waiting")
    yield from rest


def other_tab_of(site: Site, page: Page) -> Page:
    other = site.open("&" + page.url.partition("?")[2])
    finished(other)
    return other


# --- a connection that is lost and found -----------------------------------------------------------------------------


def test_an_edit_survives_a_look_at_another_tab(site: Site) -> None:
    site.serve([CHECKED])
    page = site.open()
    ask(page, "What is 3 + 4?")
    finished(page)
    page.locator("details.thought > summary").click()
    box = edited_step(page, 1)
    box.fill("Half written")
    page.evaluate(HIDE, True)
    with page.expect_request("**/r1chat/feed?**"):
        page.evaluate(HIDE, False)
    ask(other_tab_of(site, page), "And 5?")  # comes over the new connection
    expect(page.locator(".reply.done")).to_have_count(2)
    expect(box).to_have_value("Half written")


def test_a_page_that_comes_back_shows_what_happened_and_nothing_else(site: Site) -> None:
    answers = iter(["one", "two"])
    site.serve(lambda request: ["<think>hm</think>", next(answers)])
    page = site.open()
    ask(page, "A number?")
    finished(page)
    other = other_tab_of(site, page)
    page.evaluate(HIDE, True)
    other.get_by_role("button", name="Regenerate").click()
    expect(other.locator(".answer")).to_have_text("two")
    finished(other)
    page.evaluate(HIDE, False)
    expect(page.locator(".answer")).to_have_count(1)
    expect(page.locator(".answer")).to_have_text("two")


def test_seven_tabs_whose_replies_grow_leave_the_browser_a_connection(site: Site) -> None:
    """Six streams are all that a browser has for one address: no tab could stop its reply, and none be opened."""
    gate = threading.Event()
    site.serve(lambda _request: waiting(gate, "</think>Seven.", first="<think>So it begins"))
    tabs = [site.open()]
    ask(tabs[0], "What is seven?")
    expect(tabs[0].locator(".thought")).to_contain_text("So it begins")
    expect(tabs[0]).to_have_url(re.compile(r"[?&]c="))  # the page names the conversation as soon as there is one
    for _ in range(6):
        tab = tabs[0].context.new_page()
        tab.goto(tabs[0].url)
        tabs.append(tab)
        expect(tab.locator("#stop")).to_be_visible()
        expect(tab.locator(".thought")).to_contain_text("So it begins")
    tabs[0].locator("#stop").click()
    for tab in tabs:
        finished(tab)
    gate.set()


def test_a_message_that_waits_is_sent_by_one_of_two_tabs(site: Site) -> None:
    gate = threading.Event()
    app = site.serve(
        lambda request: waiting(gate, "</think>One.") if len(request.messages) == 1 else ["<think>", "</think>Two."]
    )
    page = site.open()
    ask(page, "First")
    expect(page.locator(".thought")).to_be_visible()
    ask(page, "Second")
    expect(page.locator("#queue .queued")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"[?&]c="))
    other = site.tab(page.context, "&" + page.url.partition("?")[2])
    expect(other.locator("#queue .queued")).to_have_text(["Second"])
    gate.set()
    for tab in (page, other):
        expect(tab.locator(".reply.done")).to_have_count(2)
        expect(tab.locator("#queue .queued")).to_have_count(0)
        expect(tab.locator("#prompt textarea")).to_have_value("")
    page.wait_for_timeout(1_000)  # a second one would come by now
    conversation = app.store.conversations()[0].id
    assert [turn.content for turn in app.store.conversation(conversation).turns] == ["First", "Second"]


def test_a_message_taken_out_of_the_queue_leaves_it_in_other_tabs_too(site: Site) -> None:
    gate = threading.Event()
    site.serve(lambda _request: waiting(gate, "</think>One."))
    page = site.open()
    ask(page, "First")
    expect(page.locator(".thought")).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]c="))
    other = site.tab(page.context, "&" + page.url.partition("?")[2])
    expect(other.locator(".thought")).to_be_visible()
    ask(page, "Second")
    expect(other.locator("#queue .queued")).to_have_text(["Second"])
    page.locator("#queue .queued").get_by_role("button").last.click()
    expect(other.locator("#queue .queued")).to_have_count(0)
    gate.set()


def test_an_alarm_is_gone_from_a_page_that_comes_back(site: Site) -> None:
    gate = threading.Event()

    def looping(request: Request) -> Script:
        yield from ["<think>", *["Let me think about the number seven again. "] * 60]
        yield from waiting(gate, "</think>Seven.", first="So. ")

    site.serve(looping)
    page = site.open()
    ask(page, "What is seven?")
    expect(page.locator(".notice")).to_contain_text("repeats itself")
    page.evaluate(HIDE, True)
    gate.set()
    page.evaluate(HIDE, False)
    finished(page)
    expect(page.locator(".notice")).to_have_text([])


def test_an_alarm_is_gone_as_soon_as_the_thought_is_closed(site: Site) -> None:
    gate = threading.Event()

    def looping(request: Request) -> Script:
        if request.so_far is None:
            yield from ["<think>", *["Let me think about the number seven again. "] * 60]
            yield from waiting(threading.Event())
        yield "Seven"
        while not gate.wait(0.02):
            yield Progress("waiting")

    site.serve(looping)
    page = site.open()
    ask(page, "What is seven?")
    page.locator(".notice").get_by_role("button", name="Answer now").click()
    expect(page.locator(".answer")).to_have_text("Seven")
    expect(page.locator(".notice")).to_have_count(0)
    gate.set()


def test_nothing_of_one_conversation_shows_beside_another(site: Site) -> None:
    finish = Finish("stop", prompt_tokens=30, context=4096)
    site.serve(lambda request: [CHECKED, finish] if request.messages[0].content == "First" else ["No thought."])
    page = site.open()
    ask(page, "Second")
    finished(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, "First")
    finished(page)
    expect(page.locator("#ledger")).to_contain_text("of 4,096")
    expect(page.locator("#outline")).to_contain_text("let me check the seven again")
    page.get_by_role("button", name="Second", exact=True).click()
    expect(page.locator(".ask")).to_have_text("Second")
    expect(page.locator("#ledger")).to_be_empty()
    expect(page.locator("#outline")).to_be_empty()


# --- what is written, and refused ------------------------------------------------------------------------------------


def test_a_step_can_be_edited_while_the_thought_still_runs(site: Site) -> None:
    gate = threading.Event()
    app = site.serve(
        lambda request: ["And so on.</think>Forked."] if request.so_far else waiting(gate, "never"),
    )
    page = site.open()
    ask(page, "Think.")
    expect(page.locator(".step")).to_have_text("hm")
    box = edited_step(page, 0)
    expect(box).to_have_value("hm")
    box.fill("Another way. ")
    go_on(page)
    expect(page.locator(".answer")).to_have_text("Forked.")
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    turn = app.store.conversation(app.store.conversations()[0].id).turns[0]
    stopped, forked = app.store.replies(turn.id)
    assert (stopped.reply.reasoning, stopped.reply.finish) == ("hm", "stopped")
    assert (forked.reply.reasoning, forked.provenance.parent_id) == ("Another way. And so on.", stopped.id)


def test_an_edited_step_that_is_refused_stays_in_its_box(site: Site) -> None:
    site.serve([CHECKED])
    page = site.open()
    ask(page, "What is 3 + 4?")
    finished(page)
    page.locator("details.thought > summary").click()
    box = edited_step(page, 0)
    box.fill(" ")
    go_on(page)
    expect(page.get_by_test_id("toast-body")).to_contain_text("Nothing would be left of the thought")
    expect(box).to_have_value(" ")
    box.fill("It is eight.")
    go_on(page)
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")


def test_an_edited_message_that_is_refused_stays_in_its_box(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    box = page.get_by_role("textbox", name="Edit the message")
    box.fill(" ")
    box.press("Enter")
    expect(page.get_by_test_id("toast-body")).to_contain_text("message is empty")
    expect(page.locator("#middle").get_by_role("button", name="Clear")).to_have_count(0)
    expect(box).to_have_value(" ")
    box.fill("7 + 4 = ?")
    box.press("Enter")
    expect(page.locator(".ask")).to_have_text("7 + 4 = ?")


def test_a_budget_that_makes_no_sense_holds_the_message_back_in_an_old_conversation_too(site: Site) -> None:
    app = site.serve(lambda request: ["Done."] if request.so_far else ["<think>", *["so "] * 90, "</think>Ok."])
    page = site.open()
    ask(page, "One")
    finished(page)
    choose_budget(page, 99_999)
    ask(page, "Two")

    expect(page.get_by_test_id("toast-body").first).to_contain_text("does not fit")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("Two")
    page.get_by_role("spinbutton", name="Thinking tokens").fill("40")
    page.get_by_role("textbox", name="Message").press("Enter")
    expect(page.locator(".origin")).to_contain_text("budget of 40 tokens")
    assert len(app.store.conversation(app.store.conversations()[0].id).turns) == 2


# --- what is half written where something is edited ------------------------------------------------------------------

HALF = "half written"
ON_DISK = "JSON.stringify([localStorage, sessionStorage])"
EDITORS = ["answer", "thought", "step", "message"]


def writing(page: Page, kind: str) -> Locator:
    """An editor of the newest turn, with something half written in it."""
    if kind == "answer":
        more(page, "Correct the answer").click()
    elif kind == "message":
        page.locator(".asked").last.get_by_role("button", name="Edit", exact=True).click()
    else:
        page.locator("details.thought > summary").last.click()
        if kind == "step":
            edited_step(page, 1)
        else:
            page.get_by_role("button", name="Correct the thought").last.click()
    box = page.locator("textarea.editing")
    expect(box).not_to_have_value("")
    box.fill(HALF)
    return box


def reference_box(page: Page) -> Locator:
    page.locator(".reference > summary").last.click()
    return page.locator(".reference textarea").last


def go_to(page: Page, title: str) -> None:
    page.locator("#list").get_by_role("button", name=title, exact=True).click()
    expect(page.locator(".ask")).to_have_text(title)


def two_conversations(site: Site) -> tuple[App, Page]:
    """The page shows "first"; there is "second" beside it."""
    app = site.serve([CHECKED])
    page = site.open()
    for message in ("second", "first"):
        page.get_by_role("button", name="New conversation").click()
        ask(page, message)
        expect(page.locator(".ask")).to_have_text(message)
        finished(page)
    return app, page


def choose_chinese(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("dialog").get_by_role("radio", name="中文").click(force=True)
    expect(page.get_by_role("textbox", name="消息")).to_be_visible()


@pytest.mark.parametrize("kind", EDITORS)
def test_what_is_half_written_in_an_editor_outlives_a_look_elsewhere_a_reload_and_another_language(
    site: Site, kind: str
) -> None:
    app, page = two_conversations(site)
    box = writing(page, kind)
    go_to(page, "second")
    expect(box).to_have_count(0)
    go_to(page, "first")
    expect(box).to_be_visible()
    expect(box).to_have_value(HALF)
    expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_focused()  # it does not take the keys
    page.reload()
    expect(box).to_be_visible()
    expect(box).to_have_value(HALF)
    choose_chinese(page)
    expect(box).to_be_visible()
    expect(box).to_have_value(HALF)
    page.get_by_role("button", name="取消").click()
    expect(box).to_have_count(0)
    page.reload()
    finished(page)
    expect(box).to_have_count(0)
    assert HALF not in page.evaluate(ON_DISK)
    assert app.store.conversation(app.store.conversations()[0].id).turns[0].content == "first"


@pytest.mark.parametrize("kind", EDITORS)
def test_what_was_saved_is_not_half_written_any_more(site: Site, kind: str) -> None:
    site.serve(lambda request: ["And so on.</think>Forked."] if request.so_far else [CHECKED])
    page = site.open()
    ask(page, "first")
    finished(page)
    box = writing(page, kind)
    assert HALF in page.evaluate(ON_DISK)
    page.locator("textarea.editing + .acts .primary").click()
    expect(page.locator(".switch").first).to_contain_text("2 of 2")
    finished(page)
    expect(box).to_have_count(0)
    page.wait_for_function(f"!{ON_DISK}.includes('{HALF}')")
    page.locator(".switch").first.get_by_role("button", name="Previous", exact=True).click()
    expect(page.locator(".switch").first).to_contain_text("1 of 2")
    expect(box).to_have_count(0)
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_an_editor_that_escape_closes_forgets_what_was_written(site: Site) -> None:
    _, page = two_conversations(site)
    box = writing(page, "answer")
    box.press("Escape")
    assert HALF not in page.evaluate(ON_DISK)
    go_to(page, "second")
    go_to(page, "first")
    finished(page)
    expect(box).to_have_count(0)
    more(page, "Correct the answer").click()
    expect(box).to_have_value("Seven.")


@pytest.mark.parametrize("kind", EDITORS)
def test_what_is_half_written_about_a_reply_is_kept_when_another_one_takes_its_place(site: Site, kind: str) -> None:
    app, page = two_conversations(site)
    box = writing(page, kind)
    turn = app.store.conversation(app.store.conversations()[0].id).turns[0]
    app.chat.again(turn.id, "scripted:scripted").wait(20)
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    finished(page)
    note = page.get_by_test_id("toast-body")
    if kind == "message":
        expect(box).to_have_value(HALF)
        expect(note).to_have_count(0)
        return
    expect(box).to_have_count(0)
    expect(note).to_contain_text("is kept")
    page.locator(".reply .switch").get_by_role("button", name="Previous", exact=True).click()
    expect(box).to_be_visible()
    expect(box).to_have_value(HALF)


def test_what_is_half_written_where_it_does_not_show_any_more_is_told_after_a_reload_too(site: Site) -> None:
    app, page = two_conversations(site)
    writing(page, "answer")
    go_to(page, "second")
    turn = app.store.conversation(app.store.conversations()[0].id).turns[0]
    app.chat.again(turn.id, "scripted:scripted").wait(20)
    note = page.get_by_test_id("toast-body")
    expect(note).to_have_count(0)
    go_to(page, "first")
    expect(note).to_contain_text("is kept")
    page.reload()
    expect(note).to_contain_text("is kept")


def test_another_tab_shows_nothing_of_what_is_half_written_in_this_one(site: Site) -> None:
    app, page = two_conversations(site)
    other = other_tab_of(site, page)
    box = writing(page, "answer")
    app.chat.publish(app.store.conversations()[0].id)  # both tabs are sent the whole
    expect(box).to_have_value(HALF)
    page.locator("textarea.editing + .acts .primary").click()
    for tab in (page, other):
        expect(tab.locator(".reply .switch")).to_contain_text("2 of 2")
        expect(tab.locator(".answer")).to_have_text(HALF)
        expect(tab.locator("textarea.editing")).to_have_count(0)
        expect(tab.get_by_test_id("toast-body")).to_have_count(0)


def test_a_right_answer_and_its_kind_are_half_written_until_they_are_saved(site: Site) -> None:
    _, page = two_conversations(site)
    box, kind = reference_box(page), page.locator(".reference select")
    box.fill(HALF)
    kind.select_option("text")
    for leave in (lambda: (go_to(page, "second"), go_to(page, "first")), page.reload, lambda: choose_chinese(page)):
        leave()
        finished(page)
        expect(box).to_have_value(HALF)
        expect(kind).to_have_value("text")
    reference_box(page)
    page.locator(".reference .primary").click()
    expect(page.locator("details.reference")).not_to_have_attribute("open", "")
    page.wait_for_function(f"!{ON_DISK}.includes('{HALF}')")
    reference_box(page).fill("other")
    assert "other" in page.evaluate(ON_DISK)
    page.locator("[data-verb=unrefer]").click()
    expect(page.locator("[data-verb=unrefer]")).to_have_count(0)
    page.reload()
    finished(page)
    expect(box).to_have_value("")


def test_a_comment_that_could_not_be_saved_is_kept_and_saved_later(site: Site) -> None:
    app, page = two_conversations(site)
    page.get_by_role("button", name="Good", exact=True).click()
    comment = page.locator(".why textarea")
    page.route(
        "**/r1chat/act", lambda route: route.abort() if HALF in str(route.request.post_data) else route.continue_()
    )
    comment.fill(HALF)
    go_to(page, "second")
    expect(page.get_by_test_id("toast-body")).to_be_visible()
    page.unroute("**/r1chat/act")
    go_to(page, "first")
    expect(comment).to_be_visible()
    expect(comment).to_have_value(HALF)
    page.wait_for_function(f"!{ON_DISK}.includes('{HALF}')")
    [rating] = app.teacher.judged(app.store.conversations()[0].id).ratings.values()
    assert rating.comment == HALF


def test_what_is_half_written_in_an_editor_leaves_the_disk_with_its_conversation_and_comes_back_with_it(
    site: Site,
) -> None:
    _, page = two_conversations(site)
    box = writing(page, "answer")
    assert HALF in page.evaluate(ON_DISK)
    page.locator("#list .row").filter(has_text="first").hover()
    page.get_by_role("button", name="Delete: first").click()
    expect(page.locator(".welcome")).to_be_visible()
    assert HALF not in page.evaluate(ON_DISK)
    page.get_by_role("button", name="Undo").click()
    expect(box).to_have_value(HALF)
    assert HALF in page.evaluate(ON_DISK)


def test_what_is_half_written_in_a_temporary_conversation_stays_with_it_and_off_the_disk(site: Site) -> None:
    site.serve([CHECKED])
    page = site.open()
    ask(page, "kept")
    finished(page)
    page.get_by_role("button", name="Temporary conversation").click()
    expect(page.locator("#temporary")).to_be_visible()
    ask(page, "secret")
    finished(page)
    box = writing(page, "answer")
    reference_box(page).fill("an answer that nobody knows")
    go_to(page, "kept")
    go_to(page, "secret")
    expect(box).to_have_value(HALF)
    expect(page.locator(".reference textarea")).to_have_value("an answer that nobody knows")
    disk = page.evaluate(ON_DISK)
    assert HALF not in disk and "nobody knows" not in disk


def test_a_half_written_name_of_a_conversation_is_saved_when_the_page_or_the_list_is_drawn_anew(site: Site) -> None:
    app, page = two_conversations(site)
    row = page.locator("#list .row").first
    for name, redraw in (("by reload", page.reload), ("by answer", lambda: page.evaluate("r1chat.act('search')"))):
        row.hover()
        row.locator("[data-verb=rename]").click()
        page.locator("input.renaming").fill(name)
        redraw()
        expect(row).to_contain_text(name)
    assert app.store.conversations()[0].title == "by answer"


# --- quick clicks, other branches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Regenerate", "Think longer", "Skip thinking"])
def test_a_double_click_begins_one_reply_and_says_nothing(site: Site, name: str) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    first = iter([True])
    app = site.serve(lambda request: THOUGHT if next(first, False) else gate(request))
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    (page.get_by_role("button", name=name) if name == "Regenerate" else more(page, name)).dblclick()
    gate.opened.set()
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    finished(page)
    expect(page.get_by_test_id("toast-body")).to_have_count(0)
    turn = app.store.conversation(app.store.conversations()[0].id).turns[0]
    assert len(app.store.replies(turn.id)) == 2


def test_a_double_click_on_send_does_not_stop_the_reply(site: Site) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    site.serve(gate)
    page = site.open()
    page.get_by_role("textbox", name="Message").fill("7 + 3 = ?")
    place = page.get_by_role("button", name="Send").bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 20, place["y"] + 10)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    gate.opened.set()
    expect(page.locator(".answer")).to_have_text("It is 10.")
    finished(page)
    expect(page.locator(".notice")).to_have_count(0)


def two_turns(gate: threading.Event, last: Callable[[Request], bool]) -> Callable[[Request], Script]:
    """Two replies to "One"; those to "Two" wait for the gate where `last` says so."""
    answers = iter(["a", "b", "c"])
    return lambda request: waiting(gate, "</think>late") if last(request) else ["<think>hm</think>", next(answers)]


def flip_first(page: Page) -> None:
    page.locator(".reply").first.get_by_role("button", name="Previous", exact=True).click()
    expect(page.locator(".answer")).to_have_count(1)
    expect(page.locator(".answer")).to_have_text("a")


def ask_twice(page: Page) -> None:
    ask(page, "One")
    finished(page)
    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator(".answer")).to_have_text("b")
    finished(page)
    ask(page, "Two")
    expect(page.locator(".reply")).to_have_count(2)


def test_a_reply_on_a_branch_that_does_not_show_ends_for_the_page_too(site: Site) -> None:
    gate = threading.Event()
    site.serve(two_turns(gate, lambda request: request.messages[-1].content == "Two"))
    page = site.open()
    ask_twice(page)
    expect(page.locator(".step").last).to_have_text("hm")
    flip_first(page)
    gate.set()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_vote_on_a_branch_that_does_not_show_ends_for_the_page_too(site: Site) -> None:
    gate, repeats = threading.Event(), iter([False])
    site.serve(two_turns(gate, lambda request: request.messages[-1].content == "Two" and next(repeats, True)))
    page = site.open()
    ask_twice(page)
    expect(page.locator(".answer").last).to_have_text("c")
    start_vote(page)
    flip_first(page)
    gate.set()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.locator(".answer")).to_have_text("a")  # the vote drags nobody away


def test_the_majority_shows_though_nobody_watched_the_vote(site: Site) -> None:
    gate, answers, first = threading.Event(), iter(["7", "8", "8"]), iter([True])

    def script(request: Request) -> Script:
        return THOUGHT if next(first, False) else waiting(gate, f"</think>It is \\boxed{{{next(answers)}}}.")

    app = site.serve(script)
    page = site.open()
    ask(page, "7 or 8?")
    finished(page)
    start_vote(page)
    address, context = "&" + page.url.partition("?")[2], page.context
    page.close()
    vote = app.chat.running(app.store.conversations()[0].id)
    gate.set()
    assert vote is not None
    vote.wait(60)
    page = site.tab(context, address)
    expect(page.locator(".vote .group").first).to_contain_text("2/3")
    expect(page.locator(".answer")).to_contain_text("8")


def test_an_own_number_of_samples_is_taken_when_it_is_said_and_not_before(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    more(page, "Run")
    box = page.get_by_role("spinbutton", name="Number of samples")
    box.press("ArrowUp")
    box.blur()
    box.fill("4")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".vote .group").first).to_contain_text("4/4")
    turn = app.store.conversation(app.store.conversations()[0].id).turns[0]
    assert len(app.store.replies(turn.id)) == 5


# --- finding one's way -----------------------------------------------------------------------------------------------


def reading_up(page: Page) -> None:
    """The thought unfolded, and the page scrolled to its top."""
    page.locator("details.thought > summary").last.click()
    page.locator(".scroll").evaluate("scroll => { scroll.scrollTop = 0; }")
    expect(page.get_by_role("button", name="Jump to the end")).to_be_visible()


def test_who_sends_a_message_sees_what_comes_of_it(site: Site) -> None:
    site.serve(lambda request: ["<think>", "A step.\n\n" * 60, "</think>", "An answer."])
    page = site.open()
    ask(page, "One")
    finished(page)
    reading_up(page)
    ask(page, "Two")
    finished(page)
    expect(page.locator(".answer").last).to_be_in_viewport()


def test_the_way_down_is_not_offered_where_everything_is_in_sight(site: Site) -> None:
    site.serve(lambda request: ["<think>", "A step.\n\n" * 60, "</think>", "An answer."])
    page = site.open()
    ask(page, "One")
    finished(page)
    reading_up(page)
    page.locator("details.thought > summary").click()
    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    finished(page)
    expect(page.get_by_role("button", name="Jump to the end")).to_be_hidden()


def test_a_step_is_reached_chosen_and_edited_by_keys_alone(site: Site) -> None:
    site.serve(lambda request: [" So.</think>Forked."] if request.so_far else [CHECKED])
    page = site.open()
    ask(page, "What is 3 + 4?")
    finished(page)
    page.locator("details.thought > summary").press("Enter")
    page.keyboard.press("n")
    expect(page.locator(".step.chosen")).to_contain_text("let me check")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".step.chosen")).to_have_attribute("data-start", "0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Continue from here")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Edit this step, then continue from it").fill("It is eight.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text("Forked.")


def test_a_moment_in_a_formula_is_reached_too(site: Site) -> None:
    hidden = "$$x = 7 \\quad \\text{Wait, that is wrong, let me double-check}$$"
    site.serve([f"<think>It is seven.\n\n{hidden}\n\nIt is seven.</think>Seven."])
    page = site.open()
    ask(page, "What is 3 + 4?")
    finished(page)
    page.locator("details.thought > summary").click()
    expect(page.locator(".step mark")).to_have_count(0)
    page.locator(".strip .line button").first.click()
    expect(page.locator(".step.chosen math")).to_have_count(1)


def test_a_moment_within_a_formula_marks_the_formula_as_a_whole(site: Site) -> None:
    formula = "$$ x = 7. \\text{Wait, that is wrong, let me double-check: } 3 + 4 = 7 $$"
    site.serve([f"<think>It is seven.\n\n{formula}\n\nIt is seven.</think>Seven."])
    page = site.open()
    ask(page, "What is 3 + 4?")
    finished(page)
    page.locator("details.thought > summary").click()
    expect(page.locator(".step mark math")).to_have_count(1)
    expect(page.locator(".step math mark")).to_have_count(0)
    expect(page.locator(".step math mi:empty")).to_have_count(0)


def test_a_thought_in_which_a_moment_was_looked_at_stays_open(site: Site) -> None:
    gate = Gate(["<think>", "It is seven.\n\nWait, let me check the seven again.\n\nIt is"], [" seven.</think>Seven."])
    site.serve(gate)
    page = site.open()
    ask(page, "What is 3 + 4?")
    expect(page.locator("mark")).to_have_count(1)
    page.locator(".step", has_text="It is").last.click()
    page.keyboard.press("n")
    gate.opened.set()
    finished(page)
    expect(page.locator(".step.chosen")).to_be_visible()


def test_the_outline_shows_the_step_that_was_gone_to_and_follows_who_reads_on(site: Site) -> None:
    steps = [f"Number {n} is {n * 7 % 30}." for n in range(40)]
    steps[20] += " Wait, let me check that again."
    site.serve(["<think>", "\n\n".join(steps), "</think>Done."])
    page = site.open()
    ask(page, "Seven times what?")
    finished(page)
    page.locator("details.thought > summary").click()
    current = page.locator("#outline [aria-current]")
    page.locator(".strip .after").click()
    expect(current).to_have_text("Wait, let me check that again")
    page.locator(".step").first.scroll_into_view_if_needed()
    expect(page.locator("#outline .seen").first).to_contain_text("Number 0")
    expect(current).to_have_text("Wait, let me check that again")


def test_many_moments_hide_none_of_each_other_and_stay_at_hand(site: Site) -> None:
    steps = (f"Number {n} is {n * 7 % 30}.\n\nWait, let me check {n} times seven again.\n\n" for n in range(30))
    site.serve([f"<think>{''.join(steps)}</think>Done."])
    page = site.open()
    ask(page, "Seven times what?")
    finished(page)
    page.locator("details.thought > summary").click()
    dots = page.locator(".strip .line button")
    expect(dots).to_have_count(30)
    places = [dots.nth(n).bounding_box() for n in range(30)]
    assert all(left and right and left["x"] + left["width"] <= right["x"] for left, right in itertools.pairwise(places))
    page.locator(".step", has_text="Number 29").click()
    expect(dots.first).to_be_in_viewport()
    dots.nth(14).click()
    expect(page.locator("mark.at")).to_contain_text("let me check 14")
    expect(dots.nth(14)).to_have_attribute("aria-current", "true")
