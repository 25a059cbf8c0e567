"""Judging a reply at the page, in a real browser: what a person clicks, what is shown, and what is kept."""

from __future__ import annotations

import re
from itertools import count

import pytest
from site_driver import CHROMIUM, Locator, Page, Site, ask, expect, finished, more
from taught import teach

from r1chat.backends.scripted import Script
from r1chat.judgements import Aspects, Judged
from r1chat.messages import Request

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]

STEPS = ("First, seven and three.", "Seven plus three is eleven.", "So the answer is eleven.")
SUM = ["<think>\n", "\n\n".join(STEPS), "\n</think>\n\n", "It is **11**."]


def asked(site: Site, question: str = "7 + 3 = ?") -> Page:
    """A page with one reply that has a thought of three steps, and is wrong."""
    site.serve(SUM)
    page = site.open()
    ask(page, question)
    finished(page)
    return page


def judged(site: Site) -> Judged:
    assert site.app is not None
    return site.app.teacher.judged(site.app.store.conversations()[0].id)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def pressed(control: Locator, is_pressed: bool = True) -> None:
    expect(control).to_have_attribute("aria-pressed", "true" if is_pressed else "false")


def unfold_thought(page: Page) -> None:
    page.locator("details.thought > summary").click()
    expect(page.locator(".step").first).to_be_visible()


# --- thumbs ----------------------------------------------------------------------------------------------------------


def test_one_click_rates_an_answer_and_what_unfolds_explains_it(site: Site) -> None:
    page = asked(site)
    expect(page.locator("#gathered")).to_contain_text("nothing judged yet")
    button(page, "Bad").click()
    pressed(button(page, "Bad"))
    expect(page.locator("#gathered a")).to_contain_text("1 rating")
    expect(page.locator("#gathered a")).to_have_attribute("href", "data/")
    why = page.locator(".teach .why")
    button(why, "wrong").click()
    pressed(button(why, "wrong"))
    button(why, "Clear: 4 of 5").click()
    pressed(button(why, "Clear: 4 of 5"))
    why.get_by_role("textbox", name="Comment").fill("It cannot add.")
    button(page, "Copy").focus()
    unfold_thought(page)
    button(page, "Good thought").click()
    pressed(button(page, "Good thought"))

    page.reload()
    finished(page)
    pressed(button(page, "Bad"))
    pressed(button(page, "Good"), is_pressed=False)
    page.locator(".teach .why > summary").click()
    pressed(button(page.locator(".teach .why"), "wrong"))
    expect(page.locator(".teach textarea.comment")).to_have_value("It cannot add.")
    answer, thought = judged(site).ratings.values()
    assert (answer.thumb, answer.reasons, answer.comment) == ("down", ("wrong",), "It cannot add.")
    assert answer.aspects == Aspects(clarity=4)
    assert answer.thought_open is False
    assert (thought.part, thought.thumb, thought.thought_open) == ("thought", "up", True)


def test_a_second_click_takes_it_back_and_the_other_thumb_replaces_it(site: Site) -> None:
    page = asked(site)
    button(page, "Good").click()
    button(page.locator(".why"), "concise").click()
    pressed(button(page.locator(".why"), "concise"))
    button(page.locator(".why"), "concise").click()
    pressed(button(page.locator(".why"), "concise"), is_pressed=False)
    button(page, "Bad").click()
    pressed(button(page, "Good"), is_pressed=False)
    expect(button(page.locator(".why"), "wrong language")).to_be_visible()
    button(page, "Bad").click()
    pressed(button(page, "Bad"), is_pressed=False)
    expect(page.locator(".teach .why")).to_have_count(0)
    expect(page.locator("#gathered")).to_contain_text("nothing judged yet")


def test_a_half_written_comment_survives_what_comes_from_another_tab(site: Site) -> None:
    page = asked(site)
    other = site.tab(page.context, "&" + page.url.partition("?")[2])
    finished(other)
    page.bring_to_front()
    button(page, "Bad").click()
    box = page.locator(".teach textarea.comment")
    box.press_sequentially("It is .")
    page.keyboard.press("ArrowLeft")
    pressed(button(other, "Bad"))
    other.locator(".teach .why > summary").click()
    button(other.locator(".why"), "unclear").click()
    pressed(button(page.locator(".why"), "unclear"))
    expect(box).to_be_focused()
    page.keyboard.type("ten")
    expect(box).to_have_value("It is ten.")
    button(page, "Copy").focus()
    expect(other.locator(".teach textarea.comment")).to_have_value("It is ten.")
    rating = next(iter(judged(site).ratings.values()))
    assert (rating.reasons, rating.comment) == (("unclear",), "It is ten.")


def test_a_comment_that_is_too_long_is_refused_and_not_lost(site: Site) -> None:
    page = asked(site)
    button(page, "Good").click()
    long = "<b>x</b>" * 501
    page.locator(".teach textarea.comment").fill(long)
    button(page, "Copy").focus()
    expect(page.get_by_test_id("toast-body").last).to_contain_text(
        "The comment has 4,008 characters; the most is 4,000"
    )
    button(page.locator(".why"), "clear").click()
    pressed(button(page.locator(".why"), "clear"))
    expect(page.locator(".teach textarea.comment")).to_have_value(long)
    assert next(iter(judged(site).ratings.values())).comment == ""


# --- steps -----------------------------------------------------------------------------------------------------------


def test_the_first_wrong_step_is_marked_in_the_chain_and_taken_back(site: Site) -> None:
    page = asked(site)
    unfold_thought(page)
    page.locator(".step").nth(1).click()
    button(page, "First wrong step").click()
    wrong = page.locator(".step[data-first-wrong]")
    expect(wrong).to_contain_text(STEPS[1])
    expect(wrong).to_have_attribute("data-judged", "First wrong step")  # the style sheet shows it as text
    expect(page.locator(".step").nth(0)).to_have_attribute("data-judged", "right")
    expect(page.locator(".step").nth(2)).not_to_have_attribute("data-judged", re.compile(".*"))
    label = next(iter(judged(site).steps.values()))
    assert "\n\n".join(STEPS)[label.start : label.end].strip() == STEPS[1]

    page.reload()
    finished(page)
    expect(wrong).to_contain_text(STEPS[1])
    unfold_thought(page)
    wrong.click()
    button(page, "Not wrong").click()
    expect(wrong).to_have_count(0)
    button(page, "No wrong step").click()
    pressed(button(page, "No wrong step"))
    expect(page.locator(".step[data-judged='right']")).to_have_count(3)
    button(page, "No wrong step").click()
    expect(page.locator(".step[data-judged]")).to_have_count(0)
    assert next(iter(judged(site).steps.values())).verdict == ""


def test_a_step_is_found_and_marked_by_the_keyboard_alone_and_from_the_outline(site: Site) -> None:
    page = asked(site)
    page.locator("details.thought > summary").focus()
    page.keyboard.press("Enter")
    page.locator(".steps").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".step.chosen")).to_contain_text(STEPS[2])
    page.keyboard.press("ArrowUp")
    while page.evaluate("document.activeElement.textContent") != "First wrong step":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".step[data-first-wrong]")).to_contain_text(STEPS[1])
    page.locator("#outline button[data-start]").first.click()
    button(page, "First wrong step").click()
    expect(page.locator(".step[data-first-wrong]")).to_contain_text(STEPS[0])
    button(page, "Remove").click()
    expect(page.locator(".step[data-first-wrong]")).to_have_count(0)


# --- corrections -----------------------------------------------------------------------------------------------------


def test_a_corrected_answer_is_a_sibling_that_shows_what_was_changed(site: Site) -> None:
    page = asked(site)
    page.locator(".reply summary[aria-label=More]").click()
    button(page, "Correct the answer").click()
    box = page.get_by_role("textbox", name="Correct the answer")
    expect(box).to_have_value("It is **11**.")
    box.fill("")
    button(page, "Save the correction").click()
    expect(page.get_by_test_id("toast-body").last).to_contain_text("The corrected answer is empty")
    box.fill("It is **10**, <img src=x onerror=alert(1)>.")
    expect(button(page, "Save the correction")).to_be_enabled()
    button(page, "Save the correction").click()
    expect(page.locator(".origin")).to_contain_text("corrected by you")
    expect(page.locator(".answer")).to_contain_text("It is 10, <img")
    expect(page.locator("details.thought > summary")).to_have_text("Thought · about 2 tokens")  # nobody timed it
    expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
    expect(page.locator("#gathered")).to_contain_text("1 pair")
    page.get_by_text("What was changed").click()
    expect(page.locator(".difference del")).to_have_text("11")
    expect(page.locator(".difference ins")).to_have_text(["10", ", <img src=x onerror=alert(1)>"])
    expect(page.locator(".difference img")).to_have_count(0)
    button(page, "Previous").click()
    expect(page.locator(".answer")).to_have_text("It is 11.")


def test_a_corrected_thought_keeps_the_answer_and_escape_changes_nothing(site: Site) -> None:
    page = asked(site)
    unfold_thought(page)
    button(page, "Correct the thought").click()
    box = page.get_by_role("textbox", name="Correct the thought")
    box.fill("nonsense")
    page.keyboard.press("Escape")
    expect(page.locator(".step")).to_have_count(3)
    button(page, "Correct the thought").click()
    box.fill("\n\n".join((STEPS[0], "Seven plus three is ten.", STEPS[2])))
    button(page, "Save the correction").click()
    expect(page.locator(".origin")).to_contain_text("corrected by you")
    expect(page.locator(".answer")).to_have_text("It is 11.")
    unfold_thought(page)
    expect(page.locator(".step").nth(1)).to_contain_text("is ten")
    page.get_by_text("What was changed").click()
    expect(page.locator(".teach h4")).to_have_text("Thought")
    expect(page.locator(".difference del")).to_have_text("eleven")


# --- references and rules --------------------------------------------------------------------------------------------


SLOW = "a" * 40 + "!"  # a pattern may take for ever on it


def expect_marks(page: Page, **counts: int) -> None:
    """How many samples of the vote the rule calls right, wrong and undecided."""
    for name in ("right", "wrong", "undecided"):
        marked = page.locator(f".samples button[aria-label$='{name}']:has(svg)")
        expect(marked).to_have_count(counts.get(name, 0))


def test_every_reply_to_a_message_is_checked_by_what_is_right(site: Site) -> None:
    number = count()

    def sometimes(request: Request) -> Script:
        return ["<think>\nhm\n</think>\n\n", ("It is 10.", "It is 11.", SLOW)[next(number) % 3]]

    site.serve(sometimes)
    page = site.open()
    ask(page, "7 + 3 = ?")
    finished(page)
    more(page, "3", exact=True).click()
    expect(page.locator(".notes .group")).to_have_count(3)
    top = "reply => reply.getBoundingClientRect().top"
    before = page.locator(".reply").evaluate(top)
    page.locator(".reference > summary").click()
    box = page.get_by_role("textbox", name="The right answer")
    expect(box).to_be_in_viewport()
    assert page.locator(".reply").evaluate(top) == before  # the form pushes nothing away
    box.fill("(10")
    page.get_by_label("Checked as").select_option("pattern")
    button(page, "Save").click()
    expect(page.get_by_test_id("toast-body").last).to_contain_text("pattern")
    expect(box).to_have_value("(10")
    assert judged(site).references == {}

    box.fill("10")
    page.get_by_label("Checked as").select_option("")
    page.keyboard.press("Tab")
    button(page, "Save").click()
    expect(page.locator(".reference > summary")).to_have_text("Right answer: 10")
    expect(page.locator("details.reference")).not_to_have_attribute("open", "")
    expect(page.locator("#gathered")).to_contain_text("4 verified")
    expect_marks(page, right=1, wrong=2)
    page.locator(".reference > summary").click()
    expect(page.get_by_label("Checked as")).to_have_value("number")
    page.get_by_label("Checked as").select_option("pattern")
    box.fill("10|^(a+)+$")
    page.keyboard.press("Enter")
    expect_marks(page, right=1, wrong=1, undecided=1)
    button(page, "Regenerate").click()
    expect(page.locator(".switch").last).to_contain_text("5 of 5")
    expect(page.locator(".rules .mark")).to_have_text(re.compile("right|wrong"))  # a reply that came later

    page.locator(".reference > summary").click()
    button(page, "Remove").click()
    expect(page.locator(".reference > summary")).to_have_text("Right answer…")
    expect(page.locator(".rules .mark")).to_have_count(0)


def test_rule_rewards_come_with_a_sentence_each_when_they_are_asked_for(site: Site) -> None:
    page = asked(site)
    page.locator(".reply summary[aria-label=More]").click()
    button(page, "Rule-based rewards").click()
    rewards = page.locator(".rewards")
    expect(rewards).to_contain_text("– Nobody has said what is right.")
    expect(rewards).to_contain_text("1.00 The thought opens and closes once")
    expect(rewards).to_contain_text("1.00 100% of the chain is in its main language, English")
    page.locator(".reference > summary").click()
    page.get_by_role("textbox", name="The right answer").fill("10")
    page.keyboard.press("Enter")
    expect(page.locator(".rules .mark")).to_have_text("wrong")
    page.locator(".rules > summary").click()
    expect(rewards).to_contain_text("0.00 The answer 11")


# --- consent, hostile input, other pages -----------------------------------------------------------------------------


def test_what_a_page_may_not_say_is_refused_with_a_sentence(site: Site) -> None:
    page = asked(site)
    page.evaluate(
        """() => { const up = document.querySelector('[data-key=answer-up]');
        up.dataset.text = JSON.stringify({part: 'answer', thumb: '<img src=x onerror=alert(1)>'}); }"""
    )
    button(page, "Good").click()
    expect(page.get_by_test_id("toast-body").last).to_contain_text("is no thumb")
    expect(page.locator(".toast-wrap img[src=x]")).to_have_count(0)
    assert judged(site) == Judged()
    assert site.app is not None
    conversation = site.app.store.conversations()[0].id
    site.app.store.delete(conversation)
    button(page, "Bad").click()
    expect(page.get_by_test_id("toast-body").last).to_contain_text("This reply is not there, or not any more")
    site.app.store.undelete(conversation)
    assert judged(site) == Judged()


def test_judging_works_on_a_phone_in_chinese(site: Site) -> None:
    site.serve(SUM)
    page = site.open(width=390, height=844, locale="zh-CN")
    page.get_by_role("textbox", name="消息").fill("七加三等于几？")
    page.keyboard.press("Enter")
    finished(page)
    button(page, "不好").click()
    expect(button(page.locator(".why"), "推理有误")).to_be_visible()
    page.locator(".reference > summary").click()
    page.get_by_role("textbox", name="正确答案").fill("10")
    form = page.locator(".reference .form").bounding_box()
    assert form is not None
    assert form["x"] >= 0
    assert form["x"] + form["width"] <= 390
    page.locator(".ask").click()  # elsewhere: it closes, and keeps what is written
    expect(page.locator(".reference .form")).to_be_hidden()
    expect(page.locator(".reference textarea")).to_have_value("10")
    unfold_thought(page)
    page.locator(".step").nth(1).click()
    button(page, "第一个错误步骤").click()
    expect(page.locator(".step[data-judged='第一个错误步骤']")).to_be_visible()
    switch = page.get_by_role("switch", name="允许导出此对话")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(switch).to_be_focused()
    assert judged(site).consent
    assert page.evaluate("document.querySelector('.scroll').scrollWidth") <= 390
    sizes = page.locator(".why .toggle").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(sizes) >= 30  # pixels that a finger can hit


def test_plus_and_minus_rate_the_newest_reply_but_not_while_one_types(site: Site) -> None:
    page = asked(site)
    page.get_by_role("textbox", name="Message").fill("2")
    page.keyboard.type("+-")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("2+-")
    button(page, "Copy").focus()
    page.keyboard.press("+")
    pressed(button(page, "Good"))
    page.keyboard.press("-")
    pressed(button(page, "Bad"))
    assert [rating.thumb for rating in judged(site).ratings.values()] == ["down"]


def test_a_person_teaches_in_every_way_by_clicks(site: Site) -> None:
    teach(site)
    assert site.app is not None
    gathered = site.app.store.judgements.gathered()
    assert (gathered.comparisons, gathered.corrections, gathered.thumbs, gathered.steps) == (1, 1, 2, 1)
    assert (gathered.references, gathered.verified, gathered.consented, gathered.conversations) == (1, 2, 2, 2)
