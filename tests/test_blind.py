"""*Compare blind* asks a child and its parent what was set apart, as long as those who asked it may be copied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import judged
import pytest

from r1chat.app import App, build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import Settings
from r1chat.errors import TrainingError
from r1chat.export import Options, export
from r1chat.learn.blind import BlindQueue, Pair
from r1chat.learn.children import Children
from r1chat.learn.runs import Runs, RunStatus, RunWish
from r1chat.messages import ModelInfo, Reply

PARENT = "llama.cpp:parent"


class Family(ScriptedBackend):
    """A model and what was trained from it."""

    def models(self) -> list[ModelInfo]:
        return [replace(info, parent=PARENT if info.name == "child" else "") for info in super().models()]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    backend = Family(lambda _: ["<think>Hm.</think>Yes."], name="llama.cpp", model_names=("parent", "child"))
    opened = build(Settings(data_dir=tmp_path, ollama=False), {"llama.cpp": backend})
    yield opened
    opened.close()


def queue_of(app: App, *asked_in: tuple[str, str]) -> BlindQueue:
    """The pairs of a child for which questions were set apart, each with its conversation."""
    run = Runs(app.settings.data_dir).begin(RunWish("prefer", PARENT), "run")
    rows = [{"prompt": question, "conversation": conversation} for question, conversation in asked_in]
    (run.folder / "data.test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run.write(RunStatus("done"))
    children = Children(app.settings.models_folder)
    children.folder.mkdir(parents=True, exist_ok=True)
    (children.folder / "child.json").write_text(json.dumps({"run": "run", "base": {"name": "parent"}}))
    return BlindQueue(app, children)


def asked(app: App, question: str) -> str:
    generation = app.chat.send(None, question, PARENT)
    generation.wait(10)
    return generation.conversation_id


def test_a_question_keeps_the_consent_of_its_conversation(app: App) -> None:
    conversation = asked(app, "Is it serious?")
    app.teacher.set_consent(conversation, True)
    pair = queue_of(app, ("Is it serious?", conversation)).next("child")
    assert pair is not None and pair.question == "Is it serious?"
    copy = app.store.turn(pair.sides.turn_id).conversation_id
    assert app.teacher.judged(copy).own_consent is True


def test_questions_of_refused_deleted_and_erased_conversations_are_not_asked_again(app: App) -> None:
    refused, deleted, erased = (asked(app, f"My {name}?") for name in ("diagnosis", "debt", "divorce"))
    app.teacher.set_consent(None, True)
    app.teacher.set_consent(refused, False)
    app.store.delete(erased)
    app.store.purge(timedelta(seconds=-1))
    app.store.delete(deleted)
    queue = queue_of(app, ("My diagnosis?", refused), ("My debt?", deleted), ("My divorce?", erased))
    before = {info.id for info in app.store.conversations()}
    with pytest.raises(TrainingError, match="erased or may not be exported"):
        queue.next("child")
    assert {info.id for info in app.store.conversations()} == before


ZEPHYR = (  # how TinyLlama is prompted
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] + '</s>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)


def test_what_is_asked_is_the_message_whatever_the_template_and_the_system_prompt(app: App, tmp_path: Path) -> None:
    judged.consented(app.store)
    sides = (Reply("", False, "It is red.", "stop"), Reply("", False, "It is blue.", "stop"))
    briefed = replace(judged.OTHER, system="Answer in one sentence.")
    questions = {f"Which colour is number {number}?" for number in range(12)}
    for question in questions:
        judged.voted(app.store, "left", *sides, message=question, provenance=briefed)
    template = tmp_path / "zephyr.jinja"
    template.write_text(ZEPHYR)
    queue = queue_of(app)
    test = Runs(tmp_path).folder / "run" / "data.test.jsonl"
    options = Options(thoughts="rendered", test=0.5, template=template)
    export(app.store, None, "preference", test.with_name("data.jsonl"), options)
    apart = len(test.read_text().splitlines())
    pairs = [queue.next("child")]
    for _ in range(apart - 1):
        assert pairs[-1] is not None
        queue.decide("child", pairs[-1].sides.id, "skipped", (False, False))
        pairs.append(queue.next("child"))
    asked_questions = {pair.question for pair in pairs if pair is not None}
    assert len(asked_questions) == apart and asked_questions <= questions


def test_a_row_that_does_not_tell_its_message_is_not_asked(app: App) -> None:
    zephyr, mistral = "<|user|>\nHow old?</s>\n<|assistant|>\n", "[INST] How tall? [/INST]"
    prompts = (zephyr, mistral, "User: How?\n\nAssistant: <think>")
    with pytest.raises(TrainingError, match="no question to compare on"):
        queue_of(app, *((prompt, "") for prompt in prompts)).next("child")


@pytest.mark.slow
def test_a_pair_that_is_deleted_or_decided_in_the_chat_makes_room_for_the_next_one(app: App) -> None:
    queue = queue_of(app, *((f"{number} + 1 = ?", "") for number in range(6)))

    def next_pair() -> Pair:
        pair = queue.next("child")
        assert pair is not None
        samples = app.chat.running(app.store.turn(pair.sides.turn_id).conversation_id)
        if samples is not None:
            samples.wait(10)
        return pair

    deleted = next_pair()
    app.store.delete(app.store.turn(deleted.sides.turn_id).conversation_id)
    with pytest.raises(TrainingError, match="its conversation is deleted"):
        queue.decide("child", deleted.sides.id, "skipped", (False, False))
    decided = next_pair()
    assert decided.question != deleted.question
    app.teacher.compare(decided.sides.id, "tie")
    with pytest.raises(TrainingError, match="decided already"):
        queue.decide("child", decided.sides.id, "left", (False, False))
    last = next_pair()
    assert last.question not in (deleted.question, decided.question)
    queue.decide("child", last.sides.id, "left", (False, False))
    assert next_pair().question != last.question
