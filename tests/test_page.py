"""The page in a real browser: what a person sees and does, from the welcome to a second tab."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from site_driver import CHROMIUM, THOUGHT, Gate, Site, ask, choose_setting, expect, finished

import r1chat
from r1chat.errors import GenerationError
from r1chat.messages import Progress, Raw

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]


# --- a conversation --------------------------------------------------------------------------------------------------


def test_the_shipped_model_answers_a_sum_that_the_page_offers(site: Site) -> None:
    site.serve()
    page = site.open()
    expect(page.locator(".welcome")).to_contain_text("It does small sums")
    expect(page.locator(".welcome")).to_contain_text("All models")
    page.get_by_role("button", name="27 + 43 = ?").click()
    finished(page)
    expect(page.locator(".answer")).to_contain_text("70")
    expect(page.locator("details.thought > summary")).to_contain_text(re.compile(r"Thought for .* tokens"))


def test_the_thought_is_open_while_it_runs_and_folds_when_it_is_done(site: Site) -> None:
    gate = Gate(THOUGHT[:3], THOUGHT[3:])
    site.serve(gate)
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_have_text("7 + 3 is 10.")
    expect(page.locator("details.thought")).to_have_attribute("open", "")
    expect(page.locator("details.thought > summary")).to_contain_text("Thinking")
    gate.opened.set()
    finished(page)
    expect(page.locator("details.thought")).not_to_have_attribute("open", "")
    expect(page.locator(".answer strong")).to_have_text("10")


def test_a_thought_that_the_person_opened_stays_open(site: Site) -> None:
    gate = Gate(THOUGHT[:3], THOUGHT[3:])
    site.serve(gate)
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_be_visible()
    page.locator("details.thought > summary").click()
    page.locator("details.thought > summary").click()
    gate.opened.set()
    finished(page)
    expect(page.locator("details.thought")).to_have_attribute("open", "")


@pytest.mark.parametrize(("choice", "opened"), [("Keep open", True), ("Keep folded", False)])
def test_thoughts_stay_as_the_setting_says(site: Site, choice: str, opened: bool) -> None:
    gate = Gate(THOUGHT[:3], THOUGHT[3:])
    site.serve(gate)
    page = site.open()
    choose_setting(page, "Thoughts", choice)
    ask(page, "7 + 3 = ?")
    expect(page.locator("details.thought > summary")).to_contain_text("Thinking")
    for _ in range(2):
        folded = expect(page.locator("details.thought"))
        folded.to_have_attribute("open", "") if opened else folded.not_to_have_attribute("open", "")
        gate.opened.set()
        finished(page)


def test_stop_keeps_what_came_and_continue_goes_on(site: Site) -> None:
    site.serve(Gate(THOUGHT[:2], THOUGHT[2:]))
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_have_text("7 + 3")
    page.get_by_role("button", name="Stop", exact=True).click()
    finished(page)
    expect(page.locator(".notice")).to_contain_text("Stopped")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".answer")).to_have_text("It is 10.")
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_reply_that_ended_in_its_thought_answers_at_a_click(site: Site) -> None:
    site.serve(lambda request: ["<think>", "7 + 3 is 10."] if request.so_far is None else ["It is **10**."])
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    expect(page.locator(".notice")).to_contain_text("in the middle of its thought")
    page.get_by_role("button", name="Answer now").click()
    expect(page.locator(".answer")).to_have_text("It is 10.")
    expect(page.locator(".notice")).to_have_count(0)


def test_escape_stops(site: Site) -> None:
    site.serve(Gate(THOUGHT[:2], []))
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_have_text("7 + 3")
    page.keyboard.press("Escape")
    expect(page.locator(".notice")).to_contain_text("Stopped")


def test_again_makes_a_sibling_with_a_switch(site: Site) -> None:
    count = iter(range(1, 9))
    site.serve(lambda request: ["<think>hm</think>", f"answer {next(count)}"])
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".answer")).to_have_text("answer 1")
    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator(".answer")).to_have_text("answer 2")
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".answer")).to_have_text("answer 1")
    expect(page.locator(".reply .switch")).to_contain_text("1 of 2")


def test_editing_a_message_makes_a_branch(site: Site) -> None:
    site.serve(lambda request: [f"You said {request.messages[-1].content}."])
    page = site.open()
    ask(page, "one")
    expect(page.locator(".answer")).to_have_text("You said one.")
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit the message").fill("two")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text("You said two.")
    expect(page.locator(".asked .switch")).to_contain_text("2 of 2")
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".answer")).to_have_text("You said one.")


def test_clicks_one_right_after_the_other_are_all_done(site: Site) -> None:
    site.serve(lambda request: [f"You said {request.messages[-1].content}."])
    page = site.open()
    ask(page, "one")
    expect(page.locator(".answer")).to_have_text("You said one.")
    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    finished(page)
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit the message").fill("two")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text("You said two.")
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".answer")).to_have_text("You said one.")

    page.evaluate("""async () => {
        document.querySelector('.reply .switch [data-text="-1"]').click();
        await new Promise((resume) => setTimeout(resume, 20));  // the first one is on its way
        document.querySelector('.asked .switch [data-text="1"]').click();
    }""")
    expect(page.locator(".answer")).to_have_text("You said two.")
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".reply .switch")).to_contain_text("1 of 2")


def test_copy_copies_the_answer_only(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "It is **10**."


def test_shift_enter_breaks_the_line_and_enter_in_a_composition_does_not_send(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    box = page.get_by_role("textbox", name="Message")
    box.fill("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    box.evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    page.wait_for_timeout(300)
    assert app.store.conversations() == []
    page.keyboard.press("Enter")
    expect(page.locator(".ask")).to_have_text("one\ntwo")


def test_the_picker_says_how_far_a_model_is_loaded(site: Site) -> None:
    gate = Gate([Progress("loading", 40, 100)], ["Hello."])
    site.serve(gate)
    page = site.open()
    expect(page.locator("#model-line")).to_have_text("ready")
    ask(page, "Hello?")
    expect(page.locator("#model-line")).to_have_text("loading, 40 %")
    expect(page.locator("details.thought > summary")).to_contain_text("Loading the model · 40 %")
    gate.opened.set()
    expect(page.locator(".answer")).to_have_text("Hello.")
    expect(page.locator("#model-line")).to_have_text("ready")


def test_the_list_goes_on_where_a_person_scrolls_to_its_end(site: Site) -> None:
    app = site.serve(THOUGHT)
    for number in range(203):
        app.store.new_conversation(f"Number {number}")
    page = site.open()
    expect(page.locator(".list .row")).to_have_count(200)
    expect(page.locator(".list .more")).to_have_text("Show more (203 in all)")
    assert page.locator(".list .row").first.evaluate(
        "row => row.closest('#conversations').getBoundingClientRect().bottom"
        " <= document.querySelector('#foot-block').getBoundingClientRect().top"
        " && getComputedStyle(document.getElementById('conversations')).overflowY === 'auto'"
    ), "the list runs under what stands below it"
    page.locator(".list .more").scroll_into_view_if_needed()
    expect(page.locator(".list .row")).to_have_count(203)
    expect(page.locator(".list .row").last).to_contain_text("Number 0")
    expect(page.locator(".list .more")).to_have_count(0)
    expect(page.locator(".list h2")).to_have_count(1)


# --- a turn belongs to the app ---------------------------------------------------------------------------------------


def test_a_reloaded_page_joins_the_running_reply_and_two_tabs_see_the_same(site: Site) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    site.serve(gate)
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_have_text("7 + 3")
    page.reload()
    expect(page.locator(".step")).to_have_text("7 + 3")
    other = site.tab(page.context, "&" + page.url.split("?")[1])
    expect(other.locator(".step")).to_have_text("7 + 3")
    gate.opened.set()
    for tab in (page, other):
        tab.bring_to_front()
        expect(tab.locator(".answer")).to_have_text("It is 10.")


def test_a_closed_tab_stops_nothing(site: Site) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    app = site.serve(gate)
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".step")).to_have_text("7 + 3")
    page.close()
    conversation = app.store.conversations()[0].id
    generation = app.chat.running(conversation)
    assert generation is not None
    gate.opened.set()
    assert generation.wait(10).answer == "It is **10**."


def test_conversations_are_there_again_after_a_restart(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    site.down()
    site.serve(THOUGHT)
    page = site.open()
    page.locator(".list").get_by_role("button", name="7 + 3 = ?", exact=True).click()
    expect(page.locator(".answer")).to_have_text("It is 10.")


# --- the list --------------------------------------------------------------------------------------------------------


def test_conversations_are_renamed_deleted_undone_and_searched(site: Site) -> None:
    site.serve(lambda request: [f"You said {request.messages[-1].content}."])
    page = site.open()
    rows = page.locator(".list .row")
    for word in ("apple", "橙子好吃"):
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".welcome")).to_be_visible()
        ask(page, word)
        expect(page.locator(".answer")).to_have_text(f"You said {word}.")
    expect(rows).to_have_count(2)
    page.get_by_role("searchbox", name="Search conversations").fill("橙子")
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox", name="Search conversations").fill("")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Rename: apple").click()
    page.get_by_role("textbox", name="Rename: apple").fill("pear")
    page.keyboard.press("Enter")
    expect(page.locator(".list").get_by_role("button", name="pear", exact=True)).to_be_visible()
    page.get_by_role("button", name="Delete: pear").click()
    expect(rows).to_have_count(1)
    expect(page.locator(".undo")).to_contain_text("has it for 30 days")
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)
    expect(page.locator(".answer")).to_have_text("You said apple.")


# --- what cannot be trusted ------------------------------------------------------------------------------------------

HOSTILE = (
    '<img src=x onerror="window.hacked=true"> ${window.hacked=true} {{value}} '
    "<script>window.hacked=true</script> [x](javascript:window.hacked=true) $\\text{<b onload=1>}$"
)


def test_hostile_text_stays_text_everywhere(site: Site) -> None:
    site.serve(["<think>", HOSTILE, "</think>", HOSTILE, GenerationError(HOSTILE)])  # type: ignore[list-item]
    page = site.open()
    ask(page, HOSTILE)
    expect(page.locator(".notice.error")).to_contain_text("<img src=x")
    page.locator("details.thought > summary").click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".read img, .read script, .list img").count() == 0
    assert page.locator(".read a[href^='javascript']").count() == 0
    expect(page.locator(".ask")).to_contain_text("${window.hacked=true}")


def test_an_act_with_a_made_up_id_is_refused_with_a_sentence(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    page.locator("[data-verb=again]").evaluate("button => { button.dataset.id = '../../etc/passwd'; button.click(); }")
    expect(page.get_by_test_id("toast-body")).to_be_visible()
    expect(page.locator(".reply")).to_have_count(1)


def test_a_message_that_cannot_be_sent_stays_in_the_box(site: Site) -> None:
    app = site.serve(THOUGHT)
    page = site.open()
    box = page.get_by_role("textbox", name="Message")
    ask(page, "   ")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    assert (box.input_value(), app.store.conversations()) == ("   ", [])
    ask(page, "x" * 1_000_001)
    expect(page.get_by_test_id("toast-body")).to_contain_text("1,000,001 characters")
    assert box.input_value() == "x" * 1_000_001
    ask(page, "7 + 3 = ?")
    finished(page)
    assert page.get_by_test_id("toast-body").count() == 0  # what failed has been done by now


def test_a_backend_that_breaks_says_why_in_the_conversation(site: Site) -> None:
    site.serve([*THOUGHT[:2], GenerationError("The server went away. Start it again.")])  # type: ignore[list-item]
    page = site.open()
    ask(page, "7 + 3 = ?")
    expect(page.locator(".notice.error")).to_have_text("The server went away. Start it again.")
    expect(page.locator(".step")).to_have_text("7 + 3")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


# --- languages, sizes, keys ------------------------------------------------------------------------------------------


def test_the_page_speaks_the_browsers_language_and_can_be_switched(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open(locale="zh-CN")
    expect(page.get_by_role("button", name="发送")).to_be_visible()
    expect(page.locator(".welcome")).to_contain_text("模型会先思考")
    assert page.evaluate("document.documentElement.lang") == "zh"
    page.get_by_role("button", name="设置").click()
    page.locator("label", has_text="English").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_on_a_phone_nothing_sticks_out_and_the_list_opens(site: Site) -> None:
    site.serve(
        ["<think>", "x" * 500, "</think>", "| a | b |\n|---|---|\n| " + "y" * 300 + " | 2 |\n\n$$" + "x+" * 90 + "1$$"]
    )
    page = site.open(width=390, height=844)
    ask(page, "word " * 60 + "x" * 200)
    finished(page)
    page.locator("details.thought > summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (
        page.evaluate("document.querySelector('.scroll').scrollWidth - document.querySelector('.scroll').clientWidth")
        <= 0
    )
    expect(page.get_by_role("button", name="New conversation")).to_be_hidden()
    page.get_by_role("button", name="Conversations").click()
    expect(page.get_by_role("button", name="New conversation")).to_be_visible()


def test_every_control_has_a_name_and_is_reached_by_tab(site: Site) -> None:
    site.serve(THOUGHT)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select, summary')]
          .filter(e => e.checkVisibility())
          .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title))
          .map(e => e.outerHTML.slice(0, 200))"""
    )
    assert nameless == []
    names = {"Message", "Copy", "Regenerate", "Edit"}
    reached: set[str] = set()
    page.locator("body").click(position={"x": 640, "y": 300})
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
            )
        )
    assert names <= reached


def test_the_view_follows_the_text_unless_the_person_scrolled_up(site: Site) -> None:
    line = "A line of thought that takes some room.\n\n"
    gate = Gate(["<think>", line * 60], [line * 60, "</think>Done."])
    site.serve(gate)
    page = site.open()
    choose_setting(page, "Thoughts", "Keep open")
    ask(page, "Think.")
    box = "document.querySelector('.scroll')"
    away = f"({box}.scrollHeight - {box}.scrollTop - {box}.clientHeight)"
    expect(page.locator(".step").last).to_be_in_viewport()
    page.wait_for_function(f"{away} < 60")
    page.mouse.move(640, 400)
    page.mouse.wheel(0, -800)
    page.wait_for_function(f"{away} > 400")
    gate.opened.set()
    finished(page)
    assert page.evaluate(away) > 400
    page.get_by_role("button", name="Jump to the end").click()
    page.wait_for_function(f"{away} < 60")
    page.mouse.wheel(0, -100)
    expect(page.locator("body.following")).to_have_count(0)
    page.get_by_role("button", name="Regenerate").click()  # who asks for a reply wants to see it come
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    expect(page.locator("body.following")).to_have_count(1)


def test_formulas_tables_and_code_are_drawn(site: Site) -> None:
    formulas = "$a^2$ and \\(b\\) and\n\n$$\\frac{1}{2}$$\n\n\\[\\boxed{70}\\]\n\n"
    answer = formulas + "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint(1)\n```\n"
    site.serve(["<think>hm</think>", Raw(answer)])  # type: ignore[list-item]
    page = site.open()
    ask(page, "Show me.")
    finished(page)
    expect(page.locator(".answer math")).to_have_count(4)
    expect(page.locator(".answer td")).to_have_count(2)
    expect(page.locator(".answer pre span")).not_to_have_count(0)


def test_a_second_thought_is_folded_where_it_stands_in_the_answer(site: Site) -> None:
    words = ["<think>\nTwo and two.", "\n</think>\n\nIt is 4.", "\n\n<think>\nWait, ", "3 + 3 too."]
    gate = Gate([Raw(word) for word in words], [Raw("\n</think>\n\nThe other is 6.")])
    site.serve(gate)
    page = site.open()
    ask(page, "2 + 2 and 3 + 3?")
    later = page.locator(".answer details.thought")
    expect(later.locator(".step")).to_have_text("Wait, 3 + 3 too.")
    expect(page.locator("details.thought > summary").first).to_contain_text("Thinking")
    gate.opened.set()
    finished(page)
    for _ in range(2):
        expect(later).not_to_have_attribute("open", "")
        expect(later.locator("summary")).to_have_text("Thought again")
        assert re.sub(r"\s+", " ", page.locator(".answer").inner_text()) == "It is 4. Thought again The other is 6."
        expect(page.locator("details.thought > summary").first).to_contain_text("tokens")
        page.reload()
        expect(later).to_have_count(1)


def test_a_conversation_is_saved_in_both_forms_from_its_menu_temporary_ones_too(site: Site) -> None:
    site.serve()
    page = site.open()
    for temporary in (False, True):
        if temporary:
            page.get_by_role("button", name="Temporary conversation").click()
            expect(page.get_by_role("log")).to_contain_text("A temporary conversation:")
        ask(page, "27 + 43 = ?")
        finished(page)
        for form, begins in (("HTML", "<!doctype html>"), ("Markdown", "# ")):
            page.locator(".reply details.more > summary").last.click()
            with page.expect_download() as saved:
                page.locator(".reply details.more[open]").get_by_role("button", name=form).click()
            text = saved.value.path().read_text(encoding="utf-8")
            assert text.startswith(begins) and "27 + 43 = ?" in text and "70" in text
            assert saved.value.suggested_filename.endswith((".html", ".md"))


def test_no_style_makes_the_browser_match_every_element_of_a_long_thought_anew() -> None:
    """`a:has(b) > *` does, at each patch: 35 ms where a thought has a thousand steps, 2 ms without such rules."""
    selectors, seen = [], 0
    for sheet in sorted((Path(r1chat.__file__).parent / "ui").rglob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        while text != (text := re.sub(r"(:has|:\w+)\([^()]*\)", lambda part: part[1].replace(":has", "%"), text)):
            pass  # what is in parentheses is left out, from within; % is :has(…)
        for selector in re.split(r"[{},;]", text):
            *before, last = re.split(r"[\s>~+]+", selector.strip())
            seen += "%" in "".join(before)
            if last.startswith(("*", ":", "%")) and "%" in "".join(before):
                selectors.append(f"{sheet.name}: {selector.strip()}")
    assert seen > 5
    assert selectors == [], "give the element with :has() a property, which its children inherit"
