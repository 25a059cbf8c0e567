"""Presets in the store and in archives: kept under a name, used by a conversation, exported and imported again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from r1chat import archive
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import ScriptedBackend
from r1chat.chat import Chat
from r1chat.conversations import Behaviour
from r1chat.errors import ImportFileError, MessageError, NotFoundError, StoreError
from r1chat.store import Store

BRIEF = Behaviour("off", "Be brief.", '{"temperature": 0.25}', True)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """Another store, of SQLite."""
    opened = Store(f"sqlite:///{tmp_path / 'other.db'}")
    yield opened
    opened.close()


def test_a_preset_is_kept_edited_and_forgotten(store: Store) -> None:
    stored = store.presets.save("  Short\nanswers ", BRIEF, 512, "ollama:r1")
    assert (stored.name, stored.behaviour.preset, stored.budget, stored.model) == (
        "Short answers",
        "Short answers",
        512,
        "ollama:r1",
    )
    assert store.presets.save("Brief", BRIEF, preset_id=stored.id).id == stored.id
    assert [(preset.name, preset.budget, preset.behaviour.system) for preset in store.presets.all()] == [
        ("Brief", None, "Be brief.")
    ]
    store.presets.delete(stored.id)
    assert store.presets.all() == []
    for gone in (lambda: store.presets.delete(stored.id), lambda: store.presets.save("x", BRIEF, preset_id=stored.id)):
        with pytest.raises(NotFoundError, match="not there any more"):
            gone()


@pytest.mark.parametrize(("name", "why"), [("  ", "needs a name"), ("x" * 81, "at most 80"), ("Brief", "already")])
def test_a_preset_with_a_senseless_name_is_refused(store: Store, name: str, why: str) -> None:
    store.presets.save("Brief", BRIEF)
    with pytest.raises(StoreError, match=why):
        store.presets.save(name, BRIEF)
    assert len(store.presets.all()) == 1


# --- in a conversation -----------------------------------------------------------------------------------------------


@contextmanager
def chat_in(store: Store) -> Iterator[tuple[Chat, ScriptedBackend]]:
    backend = ScriptedBackend(lambda _: ["<think>", "Hm", "</think>", "4"], model_names=("deepseek-r1", "qwen3"))
    chat = Chat(store, Catalogue({"scripted": backend}))
    try:
        yield chat, backend
    finally:
        chat.close()


def test_a_preset_is_used_by_a_conversation_until_something_is_changed(other: Store) -> None:
    store = other
    preset = store.presets.save("Brief", BRIEF, 512, "scripted:deepseek-r1")
    with chat_in(store) as (chat, backend):
        first = chat.send(None, "2 + 2?", "scripted:qwen3")
        first.wait(20)
        chat.use_preset(first.conversation_id, preset, "scripted:qwen3")
        info = store.info(first.conversation_id)
        assert (info.model, info.budget, info.preset, info.behaviour.system) == (
            "scripted:deepseek-r1",
            512,
            "Brief",
            "Be brief.",
        )
        again = chat.again(first.turn_id, info.model)
        again.wait(20)
        provenance = store.reply(again.reply_id).provenance
        assert (provenance.preset, provenance.system_role, provenance.system, provenance.params.temperature) == (
            "Brief",
            True,
            "Be brief.",
            0.25,
        )
        assert [(m.role, m.content) for m in backend.requests[-1].messages] == [
            ("system", "Be brief."),
            ("user", "2 + 2?"),
        ]
        chat.set_behaviour(first.conversation_id, system="Be brief.")  # the same again
        assert store.info(first.conversation_id).preset == "Brief"
        chat.set_behaviour(first.conversation_id, system_role=False)
        assert store.info(first.conversation_id).preset == ""
        with pytest.raises(MessageError, match="1,000,001 characters"):
            chat.set_behaviour(first.conversation_id, system="x" * 1_000_001)


def test_a_new_conversation_behaves_as_it_is_told_or_as_the_settings_say(other: Store) -> None:
    store = other
    with chat_in(store) as (chat, _):
        chat.default_behaviour = Behaviour(system="Be kind.")
        for behaviour, system in ((None, "Be kind."), (BRIEF, "Be brief."), (Behaviour(), "")):
            generation = chat.send(None, "2 + 2?", "scripted:qwen3", behaviour=behaviour)
            generation.wait(20)
            assert store.info(generation.conversation_id).system == system
        latest = store.last_with("scripted:qwen3")
        assert latest is not None and latest.id == generation.conversation_id
        assert store.last_with("scripted:deepseek-r1") is None


# --- in archives -----------------------------------------------------------------------------------------------------


def filled(store: Store) -> None:
    store.presets.save("Brief", BRIEF, 512, "ollama:r1")
    store.presets.save("Private", Behaviour(system="A secret"))
    shared, hidden = store.new_conversation("Shared"), store.new_conversation("Hidden")
    store.set_behaviour(shared.id, store.presets.all()[0].behaviour)
    store.judgements.set_consent(shared.id, True)
    store.judgements.set_consent(hidden.id, False)


def test_presets_come_back_from_a_backup_and_the_same_one_is_no_new_one(
    store: Store, other: Store, tmp_path: Path
) -> None:
    filled(store)
    assert archive.write(store, tmp_path / "a.jsonl", everything=True).presets == 2
    assert archive.read(other, tmp_path / "a.jsonl").presets == 2
    assert other.presets.all() == store.presets.all()
    again = archive.read(other, tmp_path / "a.jsonl")
    assert (again.presets, again.left_out) == (0, {})


def test_an_archive_to_share_has_only_the_presets_of_what_is_shared(store: Store, tmp_path: Path) -> None:
    filled(store)
    assert archive.write(store, tmp_path / "a.jsonl").presets == 1
    assert b"secret" not in (tmp_path / "a.jsonl").read_bytes()


def test_a_preset_whose_name_is_taken_stays_out_and_is_counted(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    mine = other.presets.save("Brief", Behaviour(system="Mine"))
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    assert archive.read(other, tmp_path / "a.jsonl").left_out == {"presets": 1}
    assert other.presets.find(mine.id).behaviour.system == "Mine"


def test_a_preset_of_an_archive_is_checked(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_bytes().splitlines()]
    for change in ({"name": ""}, {"name": "x" * 81}, {"budget": -1}, {"system": 7}):
        rows = [json.dumps(line | change if line.get("row") == "preset" else line).encode() for line in lines[:-1]]
        body = b"".join(row + b"\n" for row in rows)
        end = {"row": "end", "lines": len(rows), "sha256": hashlib.sha256(body).hexdigest()}
        (tmp_path / "b.jsonl").write_bytes(body + json.dumps(end).encode() + b"\n")
        with pytest.raises(ImportFileError):
            archive.read(other, tmp_path / "b.jsonl")
    assert other.presets.all() == []
