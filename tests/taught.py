"""A person at the page who judges replies in every way that there is, by clicks; the model's words are known."""

from __future__ import annotations

import threading
from collections import defaultdict

from site_driver import Page, Site, ask, expect, finished

from r1chat.backends.scripted import Script
from r1chat.messages import Request

SUM, TIMES = "三加四等于几？", "What is seven times six?"
LONG = "Okay, seven times six. " + "Wait, let me check that again. " * 250 + "It is 42, I am sure."  # over 1,024 tokens

RIGHT = (LONG, "The answer is \\boxed{42}.")
WRONG = ("Seven and six make thirteen.", "It is **13**.")
BAD_SUM = ("先看题目：三加四。\n\n从三往上数四个：四、五、六、八。\n\n所以是八。", "答案是 8。")
CORRECTED = (BAD_SUM[0], "答案是 7。")
WRONG_STEP = 1  # of BAD_SUM's thought

MODEL = "deepseek-r1"  # a name by which R1's chat template is known


class Words:
    """Says RIGHT and WRONG in turn when it is asked for the product, and BAD_SUM when it is asked for the sum."""

    def __init__(self) -> None:
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Script:
        question = request.messages[-1].content
        with self._lock:
            times = self._asked[question]
            self._asked[question] += 1
        thought, answer = BAD_SUM if question == SUM else (RIGHT, WRONG)[times % 2]
        return ["<think>\n", thought, "\n</think>\n\n", answer]


def teach(site: Site) -> None:
    """Ask, compare, rate, give the right answer, correct, mark the first wrong step, and consent: all by clicks."""
    site.serve(Words(), model_names=(MODEL,))
    page = site.open(height=1000)
    _compare(page)
    _rate_and_verify(page)
    _correct(page)
    _consent(page)


def _compare(page: Page) -> None:
    """Have a question answered twice, and choose blind."""
    page.get_by_role("textbox", name="Message").fill(TIMES)
    page.locator("#compare").get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Two replies of this model").click()
    right = page.locator(".side").filter(has_text="42")
    side = right.get_by_role("heading").inner_text()
    page.get_by_role("button", name={"Reply A": "A is better", "Reply B": "B is better"}[side]).click()
    expect(page.locator(".side")).to_have_count(0)


def _rate_and_verify(page: Page) -> None:
    """A thumb for the reply that was better, and the right answer to its question."""
    page.get_by_role("button", name="Good", exact=True).click()
    expect(page.locator(".saved")).to_be_attached()
    page.locator(".reference summary").click()
    page.get_by_role("textbox", name="The right answer").fill("42")
    page.keyboard.press("Enter")
    expect(page.locator(".rules .mark")).to_contain_text("right")


def _correct(page: Page) -> None:
    """A thumb against another reply, the first step of it that is wrong, and what it should have said."""
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, SUM)
    finished(page)
    page.get_by_role("button", name="Bad", exact=True).click()
    expect(page.locator(".saved")).to_be_attached()
    page.locator("details.thought > summary").click()
    page.locator(".step").nth(WRONG_STEP).click()
    page.get_by_role("button", name="First wrong step").click()
    expect(page.locator(".step[data-first-wrong]")).to_contain_text("八")
    page.locator(".reply summary[aria-label=More]").click()
    page.get_by_role("button", name="Correct the answer").click()
    page.get_by_role("textbox", name="Correct the answer").fill(CORRECTED[1])
    page.get_by_role("button", name="Save the correction").click()
    expect(page.locator(".answer")).to_contain_text(CORRECTED[1])


def _consent(page: Page) -> None:
    """Let each of the two conversations be exported, as one says so of it: all others stay out."""
    for question in (SUM, TIMES):
        page.get_by_role("navigation").get_by_role("button", name=question, exact=True).click()
        expect(page.locator(".ask")).to_have_text(question)
        switch = page.get_by_role("switch", name="This conversation may be exported")
        expect(switch).to_have_attribute("aria-checked", "false")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "true")
