"""Every hand on the wheel in a real browser, with what a real Ollama server sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from replay import Exchange, Replay, wire
from site_driver import CHROMIUM, Page, Site, ask, choose_budget, expect, finished, more

from r1chat.backends.ollama import OllamaBackend

QUESTION = "27 + 43 = ?"
THOUGHT = "I need to find 27 + 43. Step by step: 7+3=10, 2+4+1=7. So it is 70."
PROMPT = f"<｜User｜>{QUESTION}<｜Assistant｜><think>\n"
FRESH = wire("ollama/10-chat-r1-nano", 1)[0]
RESUMED, CLOSED, EXTENDED = wire("ollama/21-continue", 1, 2, 3)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]


@contextmanager
def ollama(site: Site, *exchanges: Exchange) -> Iterator[tuple[Page, Replay]]:
    """A page whose model is behind a server that has these answers."""
    known = (wire("ollama/01-version", 0), wire("ollama/03-models"), wire("ollama/20-render", 0))
    with Replay(*known, exchanges) as server:
        site.serve(backends={"ollama": OllamaBackend(server.url)}, model="r1-nano:latest")
        yield site.open(), server
        site.down()


def prompts(server: Replay) -> list[str]:
    """What the model was given to go on from; reading ahead for the next turn is left out."""
    bodies = [request.json for request in server.asked("/api/generate")]
    return [body["prompt"] for body in bodies if body["options"].get("num_predict") != 1]


def stalling(exchange: Exchange, words: str) -> Exchange:
    """The same answer, but the server says nothing more after these words."""
    heard = ""
    for count, (_, chunk) in enumerate(exchange.chunks, 1):
        heard += "".join(re.findall(r'"(?:thinking|content)":"((?:[^"\\]|\\.)*)"', chunk))
        if heard.endswith(words):
            return replace(exchange, stalls_after=count)
    raise AssertionError(f"{words!r} was never said")


def test_answer_now_closes_the_thought_through_the_raw_route(site: Site) -> None:
    with ollama(site, stalling(FRESH, " Step by step"), CLOSED) as (page, server):
        ask(page, QUESTION)
        expect(page.locator(".step")).to_contain_text("Step by step")
        page.get_by_role("button", name="Answer now").click()
        finished(page)
        expect(page.locator(".answer")).to_contain_text("The answer is")
        expect(page.locator(".origin")).to_contain_text("You ended the thinking")
        assert prompts(server) == [f"{PROMPT}I need to find 27 + 43. Step by step\n</think>\n\n"]
        assert server.asked("/api/chat")[0].left.wait(10)


def test_a_budget_closes_the_thought_with_a_sentence(site: Site) -> None:
    with ollama(site, FRESH, CLOSED) as (page, server):
        choose_budget(page, 16)
        ask(page, QUESTION)
        finished(page)
        expect(page.locator(".origin")).to_contain_text("budget of 16 tokens")
        expect(page.locator(".answer")).to_contain_text("The answer is")
        (prompt,) = prompts(server)
        assert prompt.startswith(
            f"{PROMPT}I need to find 27 + 43. Step by step:\n\nI have thought about this long enough"
        )
        assert prompt.endswith("\n</think>\n\n")


def test_stop_leaves_the_server_and_continue_goes_on_where_it_stood(site: Site) -> None:
    resumed = wire("ollama/22-stop-and-resume", 2)[0]
    with ollama(site, stalling(FRESH, "2+4+1"), resumed) as (page, server):
        ask(page, QUESTION)
        expect(page.locator(".step")).to_contain_text("2+4+1")
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("button", name="Continue").click()
        finished(page)
        expect(page.locator(".answer math")).to_have_count(1)
        expect(page.locator(".notice")).to_have_count(0)
        assert prompts(server) == [resumed.json["prompt"]]
        assert server.asked("/api/chat")[0].left.wait(10)


def test_thinking_longer_opens_the_thought_again(site: Site) -> None:
    with ollama(site, FRESH, EXTENDED) as (page, server):
        ask(page, QUESTION)
        more(page, "Think longer").click()
        expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
        finished(page)
        expect(page.locator(".origin")).to_contain_text("thought for longer")
        page.locator("details.thought > summary").click()
        expect(page.locator(".steps")).to_contain_text("Wait,70+70=7. Yes, 707.")
        assert prompts(server) == [f"{PROMPT}{THOUGHT}\n\nWait,"]


def test_an_edited_step_forks_the_thought(site: Site) -> None:
    with ollama(site, FRESH, RESUMED) as (page, server):
        ask(page, QUESTION)
        finished(page)
        page.locator("details.thought > summary").click()
        page.locator(".step").first.click(position={"x": 300, "y": 8})
        page.get_by_role("button", name="Continue from here").click()
        page.get_by_role("textbox", name="Edit this step, then continue from it").fill("I guess.")
        page.locator(".steps .acts").get_by_role("button", name="Continue from here").click()
        expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
        finished(page)
        expect(page.locator(".origin")).to_contain_text("edited thought")
        page.locator("details.thought > summary").click()
        expect(page.locator(".steps")).to_contain_text("I guess.让我检查一下. My first guess is 44.")
        assert prompts(server) == [f"{PROMPT}I guess."]


def test_the_thought_is_skipped_by_an_empty_one(site: Site) -> None:
    with ollama(site, FRESH, CLOSED) as (page, server):
        ask(page, QUESTION)
        more(page, "Skip thinking").click()
        expect(page.locator(".reply .switch")).to_contain_text("2 of 2")
        finished(page)
        expect(page.locator("details.thought > summary")).to_have_text("Answered without thinking")
        assert prompts(server) == [f"{PROMPT}\n</think>\n\n"]


def test_a_vote_asks_for_all_samples_at_a_time(site: Site) -> None:
    chinese = replace(wire("ollama/10-chat-r1-nano", 4)[0], json=FRESH.json)  # the answer to another sum: 13
    with ollama(site, FRESH, FRESH, FRESH, chinese, CLOSED) as (page, server):
        ask(page, QUESTION)
        finished(page)
        more(page, "3", exact=True).click()
        groups = page.locator(".vote .group")
        expect(groups).to_have_count(2)
        expect(groups.first).to_contain_text("2/3")
        expect(groups.last).to_contain_text("1/3")
        seeds = {request.json["options"]["seed"] for request in server.asked("/api/chat")[1:] if request.json["stream"]}
        assert len(seeds) == 3
