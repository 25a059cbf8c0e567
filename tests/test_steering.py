"""Watching and steering a thought on the page, with scripted models and with the one that ships."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest
from site_driver import CHROMIUM, THOUGHT, Gate, Page, Site, ask, choose_budget, expect, finished, more

from r1chat.backends.scripted import Script
from r1chat.errors import ContextError, GenerationError
from r1chat.messages import Finish, Progress, Request

REFLECTING = (
    "<think>I need the arrival time. 9:40 plus 2 hours is 11:40, then 35 minutes more.\n\n"
    "Wait, let me check the minutes. 40 + 35 = 75, so it is 12:15 and not 11:75.\n\n"
    "So my first result was wrong: the hour has to carry.\n\n"
    "In minutes the journey takes 2 times 60, which is 120, and 35 more. That makes 155 in all. It is less than three "
    "hours, which are 180. The train comes at noon or so.\n\n"
    "Let me double-check: 12:15 minus 9:40 is 2:35. Yes, that matches.</think>The train arrives at 12:15."
)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]


def open_thought(page: Page) -> None:
    finished(page)
    page.locator("details.thought > summary").last.click()
    expect(page.locator(".step").last).to_be_visible()


# --- watching --------------------------------------------------------------------------------------------------------


def test_moments_are_marked_counted_and_reached(site: Site) -> None:
    site.serve([REFLECTING])
    page = site.open()
    ask(page, "When does the train arrive?")
    finished(page)
    expect(page.locator("details.thought > summary")).to_contain_text(re.compile(r"2 checks, 1 correction"))
    open_thought(page)
    expect(page.locator(".strip .line button")).to_have_count(3)
    expect(page.locator(".step mark")).to_have_count(3)
    page.locator(".strip").get_by_role("button", name="Next moment (n)").click()
    expect(page.locator("mark.at")).to_contain_text("Wait, let me check the minutes")
    page.keyboard.press("n")
    expect(page.locator("mark.at")).to_contain_text("So my first result was wrong")
    page.keyboard.press("p")
    expect(page.locator("mark.at")).to_contain_text("Wait")


def test_the_outline_leads_to_a_step(site: Site) -> None:
    site.serve([REFLECTING])
    page = site.open()
    ask(page, "When does the train arrive?")
    open_thought(page)
    rows = page.locator("#outline ol button")
    expect(rows).not_to_have_count(0)
    rows.last.click()
    expect(page.locator(".step.chosen")).to_contain_text("double-check")


def test_a_moment_that_is_denied_is_a_label_in_the_store(site: Site) -> None:
    app = site.serve([REFLECTING])
    page = site.open()
    ask(page, "When does the train arrive?")
    open_thought(page)
    page.locator(".step mark").first.click()
    page.get_by_role("button", name="Wrong mark").click()
    expect(page.locator("mark.judged-denied")).to_have_count(1)
    reply = app.store.conversation(app.store.conversations()[0].id).turns[0].reply
    assert reply is not None
    page.wait_for_timeout(300)
    labels = app.store.moment_labels(reply.id)
    assert [(label.verdict, label.kind) for label in labels] == [("denied", "verification")]
    page.reload()
    expect(page.locator("mark.judged-denied")).to_have_count(1)


def test_what_is_said_of_a_moment_shows_in_every_tab(site: Site) -> None:
    site.serve([REFLECTING])
    page = site.open()
    ask(page, "When does the train arrive?")
    open_thought(page)
    other = site.open("&" + page.url.partition("?")[2])
    open_thought(other)
    page.locator(".step mark").first.click()
    page.get_by_role("button", name="Correct mark").click()
    expect(other.locator("mark.judged-confirmed")).to_have_count(1)
    other.locator(".step mark").first.click()
    other.get_by_role("button", name="Wrong mark").click()
    expect(page.locator("mark.judged-denied")).to_have_count(1)
    expect(page.locator("mark.judged-confirmed")).to_have_count(0)
    expect(page.locator(".step.chosen").get_by_role("button", name="Correct mark")).to_be_focused()


def test_a_loop_is_said_with_ways_out(site: Site) -> None:
    def loop(request: Request) -> Script:
        if request.so_far is not None:
            return ["Enough."]
        return ["<think>", *(["Let me think about the number seven again. "] * 60), *[Progress("waiting")] * 3]

    def slow(request: Request) -> Script:
        yield from loop(request)
        if request.so_far is None:
            for _ in range(2_000):
                yield Progress("waiting")
                pause.wait(0.02)

    pause = threading.Event()
    site.serve(slow)
    page = site.open()
    ask(page, "What is seven?")
    expect(page.locator(".notice")).to_contain_text("repeats itself")
    page.locator(".notice").get_by_role("button", name="Answer now").click()
    expect(page.locator(".answer")).to_have_text("Enough.")


def test_the_ledger_says_what_the_window_holds(site: Site) -> None:
    site.serve()
    page = site.open()
    ask(page, "27 + 43 = ?")
    finished(page)
    expect(page.locator("#ledger")).to_contain_text(re.compile(r"\d+ of 4,096"))
    expect(page.locator("#ledger .told")).to_have_attribute(
        "title", re.compile(r"prompt \d+ · thought \d+ · answer \d+")
    )


def test_a_tight_window_is_said_and_turns_are_left_out_only_on_request(site: Site) -> None:
    full = Finish("stop", prompt_tokens=3200, context=4096)
    app = site.serve(lambda request: [*THOUGHT, full], context=4096)
    page = site.open()
    for count, message in enumerate(("one", "two"), 1):
        ask(page, message)
        expect(page.locator(".reply.done")).to_have_count(count)
    expect(page.locator("#offers")).to_contain_text(re.compile(r"About \d+ of 4,096 tokens are free"))
    page.get_by_role("button", name="Leave out the oldest messages").click()
    first = page.locator("section", has_text="one")
    expect(first.locator(".left-out")).to_contain_text("no longer sees the message above")
    page.reload()
    expect(first.locator(".left-out")).to_be_visible()
    ask(page, "three")
    expect(page.locator(".reply.done")).to_have_count(3)
    sent = app.catalogue.find("scripted:scripted")[0].requests  # type: ignore[attr-defined]
    assert [message.content for message in sent[2].messages] == ["two", "It is **10**.", "three"]
    page.get_by_role("button", name="Show all messages to the model").click()
    expect(page.locator(".left-out")).to_have_count(0)
    ask(page, "four")
    expect(page.locator(".reply.done")).to_have_count(4)
    assert sent[3].messages[0].content == "one"


def test_a_new_conversation_begins_with_a_summary_that_can_be_changed(site: Site) -> None:
    full = Finish("stop", prompt_tokens=4000, context=4096)
    app = site.serve(lambda request: ["You added 7 and 3."] if request.so_far else [*THOUGHT, full], context=4096)
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator("#offers")).to_be_visible()
    page.get_by_role("textbox", name="Message").fill("And doubled?")
    page.get_by_role("button", name="Continue in a new conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value(re.compile("“7 \\+ 3 = .”.*You added 7 and 3.*Now: And doubled.", re.DOTALL))
    assert len(app.store.conversations()) == 1  # nothing is sent yet
    box.press("Enter")
    expect(page.locator(".ask")).to_contain_text("You added 7 and 3.")
    assert len(app.store.conversations()) == 2


@pytest.mark.parametrize("way", ["Escape", "Stop"])
def test_a_summary_that_does_not_come_can_be_stopped_and_locks_no_other_box(site: Site, way: str) -> None:
    full, gate = Finish("stop", prompt_tokens=4000, context=4096), Gate(["You added"], ["never said"])
    site.serve(
        lambda request: gate(replace(request, so_far=None)) if request.so_far else [*THOUGHT, full], context=4096
    )
    page = site.open()
    ask(page, "7 + 3 = ?")
    page.get_by_role("button", name="Continue in a new conversation").click()
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value(re.compile("You added"))
    expect(box).not_to_be_editable()
    page.locator("#list [data-verb=open]").first.click()
    expect(page.locator(".ask")).to_have_count(1)
    expect(box).to_be_editable()
    box.fill("meanwhile")
    page.locator("#new").click()
    expect(box).not_to_be_editable()
    if way == "Escape":
        box.press("Escape")
    else:
        page.get_by_role("button", name="Stop").click()
    expect(box).to_be_editable()
    expect(box).to_have_value(re.compile("You added"))
    expect(page.get_by_text("does not answer")).to_have_count(0)
    page.locator("#list [data-verb=open]").first.click()
    expect(box).to_have_value("meanwhile")


def test_a_new_conversation_that_goes_on_from_a_refused_one_is_refused_too(site: Site) -> None:
    full = Finish("stop", prompt_tokens=4000, context=4096)
    app = site.serve(lambda request: ["You added 7 and 3."] if request.so_far else [*THOUGHT, full], context=4096)
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator("#offers")).to_be_visible()
    [old] = app.store.conversations()
    app.store.judgements.set_consent(None, True)
    app.store.judgements.set_consent(old.id, False)
    page.get_by_role("button", name="Continue in a new conversation").click()
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value(re.compile("You added 7 and 3."))
    expect(box).to_be_editable()
    page.reload()  # it is a draft until it is sent
    page.locator("#new").click()
    expect(box).to_have_value(re.compile("You added 7 and 3."))
    box.press("Enter")
    expect(page.locator(".reply.done")).to_have_count(1)
    assert len(app.store.conversations()) == 2
    assert app.store.judgements.gathered().consented == 0
    page.locator("#new").click()
    ask(page, "Of something else: 1 + 1 = ?")
    expect(page.locator(".reply.done")).to_have_count(1)
    assert app.store.judgements.gathered().consented == 1


def test_a_temporary_conversation_goes_on_in_a_temporary_one(site: Site) -> None:
    full = Finish("stop", prompt_tokens=4000, context=4096)
    app = site.serve(lambda request: ["You added 7 and 3."] if request.so_far else [*THOUGHT, full], context=4096)
    page = site.open()
    page.get_by_role("button", name="Temporary conversation").click()
    expect(page.get_by_text("A temporary conversation:").first).to_be_visible()
    ask(page, "7 + 3 = ?")
    page.get_by_role("button", name="Continue in a new conversation").click()
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value(re.compile("You added 7 and 3", re.DOTALL))
    assert "You added" not in page.evaluate("JSON.stringify(localStorage)")
    box.press("Enter")
    expect(page.locator(".ask")).to_contain_text("You added 7 and 3.")
    expect(page.locator(".reply.done")).to_have_count(1)
    assert app.store.conversations() == []
    assert len(app.main.temporary_conversations()) == 2


def test_where_no_summary_can_be_written_the_last_messages_stand_in(site: Site) -> None:
    site.serve([*THOUGHT, Finish("stop", prompt_tokens=4000, context=4096)], context=4096, continues=False)
    page = site.open()
    ask(page, "7 + 3 = ?")
    page.get_by_role("button", name="Continue in a new conversation").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value(re.compile("I had asked:\n\n- 7 \\+ 3 = "))


def test_a_message_that_is_too_long_can_be_edited_where_it_was_refused(site: Site) -> None:
    too_long = ContextError("It does not fit into the window. Shorten it.")
    site.serve(lambda request: [too_long] if len(request.messages[-1].content) > 9 else THOUGHT)  # type: ignore[list-item]
    page = site.open()
    ask(page, "7 + 3 = ? " * 3)
    expect(page.locator(".notice.error")).to_contain_text("does not fit")
    expect(page.get_by_role("button", name="Continue")).to_have_count(0)
    page.locator(".reply").get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit the message").fill("7 + 3 = ?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text("It is 10.")
    expect(page.locator(".asked .switch")).to_contain_text("2 of 2")


# --- steering --------------------------------------------------------------------------------------------------------


def test_answer_now_closes_the_thought(site: Site) -> None:
    gate = Gate(THOUGHT[:2], ["never said"])
    site.serve(lambda request: gate(request) if request.so_far is None else ["It is 10."])
    page = site.open()
    expect(page.get_by_role("button", name="Answer now")).to_be_hidden()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_have_text("7 + 3")
    page.get_by_role("button", name="Answer now").click()
    expect(page.locator(".answer")).to_have_text("It is 10.")
    expect(page.locator(".origin")).to_contain_text("You ended the thinking")


def test_a_budget_closes_the_thought_and_is_kept_by_the_conversation(site: Site) -> None:
    def script(request: Request) -> Script:
        return ["Done."] if request.so_far else ["<think>", *(f" t{i}" for i in range(900))]

    app = site.serve(script)
    page = site.open()
    choose_budget(page, 512)
    ask(page, "Think.")
    expect(page.locator(".answer")).to_have_text("Done.")
    expect(page.locator(".origin")).to_contain_text("budget of 512 tokens")
    assert app.store.conversations()[0].budget == 512
    page.reload()
    expect(page.get_by_role("button", name="Thinking: 512 tokens")).to_be_visible()


def test_a_budget_that_makes_no_sense_is_a_sentence(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    choose_budget(page, 1000)
    for value, sentence in (("0", "no room for a thought"), ("99999", "does not fit"), ("", "Not a number of tokens")):
        page.get_by_role("spinbutton", name="Thinking tokens").fill(value)
        page.get_by_role("textbox", name="Message").fill("7 + 3 = ?")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_test_id("toast-body").filter(has_text=sentence).first).to_be_visible()
        assert page.get_by_role("textbox", name="Message").input_value() == "7 + 3 = ?"


def test_thinking_longer_makes_a_sibling(site: Site) -> None:
    site.serve(lambda request: [" still 10.</think>Sure."] if request.so_far else THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    more(page, "Think longer").click()
    expect(page.locator(".answer")).to_have_text("Sure.")
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    expect(page.locator(".origin")).to_contain_text("thought for longer")
    open_thought(page)
    expect(page.locator(".steps")).to_contain_text("Wait, still 10.")
    expect(page.locator("details.thought > summary")).to_contain_text(re.compile("about [4-9] tokens"))  # 3 were given


def test_an_edited_step_forks_the_thought(site: Site) -> None:
    site.serve(lambda request: [" And so on.</think>Forked."] if request.so_far else [REFLECTING])
    page = site.open()
    ask(page, "When does the train arrive?")
    open_thought(page)
    page.locator(".step").nth(1).click(position={"x": 300, "y": 8})
    page.get_by_role("button", name="Continue from here").click()
    box = page.get_by_role("textbox", name="Edit this step, then continue from it")
    expect(box).to_have_value(re.compile("Wait, let me check"))
    box.fill("The minutes are 75.")
    page.locator(".steps .acts").get_by_role("button", name="Continue from here").click()
    expect(page.locator(".answer")).to_have_text("Forked.")
    expect(page.locator(".origin")).to_contain_text("edited thought")
    open_thought(page)
    expect(page.locator(".steps")).to_contain_text("The minutes are 75. And so on.")
    expect(page.locator(".steps")).not_to_contain_text("Wait")


def test_the_thought_can_be_skipped(site: Site) -> None:
    site.serve(lambda request: ["At once."] if request.so_far else THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    more(page, "Skip thinking").click()
    expect(page.locator(".answer")).to_have_text("At once.")
    expect(page.locator("details.thought > summary")).to_have_text("Answered without thinking")


def test_a_vote_shows_the_majority_and_opens_each_sample(site: Site) -> None:
    answers = iter(["first", r"It is \boxed{7}.", r"It is \boxed{8}.", r"So \boxed{8}."])
    site.serve(lambda request: ["<think>hm</think>", next(answers)])
    page = site.open()
    ask(page, "7 or 8?")
    expect(page.locator(".answer")).to_have_text("first")
    more(page, "3", exact=True).click()
    expect(page.locator(".vote .group")).to_have_count(2)
    expect(page.locator(".vote .group").first).to_contain_text("2/3")
    expect(page.locator(".answer")).to_contain_text("8")
    page.locator(".vote .group").last.get_by_role("button").click()
    expect(page.locator(".answer")).to_contain_text("7")


def test_a_vote_whose_samples_all_fail_says_so(site: Site) -> None:
    first = iter([True])
    site.serve(lambda request: THOUGHT if next(first, False) else [GenerationError("The server went away.")])  # type: ignore[list-item]
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".answer")).to_have_text("It is 10.")
    more(page, "3", exact=True).click()
    expect(page.locator(".vote")).to_contain_text("No sample came to an answer")
    expect(page.locator(".notice.error")).to_contain_text("The server went away.")


def test_what_a_server_cannot_do_is_disabled_with_the_reason(site: Site) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    site.serve(gate, continues=False)
    page = site.open()
    page.get_by_role("button", name="Thinking: On").click()
    for option, why in (("512 tokens", "cannot continue a reply"), ("Off", "no off switch")):
        barred = page.get_by_role("menuitemradio", name=option)
        expect(barred).to_have_attribute("aria-disabled", "true")
        expect(barred).to_contain_text(why)
        barred.click(force=True)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Thinking: On")).to_be_focused()
    ask(page, "7 + 3 = ?")
    expect(page.get_by_role("button", name="Answer now")).to_be_disabled()
    page.get_by_role("button", name="Stop", exact=True).click()
    finished(page)
    for name in ("Continue", "Think longer", "Skip thinking"):
        button = page.get_by_role("button", name=name, exact=True) if name == "Continue" else more(page, name)
        expect(button).to_be_disabled()
        expect(button).to_have_accessible_description(re.compile("cannot continue a reply"))
    page.keyboard.press("Escape")
    page.locator(".step").click()
    expect(page.locator(".step").get_by_role("button", name="Continue from here")).to_be_disabled()
    more(page, "Think longer").press("Enter")
    page.get_by_role("button", name="Regenerate").click()
    gate.opened.set()
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    expect(page.locator(".answer")).to_have_text("It is 10.")


def test_the_shipped_model_is_steered_too(site: Site) -> None:
    site.serve()
    page = site.open()
    ask(page, "27 + 43 = ?")
    finished(page)
    more(page, "Think longer").click()
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    finished(page)
    more(page, "5", exact=True).click()
    expect(page.locator(".vote .group").first).to_contain_text("/5")
