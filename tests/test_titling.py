"""Titles that a model writes in idle time: when they come, what they replace, and what ends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from r1chat.app import App, build
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.config import load
from r1chat.messages import Request
from r1chat.titling import cleaned

LONG = "How do I multiply 17 by 24 without paper, and why does it work?"
MODEL = "scripted:scripted"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., App]]:
    apps: list[App] = []

    def open_app(script: Callable[[Request], Script], titles: str = "local") -> App:
        backends = {"scripted": ScriptedBackend(script), "away": OpenAIBackend("http://192.0.2.1/v1")}
        settings = load(data_dir=tmp_path, titles=titles)
        apps.append(build(settings, backends))
        apps[-1].begin_titling(idle=0.05)
        return apps[-1]

    yield open_app
    for app in apps:
        app.close()


def is_for_title(request: Request) -> bool:
    return request.messages[-1].content.startswith("Write a title")


def titled(app: App, conversation: str, title: str) -> bool:
    deadline = time.monotonic() + 20
    while app.store.info(conversation).title != title and time.monotonic() < deadline:
        time.sleep(0.02)
    return app.store.info(conversation).title == title


def answered(app: App, text: str = LONG, conversation: str | None = None) -> str:
    generation = app.chat.send(conversation, text, MODEL)
    generation.wait(20)
    return generation.conversation_id


def test_a_conversation_is_named_by_its_model_after_the_reply(opened: Callable[..., App]) -> None:
    app = opened(
        lambda request: ['"Multiplying in the head."'] if is_for_title(request) else ["<think>", "</think>408"]
    )
    conversation = answered(app)
    assert titled(app, conversation, "Multiplying in the head")
    backend = app.catalogue.find(MODEL)[0]
    request = backend.requests[-1]  # type: ignore[attr-defined]
    assert [message.content for message in request.messages[:2]] == [LONG, "408"]  # what is read already
    assert request.so_far is not None and request.so_far.closed  # without a thought


def test_a_message_ends_a_title_at_once_and_it_is_tried_again(opened: Callable[..., App]) -> None:
    ended, writing = threading.Event(), threading.Event()
    calls = iter(range(9))

    def play(request: Request) -> Script:
        if not is_for_title(request):
            yield "<think>a</think>b"
        elif next(calls):
            yield "Second try"
        else:
            writing.set()
            try:
                while True:
                    time.sleep(0.01)
                    yield ""
            finally:
                ended.set()

    app = opened(play)
    conversation = answered(app)
    assert writing.wait(20)
    answered(app, "And 17 by 25?", conversation)
    assert ended.wait(20)
    assert titled(app, conversation, "Second try")


@pytest.mark.slow
@pytest.mark.parametrize("titles", ["off", "local"])
def test_no_title_is_asked_for_where_the_setting_or_a_person_is_against_it(
    opened: Callable[..., App], titles: str
) -> None:
    app = opened(lambda request: ["A title"] if is_for_title(request) else ["<think>a</think>b"], titles)
    conversation = app.store.new_conversation(model=MODEL).id
    if titles == "local":
        app.store.rename(conversation, "Mine")
    answered(app, LONG, conversation)
    time.sleep(0.5)
    assert app.store.info(conversation).title == ("Mine" if titles == "local" else LONG[:60]) or titles == "off"
    assert not any(is_for_title(request) for request in app.catalogue.find(MODEL)[0].requests)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("**Title: Floor tiles**\n\nIt is about tiles.", "Floor tiles"),
        ("“地砖问题”。", "地砖问题"),
        ("The sum is 55:\n\nIt adds up.", "The sum is 55"),
        ("", ""),
        ("---", ""),
        ("A sentence that goes on and on about what the title could be and never comes to it.", ""),
    ],
)
def test_a_title_is_one_short_line_without_its_frame(answer: str, title: str) -> None:
    assert cleaned(answer) == title
