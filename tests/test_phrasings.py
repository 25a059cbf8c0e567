"""One question in several phrasings: written by a model, asked at a time, grouped as a vote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from r1chat import votes
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.chat import Chat
from r1chat.errors import GenerationError, MessageError, UnsupportedError
from r1chat.messages import ModelInfo, Request
from r1chat.phrasings import rephrase
from r1chat.store import Store

KEY = "scripted:scripted"


def answer(request: Request) -> Script:
    text = request.messages[-1].content
    if request.so_far is not None:
        return ["1. What do 2 and 2 make?\n\n- 2 plus 2, please\nWhat is 2 + 2?\n- 2 plus 2, please\n4) Add 2 to 2."]
    return ["<think>hm</think>", r"It is \boxed{5}." if "please" in text else r"It is \boxed{4}."]


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    store = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    chat = Chat(store, Catalogue({"scripted": ScriptedBackend(answer)}))
    yield chat
    chat.close()
    store.close()


def test_a_model_writes_phrasings_and_each_line_counts_once(chat: Chat) -> None:
    backend, info = chat.catalogue.find(KEY)
    assert rephrase("What is 2 + 2?", 3, backend, info) == [
        "What do 2 and 2 make?",
        "2 plus 2, please",
        "Add 2 to 2.",
    ]


def test_where_no_phrasing_can_be_written_a_sentence_says_so() -> None:
    silent = ScriptedBackend(lambda _: ["\n"])
    with pytest.raises(GenerationError, match="wrote no other phrasing"):
        rephrase("2 + 2?", 3, silent, silent.models()[0])
    with pytest.raises(UnsupportedError, match="cannot leave out"):
        rephrase("2 + 2?", 3, silent, ModelInfo("x", "y", continues=False))


def test_each_phrasing_is_answered_once_and_the_answers_are_grouped_as_a_vote(chat: Chat) -> None:
    questions = ["What is 2 + 2?", "2 plus 2, please", "Add 2 to 2.", "What is 2 + 2?"]
    samples = chat.ask_in_other_words(None, questions, KEY)
    samples.wait(20)
    stored = chat.store.votes(samples.vote_id or "")
    assert [chat.store.turn(reply.turn_id).content for reply in stored] == questions[:3]
    assert [reply.siblings for reply in stored] == [1, 1, 1]
    groups = votes.group([votes.voice(reply.reply) for reply in stored])
    assert [(group.answer, group.members) for group in groups] == [("4", (0, 2)), ("5", (1,))]
    turns = chat.store.conversation(samples.conversation_id).turns
    assert [(turn.content, turn.siblings) for turn in turns] == [("What is 2 + 2?", 3)]
    chat.show_reply(stored[1].id)
    assert chat.store.conversation(samples.conversation_id).turns[0].content == "2 plus 2, please"


@pytest.mark.parametrize("phrasings", [["2 + 2?"], ["2 + 2?"] * 4, [f"{number}?" for number in range(10)], ["a", " "]])
def test_too_few_or_too_many_phrasings_are_refused(chat: Chat, phrasings: list[str]) -> None:
    with pytest.raises(MessageError):
        chat.ask_in_other_words(None, phrasings, KEY)
    assert chat.store.conversations() == []
