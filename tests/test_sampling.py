"""Which sampling is used: the file's, the family's, R1's; and how a person changes it for a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from r1chat import sampling
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import ScriptedBackend
from r1chat.chat import Chat
from r1chat.errors import MessageError
from r1chat.messages import ModelInfo, Params
from r1chat.store import Store


@pytest.mark.parametrize(
    ("name", "temperature", "source"),
    [
        ("DeepSeek-R1-Distill-Qwen-7B", 0.6, "DeepSeek-R1"),
        ("Qwen3-8B", 0.6, "Qwen3"),
        ("gpt-oss-20b", 1.0, "gpt-oss"),
        ("Ministral-3-8B-Instruct", 0.15, "Ministral instruct"),
        ("nobody-knows-7b", 0.6, "DeepSeek-R1"),
    ],
)
def test_each_family_is_sampled_as_its_maker_recommends(name: str, temperature: float, source: str) -> None:
    advice = sampling.recommended(ModelInfo("x", name))
    assert (advice.params.temperature, advice.source) == (temperature, source)
    assert len(sampling.FAMILIES) >= 15


def test_a_model_that_is_not_to_think_has_sampling_of_its_own() -> None:
    assert sampling.recommended(ModelInfo("x", "Qwen3-8B"), thinking="off").params.temperature == 0.7


def test_the_file_of_a_model_speaks_first_and_nonsense_in_it_is_left() -> None:
    file = {"general.sampling.temp": 0.3, "general.sampling.top_k": -7, "general.sampling.top_p": float("nan")}
    advice = sampling.recommended(ModelInfo("x", "Qwen3-8B"), file)
    assert (advice.params.temperature, advice.params.top_k, advice.params.top_p) == (0.3, 20, 0.95)
    assert advice.source == "GGUF"


@pytest.mark.parametrize("changed", [{"temperature": -1}, {"top_p": float("inf")}, {"top_k": 1.5}, {"what": 1}])
def test_senseless_numbers_are_refused_with_a_sentence(changed: dict[str, float]) -> None:
    with pytest.raises(MessageError, match="makes no sense"):
        sampling.as_text(changed)


@contextmanager
def chat_with(tmp_path: Path, model: str = "qwen3-8b") -> Iterator[tuple[Chat, ScriptedBackend]]:
    backend = ScriptedBackend(lambda request: ["<think>", "Hm", "</think>", "4"], model_names=(model,))
    store = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    chat = Chat(store, Catalogue({"scripted": backend}))
    try:
        yield chat, backend
    finally:
        chat.close()
        store.close()


def test_what_was_chosen_for_a_conversation_stands_in_its_replies_and_is_used_again(tmp_path: Path) -> None:
    with chat_with(tmp_path) as (chat, backend):
        first = chat.send(None, "2 + 2?", "scripted:qwen3-8b")
        first.wait(20)
        chat.set_behaviour(first.conversation_id, thinking="off", system="Be brief.", changed={"temperature": 0.25})
        again = chat.again(first.turn_id, "scripted:qwen3-8b")
        again.wait(20)
        sent = backend.requests[-1]
        assert (sent.thinking, sent.messages[0].role, sent.messages[0].content) == ("off", "system", "Be brief.")
        provenance = chat.store.reply(again.reply_id).provenance
        assert (provenance.params.temperature, provenance.params.top_k) == (0.25, 20)
        assert (provenance.thinking_choice, provenance.system, provenance.sampling_source) == (
            "off",
            "Be brief.",
            "person",
        )
        assert chat.store.reply(first.reply_id).provenance.sampling_source == "Qwen3"
        assert chat.store.reply(first.reply_id).provenance.params == Params(
            0.6, 0.95, 20, seed=chat.store.reply(first.reply_id).provenance.params.seed
        )
        chat.set_behaviour(first.conversation_id, changed={})
        assert chat.store.info(first.conversation_id).sampling == ""


def test_a_system_prompt_stands_at_the_head_of_the_first_message_for_r1(tmp_path: Path) -> None:
    with chat_with(tmp_path, "deepseek-r1") as (chat, backend):
        first = chat.send(None, "2 + 2?", "scripted:deepseek-r1")
        first.wait(20)
        chat.set_behaviour(first.conversation_id, system="Be brief.")
        chat.again(first.turn_id, "scripted:deepseek-r1").wait(20)
        assert [(m.role, m.content) for m in backend.requests[-1].messages] == [("user", "Be brief.\n\n2 + 2?")]
