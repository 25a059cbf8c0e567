"""What other programs exported, as it comes in: each small export of tests/data/import, and what a person expects."""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import forked
import pytest
from forked import CODE

from benchmarks.fuzz_imports import fuzz
from r1chat import archive
from r1chat.archive import ImportCounts
from r1chat.archive.counts import CHATS_LEFT_OUT, MESSAGES_LEFT_OUT
from r1chat.archive.openwebui import read_openwebui
from r1chat.archive.programs.textgen import read_textgen
from r1chat.archive.rows import shape_of
from r1chat.errors import ImportFileError
from r1chat.store import Store

DATA = Path(__file__).parent / "data" / "import"
FILES = sorted(path.name for path in DATA.iterdir())
THEN = datetime(2025, 2, 8, 7, 33, 20, tzinfo=UTC)  # 1739000000
Json = dict[str, Any]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it: making one takes longer than to copy it."""
    path = tmp_path_factory.mktemp("empty") / "r1chat.db"
    Store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(empty, tmp_path / "r1chat.db")
    opened = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    yield opened
    opened.close()


def branch(store: Store) -> list[tuple[str, str, str]]:
    """Message, thought and answer of each turn on the open branch of the only conversation."""
    [info] = store.conversations()
    turns = store.conversation(info.id).turns
    return [
        (turn.content, turn.reply.reply.reasoning, turn.reply.reply.answer) if turn.reply else (turn.content, "", "")
        for turn in turns
    ]


def marked(store: Store) -> dict[str, bool]:
    """The answers, and whether something is missing here of what the model was shown before it."""
    marks = {}
    for info in store.conversations():
        pending = store.turns_after(info.id, None)
        while pending:
            for stored in store.replies(pending.pop().id):
                marks[stored.reply.answer] = stored.provenance.incomplete_prompt
                pending += store.turns_after(info.id, stored.id)
    return marks


def told(store: Store, tmp_path: Path, value: Any) -> ImportCounts:
    (tmp_path / "export.json").write_text(json.dumps(value), encoding="utf-8")
    return archive.read(store, tmp_path / "export.json")


def adds_up(came: ImportCounts) -> bool:
    """Whether all that the file holds came in, was here, or is counted as left out."""
    chats = came.conversations + came.extended + came.known
    messages = came.turns + came.replies + came.joined + came.known_messages
    return (
        came.chats == chats + sum(came.left_out.get(code, 0) for code in CHATS_LEFT_OUT)
        and came.messages == messages + sum(came.left_out.get(code, 0) for code in MESSAGES_LEFT_OUT)
        and came.left_out.keys() <= archive.LEFT_OUT.keys()
    )


# --- each small export -----------------------------------------------------------------------------------------------

QUESTION, ANSWER = "What is 7 times 6?", "It is **42**."
LIST = "Seven times six is 42.\n\n- a list\n  nested <tag>"
SUMS = "Seven times six is 42."

# File: program, title, model, thought and answer of its only question; seconds of thought.
ONE_QUESTION: dict[str, tuple[str, str, str, str, str, float]] = {
    "chatgpt-conversations.json": ("ChatGPT", "Seven times six", "o1", "**Multiply**\n\n7*6=42", ANSWER, 0.0),
    "chats.zip": ("ChatGPT", "Seven times six", "o1", "**Multiply**\n\n7*6=42", ANSWER, 0.0),
    "claude-conversations.json": ("Claude", "Seven", "", "7*6=42", "It is 42.", 0.0),
    "jan-messages.jsonl": ("Jan", "", "", "7*6=42", "It is 42.", 0.0),
    "llamacpp-all.json": ("llama.cpp", "Seven", "r1", "7*6=42", ANSWER, 0.0),
    "llamacpp-one.json": ("llama.cpp", "Seven", "r1", "7*6=42", ANSWER, 0.0),
    "llamacpp.jsonl": ("llama.cpp", "Seven", "r1", "7*6=42", ANSWER, 0.0),
    "lmstudio.conversation.json": ("LM Studio", "Seven", "deepseek-r1-distill-qwen-7b", SUMS, ANSWER, 2.0),
    "messages.jsonl": ("OpenAI messages", "", "", "", "It is 42.", 0.0),
    "owui-attr-order.json": ("Open WebUI", "Seven", "deepseek-r1:7b", "Seven.", ANSWER, 3.0),
    "owui-bare-chat.json": ("Open WebUI", "Seven", "deepseek-r1:7b", LIST, ANSWER, 3.0),
    "owui-entities.json": ("Open WebUI", "Seven", "deepseek-r1:7b", 'Seven & six: x < 5\n"42"', ANSWER, 3.0),
    "owui-feedback-and-rating.json": ("Open WebUI", "Seven", "deepseek-r1:7b", LIST, ANSWER, 3.0),
    "owui-inline-details.json": ("Open WebUI", "Seven", "deepseek-r1:7b", "Seven.", f"Hi.\n\n{ANSWER}", 0.0),
    "owui-list.json": ("Open WebUI", "Seven", "deepseek-r1:7b", LIST, ANSWER, 3.0),
    "owui-merged.json": ("Open WebUI", "Seven", "deepseek-r1:7b", LIST, ANSWER, 3.0),
    "owui-nullchat.json": ("Open WebUI", "Seven", "deepseek-r1:7b", LIST, ANSWER, 3.0),
    "owui-object.json": ("Open WebUI", "Seven", "deepseek-r1:7b", LIST, ANSWER, 3.0),
    "owui-output-and-content.json": ("Open WebUI", "Seven", "deepseek-r1:7b", SUMS, ANSWER, 3.0),
    "owui-output.json": ("Open WebUI", "Seven", "deepseek-r1:7b", SUMS, ANSWER, 3.0),
    "owui-reasoning-field.json": ("Open WebUI", "Seven", "deepseek-r1:7b", SUMS, ANSWER, 0.0),
    "owui-snake.json": ("Open WebUI", "S", "m", "", "It is 42.", 0.0),
    "owui-two-thoughts.json": (
        "Open WebUI",
        "Seven",
        "deepseek-r1:7b",
        "First.\n\nSecond.",
        f"Let me see.\n\nPart one.\n\n{ANSWER}",
        7.0,
    ),
    "sharegpt.json": ("ShareGPT", "", "", SUMS, "It is 42.", 0.0),
}
UNTIMED = {"messages.jsonl", "sharegpt.json", "owui-snake.json"}
LEFT_OUT = {
    "owui-feedback-and-rating.json": {"marks": 1, "tags": 1},
    "owui-merged.json": {"empty_chats": 1},
    "owui-nullchat.json": {"empty_chats": 1},
}


@pytest.mark.parametrize("name", ONE_QUESTION)
def test_a_chat_comes_in_with_its_thought_its_model_and_its_time_and_never_twice(name: str, store: Store) -> None:
    program, title, model, thought, answer, duration = ONE_QUESTION[name]
    came = archive.read(store, DATA / name)
    assert adds_up(came), came
    assert (came.source, came.conversations, came.turns, came.replies) == (program, 1, 1, 1)
    assert dict(came.left_out) == LEFT_OUT.get(name, {})
    [info] = store.conversations()
    assert info.title == title
    assert branch(store) == [(QUESTION, thought, answer)]
    [turn] = store.turns_after(info.id, None)
    [stored] = store.replies(turn.id)
    assert not stored.provenance.incomplete_prompt
    assert (stored.provenance.model, stored.reply.finish, stored.reply.closed) == (model, "stop", bool(thought))
    assert stored.reply.timings.thinking == duration
    days = {f"{moment:%Y-%m-%d}" for moment in (info.created, turn.created, stored.created)}
    assert days == {f"{datetime.now(UTC) if name in UNTIMED else THEN:%Y-%m-%d}"}
    again = archive.read(store, DATA / name)
    assert (again.conversations, again.turns, again.replies, again.known) == (0, 0, 0, 1)
    assert adds_up(again), again


def test_three_chats_without_ids_are_three_conversations(store: Store) -> None:
    came = archive.read(store, DATA / "messages-array.json")
    assert (came.conversations, came.replies, dict(came.left_out)) == (3, 3, {})
    assert adds_up(came)
    answers = [store.conversation(info.id).turns[0].reply for info in store.conversations()]
    assert {reply.reply.answer for reply in answers if reply} == {"It is 42.", "Apple.", "Blue."}


def test_the_arena_of_open_webui_comes_in_with_both_sides_and_who_won(store: Store) -> None:
    came = archive.read(store, DATA / "owui-arena.json")
    assert (came.conversations, came.turns, came.replies, came.judgements) == (4, 5, 9, 8)  # a thumb, a comparison each
    assert adds_up(came)
    titles = {info.title: info.id for info in store.conversations()}
    [turn] = store.turns_after(titles["Write `</think>` and <|im_end|> literally."], None)
    assert [stored.reply.answer for stored in store.replies(turn.id)] == ["</think> is a tag", "<|im_end|>"]
    [turn] = store.turns_after(titles[QUESTION], None)
    assert [stored.provenance.model for stored in store.replies(turn.id)] == [
        "deepseek-r1-distill-qwen-7b",
        "other-model",
    ]


def test_every_small_export_has_a_test() -> None:
    assert set(FILES) == {*ONE_QUESTION, "messages-array.json", "owui-arena.json"}


# --- more of each form: branches, tools, files, edits ----------------------------------------------------------------


def node(name: str, parent: str | None, message: Json | None, *children: str) -> Json:
    return {"id": name, "parent": parent, "message": message and {"id": name, **message}, "children": list(children)}


def said(role: str, content: Any, **more: Any) -> Json:
    content = {"content_type": "text", "parts": [content]} if isinstance(content, str) else content
    return {"author": {"role": role}, "content": content, "create_time": 1739000001, **more}


def chatgpt(*nodes: Json, current: str, **more: Any) -> Json:
    return {
        "mapping": {entry["id"]: entry for entry in nodes},
        "current_node": current,
        "title": "T",
        "id": "c",
        **more,
    }


def test_branches_tools_and_images_of_chatgpt(store: Store, tmp_path: Path) -> None:
    image = {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}, "What is in it?"]}
    code = {"content_type": "code", "language": "unknown", "text": "search()"}
    came = told(
        store,
        tmp_path,
        [
            chatgpt(
                node("root", None, None, "s"),
                node("s", "root", said("system", ""), "u1", "u2"),
                node("u1", "s", said("user", "first wording"), "a1"),
                node("a1", "u1", said("assistant", "To the first.")),
                node("u2", "s", said("user", image), "recap"),
                node("recap", "u2", said("assistant", {"content_type": "reasoning_recap", "content": "Thought"}), "c"),
                node("c", "recap", said("assistant", code, recipient="web"), "t"),
                node("t", "c", said("tool", {"content_type": "execution_output", "text": "found"}), "a2", "a3"),
                node("a2", "t", said("assistant", "A cat.", metadata={"model_slug": "gpt-5"})),
                node("a3", "t", said("assistant", "A dog.", metadata={"model_slug": "gpt-5-mini"})),
                current="a2",
            )
        ],
    )
    assert adds_up(came), came
    assert dict(came.left_out) == {"files": 1, "empty_replies": 1, "tool_messages": 2}
    [info] = store.conversations()
    first, second = store.turns_after(info.id, None)
    assert (first.content, second.content) == ("first wording", "What is in it?")
    sides = [(stored.reply.answer, stored.provenance.model) for stored in store.replies(second.id)]
    assert sides == [("A cat.", "gpt-5"), ("A dog.", "gpt-5-mini")]
    assert marked(store) == {"To the first.": False, "A cat.": True, "A dog.": True}
    assert branch(store) == [("What is in it?", "", "A cat.")]


def test_branches_of_claude_and_what_its_blocks_hold(store: Store, tmp_path: Path) -> None:
    zeros = "00000000-0000-4000-8000-000000000000"
    times = {"start_timestamp": "2025-02-08T08:33:20Z", "stop_timestamp": "2025-02-08T08:33:24Z"}
    thinking = {"type": "thinking", "thinking": "Hm.", **times}
    tool = [{"type": "tool_use", "name": "search", "input": {}}, {"type": "tool_result", "content": []}]

    def message(name: str, sender: str, parent: str, *blocks: Json, **more: Any) -> Json:
        return {"uuid": name, "sender": sender, "parent_message_uuid": parent, "content": list(blocks), **more}

    def text(words: str) -> Json:
        return {"type": "text", "text": words}

    chat = {
        "uuid": "c",
        "name": "Branches",
        "chat_messages": [
            message("q", "human", zeros, text("Question"), attachments=[{"file_name": "a.txt"}]),
            message("a", "assistant", "q", thinking, *tool, text("One.")),
            message("b", "assistant", "q", text("Two."), stop_reason="max_tokens"),
            message("r", "human", "a", text("More")),
        ],
        "current_leaf_message_uuid": "r",
    }
    came = told(store, tmp_path, [chat])
    assert adds_up(came)
    assert dict(came.left_out) == {"files": 1, "tool_calls": 1}
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    first, second = store.replies(turn.id)
    assert (first.reply.reasoning, first.reply.timings.thinking, second.reply.finish) == ("Hm.", 4.0, "length")
    assert branch(store) == [("Question", "Hm.", "One."), ("More", "", "")]
    assert marked(store) == {"One.": True, "Two.": True}


def test_the_tree_of_deepseek_and_a_session_as_its_page_is_sent_it(store: Store, tmp_path: Path) -> None:
    def fragments(**parts: str) -> list[Json]:
        return [{"type": kind, "content": text} for kind, text in parts.items()]

    tree = {
        "root": {"id": "root", "parent": None, "children": ["1"], "message": None},
        "1": {
            "id": "1",
            "parent": "root",
            "children": ["2", "3"],
            "message": {
                "files": [],
                "model": "deepseek-reasoner",
                "inserted_at": "2025-02-08T15:33:20.5+08:00",
                "fragments": fragments(REQUEST=QUESTION),
            },
        },
        "2": {
            "id": "2",
            "parent": "1",
            "children": [],
            "message": {"model": "deepseek-reasoner", "fragments": fragments(THINK="7*6=42", RESPONSE=ANSWER)},
        },
        "3": {
            "id": "3",
            "parent": "1",
            "children": [],
            "message": {"model": "deepseek-chat", "fragments": fragments(RESPONSE="42.")},
        },
    }
    came = told(store, tmp_path, [{"id": "d", "title": "Sums", "inserted_at": "2025-02-08T15:33:20Z", "mapping": tree}])
    assert (came.source, came.conversations, came.turns, came.replies) == ("DeepSeek", 1, 1, 2)
    assert adds_up(came)
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    assert turn.created == THEN.replace(microsecond=500_000)
    replies = [(reply.reply.reasoning, reply.reply.answer, reply.provenance.model) for reply in store.replies(turn.id)]
    assert replies == [("7*6=42", ANSWER, "deepseek-reasoner"), ("", "42.", "deepseek-chat")]
    messages = [
        {"message_id": 1, "parent_id": None, "role": "USER", "content": "Hi", "inserted_at": 1739000000.0},
        {
            "message_id": 2,
            "parent_id": 1,
            "role": "ASSISTANT",
            "content": "Hello",
            "thinking_content": "Greet.",
            "thinking_elapsed_secs": 2,
        },
    ]
    session = {"chat_session": {"id": "s", "title": "Hi", "current_message_id": 2}, "chat_messages": messages}
    came = told(store, tmp_path, {"code": 0, "data": {"biz_data": session}})
    assert (came.source, came.conversations, came.replies) == ("DeepSeek", 1, 1)
    assert [hit.title for hit in store.search("Greet")] == ["Hi"]


def test_lines_of_llama_cpp_as_it_writes_them_today_with_branches_and_tools(store: Store, tmp_path: Path) -> None:
    def line(name: str, role: str, parent: str, *children: str, **more: Any) -> Json:
        message = {
            "id": name,
            "convId": "l",
            "type": "text",
            "role": role,
            "parent": parent,
            "children": list(children),
        }
        return {"type": "message", "message": {**message, "timestamp": 1739000000000, "content": name, **more}}

    lines = [
        {"harness": "llama.cpp", "type": "session", "id": "l", "name": "Tree", "lastModified": 1739000000000},
        line("root", "system", "", "q", type="root"),
        line("s", "system", "root", "q"),
        line("q", "user", "s", "a", "b", extra=[{"type": "IMAGE"}]),
        line("a", "assistant", "q", reasoningContent="Hm.", model="r1.gguf", toolCalls=[{"id": 1}]),
        line("b", "assistant", "q"),
        {"type": "session", "id": "m", "name": "Other", "lastModified": 1739000000000},
        {"type": "message", "message": {"id": "x", "convId": "m", "role": "user", "parent": "", "content": "Hi"}},
    ]
    (tmp_path / "chats.jsonl").write_text("\n".join(map(json.dumps, lines)))
    came = archive.read(store, tmp_path / "chats.jsonl")
    assert (came.source, came.conversations, came.turns, came.replies) == ("llama.cpp", 2, 2, 2)
    assert dict(came.left_out) == {"system_messages": 1, "files": 1, "tool_calls": 1}
    assert marked(store) == {"a": True, "b": True}
    assert adds_up(came)
    with zipfile.ZipFile(tmp_path / "chats.zip", "w") as packed:
        packed.write(tmp_path / "chats.jsonl", "conv.jsonl")
        packed.writestr("notes.txt", "no chat")
        packed.writestr("user.json", '{"name": "Nora"}')
    again = archive.read(store, tmp_path / "chats.zip")
    assert (again.known, again.conversations, again.left_out["other_files"]) == (2, 0, 2)


def test_versions_of_lm_studio_are_siblings_and_what_follows_was_said_to_the_selected_one(
    store: Store, tmp_path: Path
) -> None:
    def text(words: str) -> list[Json]:
        return [{"type": "text", "text": words}]

    def single(role: str, words: str) -> Json:
        return {"type": "singleStep", "role": role, "content": text(words)}

    steps = [
        {"type": "contentBlock", "content": text("Hm."), "style": {"type": "thinking"}, "prefix": "<think>"},
        {"type": "toolStatus", "statusState": {}},
        {
            "type": "contentBlock",
            "content": text("Two."),
            "genInfo": {"identifier": "r1", "stats": {"stopReason": "userStopped"}},
        },
    ]
    chat = {
        "name": "Versions",
        "createdAt": 1739000000000,
        "systemPrompt": "Be brief.",
        "messages": [
            {"versions": [single("user", "Question")], "currentlySelected": 0},
            {
                "versions": [single("assistant", "One."), {"type": "multiStep", "role": "assistant", "steps": steps}],
                "currentlySelected": 1,
            },
            {"versions": [single("user", "More")], "currentlySelected": 0},
        ],
    }
    came = told(store, tmp_path, chat)
    assert dict(came.left_out) == {"system_prompts": 1, "tool_calls": 1}
    assert adds_up(came)
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    first, second = store.replies(turn.id)
    assert (first.provenance.model, second.provenance.model) == ("", "r1")
    assert (second.reply.reasoning, second.reply.answer, second.reply.finish) == ("Hm.", "Two.", "stopped")
    assert branch(store) == [("Question", "Hm.", "Two."), ("More", "", "")]
    assert marked(store) == {"One.": True, "Two.": True}


def test_a_thread_of_jan_in_two_files_of_a_zip_keeps_its_title_and_its_model(store: Store, tmp_path: Path) -> None:
    assistants = [{"id": "jan", "instructions": "Be kind.", "model": {"id": "deepseek-r1"}}]
    thread = {"id": "t", "object": "thread", "title": "Sums", "created": 1739000000, "assistants": assistants}
    with zipfile.ZipFile(tmp_path / "jan.zip", "w") as packed:
        packed.write(DATA / "jan-messages.jsonl", "threads/t/messages.jsonl")
        packed.writestr("threads/t/thread.json", json.dumps(thread))
    came = archive.read(store, tmp_path / "jan.zip")
    assert (came.conversations, came.replies, dict(came.left_out)) == (1, 1, {"system_prompts": 1})
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    assert (info.title, store.replies(turn.id)[0].provenance.model) == ("Sums", "deepseek-r1")
    assert set(marked(store).values()) == {True}


def test_a_history_of_textgen_with_versions_and_a_greeting(store: Store, tmp_path: Path) -> None:
    thought = "<think>\n7*6=42\n</think>\n\nIt is <b>42</b>."
    history = {
        "internal": [["<|BEGIN-VISIBLE-CHAT|>", "How can I help?"], [QUESTION, thought], ["Thanks", ""]],
        "visible": [["", "How can I help?"], [QUESTION, "It is &lt;b&gt;42&lt;/b&gt;."], ["Thanks", ""]],
        "metadata": {
            "user_1": {"timestamp": "Feb 08, 2025 07:33"},
            "assistant_1": {
                "timestamp": "Feb 08, 2025 07:34",
                "model_name": "r1.gguf",
                "versions": [{"content": "Forty.", "timestamp": "Feb 08, 2025 07:33"}, {"content": thought}],
                "current_version_index": 1,
            },
        },
    }
    came = told(store, tmp_path, history)
    assert (came.source, came.turns, came.replies, dict(came.left_out)) == ("TextGen", 2, 2, {"no_question": 1})
    assert adds_up(came)
    assert branch(store) == [(QUESTION, "7*6=42", "It is <b>42</b>."), ("Thanks", "", "")]
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    replies = [(stored.reply.answer, stored.provenance.model) for stored in store.replies(turn.id)]
    assert replies == [("Forty.", "r1.gguf"), ("It is <b>42</b>.", "r1.gguf")]
    assert turn.created == datetime(2025, 2, 8, 7, 33).astimezone(UTC)
    assert set(marked(store).values()) == {True}  # the greeting was shown to the model


def test_a_file_of_textgen_marks_the_replies_to_all_versions_of_its_message(store: Store, tmp_path: Path) -> None:
    history = {
        "internal": [["Hello", "Hi."], ["And this?", "A dog."]],
        "visible": [["Hello", "Hi."], ["And this?", "A dog."]],
        "metadata": {
            "user_1": {
                "attachments": [{"name": "dog.png"}],
                "versions": [{"content": "What is it?"}, {"content": "And this?"}],
                "current_version_index": 1,
            }
        },
    }
    came = told(store, tmp_path, history)
    assert came.left_out["files"] == 1
    assert marked(store) == {"Hi.": False, "A dog.": True}


def test_messages_alone_are_one_chat_and_parts_and_roles_without_a_place_are_counted(
    store: Store, tmp_path: Path
) -> None:
    came = told(
        store,
        tmp_path,
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {}}]},
            {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm.", "tool_calls": [{}]},
            {"role": "tool", "content": "42"},
            {"role": "critic", "content": "No."},
        ],
    )
    assert branch(store) == [("Look", "Hm.", "Yes.")]
    assert marked(store) == {"Yes.": True}
    assert dict(came.left_out) == {
        "system_messages": 1,
        "tool_messages": 1,
        "other_messages": 1,
        "files": 1,
        "tool_calls": 1,
    }
    assert (came.chats, came.messages) == (1, 5)
    assert adds_up(came)


TALK = [{"from": "human", "value": "What is it?"}, {"from": "gpt", "value": "A cat."}]
SPOKEN = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A cat."}]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"image": "a.jpg", "conversations": TALK}, "files"),
        ({"images": ["a.jpg"], "conversations": TALK}, "files"),
        ({"tools": '[{"name": "f"}]', "conversations": TALK}, "tool_calls"),
        ({"tools": [{"type": "function"}], "messages": SPOKEN}, "tool_calls"),
        ({"documents": [{"text": "Cats."}], "messages": SPOKEN}, "sources"),
        ({"messages": [{**SPOKEN[0], "images": ["AAAA"]}, SPOKEN[1]]}, "files"),
        ({"tools": "[]", "images": [], "source": "somewhere", "tags": ["cats"], "messages": SPOKEN}, ""),
    ],
)
def test_what_a_model_was_shown_beside_the_words_marks_its_reply(
    entry: Any, code: str, store: Store, tmp_path: Path
) -> None:
    assert dict(told(store, tmp_path, [entry]).left_out) == ({code: 1} if code else {})
    assert marked(store) == {"A cat.": bool(code)}


@pytest.mark.parametrize(
    ("entry", "finish"),
    [
        ({}, "stop"),
        ({"status": "CONTENT_FILTER"}, "cut"),
        ({"status": "FINISHED"}, "stop"),
        ({"status": "INCOMPLETE"}, "length"),
    ],
)
def test_only_an_end_that_says_so_is_that_of_a_whole_reply(
    entry: Any, finish: str, store: Store, tmp_path: Path
) -> None:
    request = {"message_id": 1, "role": "USER", "content": "Who?"}
    reply = {"message_id": 2, "parent_id": 1, "role": "ASSISTANT", "content": "Smi", **entry}
    told(store, tmp_path, [{"chat_session": {"id": "s"}, "chat_messages": [request, reply]}])
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    assert [stored.reply.finish for stored in store.replies(turn.id)] == [finish]


def test_lists_of_messages_in_a_list_are_a_chat_each(store: Store, tmp_path: Path) -> None:
    def chat(answer: str) -> list[Json]:
        return [{"role": "user", "content": "?"}, {"role": "assistant", "content": answer}]

    came = told(store, tmp_path, [chat("one"), chat("two")])
    assert (came.conversations, came.turns, came.replies, came.chats) == (2, 2, 2, 2)
    assert adds_up(came)


# --- nothing is guessed, nothing vanishes ----------------------------------------------------------------------------


def test_chats_of_several_programs_in_one_file_are_each_read_as_what_they_are(store: Store, tmp_path: Path) -> None:
    names = ("chatgpt-conversations.json", "claude-conversations.json", "sharegpt.json", "owui-list.json")
    entries = [entry for name in names for entry in json.loads((DATA / name).read_text())]
    came = told(store, tmp_path, [*entries, {"diary": 1}, 7, None, entries[0]])
    assert came.source == "ChatGPT, Claude, ShareGPT, Open WebUI"
    assert (came.conversations, came.chats, dict(came.left_out)) == (4, 8, {"foreign": 3, "repeated": 1})
    assert adds_up(came)


def test_the_same_message_ids_in_two_chats_without_ids_stay_two_chats(store: Store, tmp_path: Path) -> None:
    def bare(answer: str) -> Json:
        messages = {
            "u1": {"id": "u1", "role": "user", "content": "?", "parentId": None},
            "a1": {"id": "a1", "role": "assistant", "content": answer, "parentId": "u1"},
        }
        return {"chat": {"title": "", "history": {"messages": messages, "currentId": "a1"}}}

    came = told(store, tmp_path, [bare("one"), bare("two")])
    assert (came.conversations, came.replies) == (2, 2)
    assert adds_up(came)


def test_messages_of_one_side_in_a_row_are_joined_on_each_branch_for_itself(store: Store, tmp_path: Path) -> None:
    rows = [("user", "One."), ("user", "Two."), ("assistant", "A."), ("assistant", "B."), ("user", "Three.")]
    came = told(store, tmp_path, {"messages": [{"role": role, "content": text} for role, text in rows]})
    assert branch(store) == [("One.\n\nTwo.", "", "A.\n\nB."), ("Three.", "", "")]
    assert (came.turns, came.replies, came.joined, came.messages) == (2, 1, 2, 5)
    assert adds_up(came)


@pytest.mark.parametrize("when", [-62135596800, 253402300799, "0001-01-01T00:00:00+14:00", 1e300, "never", True, [1]])
def test_a_time_that_cannot_be_is_no_time(when: Any, store: Store, tmp_path: Path) -> None:
    chat = json.loads((DATA / "claude-conversations.json").read_text())
    chat[0] |= {"created_at": when, "updated_at": when}
    chat[0]["chat_messages"][0]["created_at"] = when
    assert told(store, tmp_path, chat).conversations == 1
    [info] = store.conversations()
    assert info.created.year == info.updated.year == datetime.now(UTC).year


def test_a_title_or_the_name_of_a_model_is_cut_to_what_a_list_can_show(store: Store, tmp_path: Path) -> None:
    chat = json.loads((DATA / "llamacpp-one.json").read_text())
    chat["conv"]["name"] = chat["messages"][2]["model"] = "x" * 5_000_000
    told(store, tmp_path, chat)
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    assert (len(info.title), len(store.replies(turn.id)[0].provenance.model)) == (300, 300)


# --- files that cost too much ----------------------------------------------------------------------------------------


READ_LARGE = (
    "import resource, sys\n"
    "from pathlib import Path\n"
    "from r1chat import archive\n"
    "from r1chat.errors import ImportFileError\n"
    "from r1chat.store import Store\n"
    "store = Store(f'sqlite:///{sys.argv[1]}/r1chat.db')\n"
    "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
    "try:\n"
    "    archive.read(store, Path(sys.argv[1], sys.argv[2]))\n"
    "except ImportFileError as error:\n"
    "    print(error)\n"
    "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000)\n"
)


def refused(store: Store, path: Path, *words: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        archive.read(store, path)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.sentence("zh") != caught.value.sentence("en")
    assert store.conversations() == []


def test_a_zip_whose_packing_unpacks_without_a_bound_is_refused(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("conversations.json", "[]")
    refused(store, tmp_path / "packed.zip", "packed.zip", "packed in a way that is not known")


def test_a_zip_that_unpacks_to_far_more_than_it_is_is_refused(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr("conversations.json", b"[" + b" " * 80_000_000 + b"]")
    refused(store, tmp_path / "bomb.zip", "bomb.zip", "unpacks to 80,000,002 bytes")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 and no more", "the zip is broken"),
        (b'[{"title": "\xff"}]', "no text in UTF-8"),
        (b'{"chat": ' + b"[" * 200_000, "nested too deeply"),
        (b"[" + b" " * 10_000_000, "is no JSON"),
    ],
)
def test_a_hostile_file_is_a_sentence_and_changes_nothing(
    content: bytes, words: str, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "export.json").write_bytes(content)
    refused(store, tmp_path / "export.json", "export.json", words, "Nothing was imported")


def test_a_message_that_many_branches_repeat_is_refused(store: Store, tmp_path: Path) -> None:
    def node(key: str, parent: str | None, role: str, text: str) -> Json:
        message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}}
        return {"id": key, "parent": parent, "children": [], "message": message}

    nodes = {"long": node("long", None, "user", "x" * 30_000)}
    for number in range(30):  # 900,000 characters, once each is joined to what it goes on from
        nodes[f"q{number}"] = node(f"q{number}", "long", "user", "And?")
        nodes[f"a{number}"] = node(f"a{number}", f"q{number}", "assistant", "Yes.")
    (tmp_path / "export.json").write_text(json.dumps([{"title": "x", "mapping": nodes}]))
    refused(store, tmp_path / "export.json", "branch too often")


def test_the_id_and_the_model_of_a_chat_are_not_read_anew_for_every_message() -> None:
    """In quadratic time: minutes."""
    long, many = "x" * 4_000_000, range(1_000)
    messages = {f"m{n}": {"role": ("user", "assistant")[n % 2], "content": "x", "parentId": f"m{n - 1}"} for n in many}
    chat = read_openwebui({"id": long, "chat": {"models": [long], "history": {"messages": messages}}})
    assert len(shape_of(chat, datetime.now(UTC)).rows) == 1_001
    about = {"model_name": long, "versions": [{"content": f"{n}"} for n in many]}
    chat = read_textgen({"internal": [["x", "y"]], "visible": [], "metadata": {"assistant_0": about}})
    assert len(shape_of(chat, datetime.now(UTC)).rows) == 1_003


def test_a_zip_with_a_name_that_is_not_the_unicode_that_it_says_is_broken(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "named.zip", "w") as packed:
        packed.writestr("é.json", "[]")
    whole = (tmp_path / "named.zip").read_bytes()
    for count, name in ((1, "local"), (-1, "both")):  # where the file stands, and in the list of files, too
        (tmp_path / f"{name}.zip").write_bytes(whole.replace("é".encode(), b"\xff\xff", count))
        refused(store, tmp_path / f"{name}.zip", "the zip is broken")


def test_a_file_without_a_name_in_a_zip_is_none_with_chats(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "nameless.zip", "w") as packed:
        packed.writestr("x", "[]")
    whole = (tmp_path / "nameless.zip").read_bytes()
    (tmp_path / "nameless.zip").write_bytes(whole.replace(b"x", b"\0"))
    refused(store, tmp_path / "nameless.zip", "no file in it holds chats")


def test_an_encrypted_or_a_foreign_zip_says_what_to_do(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "foreign.zip", "w") as packed:
        packed.writestr("photo.jpg", b"x")
        packed.writestr("data.json", b"[1, 2]")
    refused(store, tmp_path / "foreign.zip", "no chat of a program")
    whole = bytearray((tmp_path / "foreign.zip").read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(mark) + flags] |= 1
        whole[whole.rindex(mark) + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(whole)
    refused(store, tmp_path / "locked.zip", "data.json in it is encrypted")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "piece", "words"),
    [
        (
            b'[{"id": "x", "chat": {"history": {"messages": {"q": {"role": "user", "content": "',
            b"word ",
            "is longer than 67,108,864 characters",
        ),
        (b'[{"id": "x", "chat": {"history": {"messages": [', '["词"],'.encode(), "has more than 1,000,000 parts"),
    ],
)
def test_one_entry_of_120_mb_costs_bounded_memory_and_is_a_sentence(
    start: bytes, piece: bytes, words: str, store: Store, tmp_path: Path
) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.write(start)
        for _ in range(120):
            file.write(piece * (1_000_000 // len(piece)))
    sentence, megabytes = forked.run(CODE, READ_LARGE, str(tmp_path), "large.json").stdout.splitlines()
    assert f"entry 1 {words}. Nothing was imported. Take this chat out of the file" in sentence
    assert int(megabytes) < 500
    assert store.conversations() == []


def test_a_number_without_end_is_refused_after_its_first_thousand_digits(store: Store, tmp_path: Path) -> None:
    """To decode it again with every piece that is read took hours for 2 GB, which a zip of 10 MB may hold."""
    for name, start in (("list", b"[0."), ("lines", b"0."), ("whole", b"[1.")):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            packed.writestr("conversations.json", start + b"1" * 4_000_000)
        refused(store, tmp_path / f"{name}.zip", "entry 1 is a number of more than 1,000 characters")


def test_a_number_that_stands_on_the_border_of_two_pieces_is_read_whole(store: Store, tmp_path: Path) -> None:
    chat = (DATA / "sharegpt.json").read_text().strip().removeprefix("[")
    for blanks in range(65_529, 65_536):  # a piece has 65,536 characters
        (tmp_path / "export.json").write_text(f"[{' ' * blanks}1.5e+5, {chat}")
        assert archive.read(store, tmp_path / "export.json").left_out["foreign"] == 1


def test_an_import_can_be_broken_off_within_one_entry(store: Store, tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(done: int, size: int) -> None:
        if done:
            raise Cancelled

    (tmp_path / "export.json").write_text('[{"chat": "' + "x" * 5_000_000)  # does not end: its end would be an error
    with pytest.raises(Cancelled):
        archive.read(store, tmp_path / "export.json", cancel)


def directory(path: Path, names: Iterable[bytes]) -> None:
    """A zip with as many entries that say of themselves, in two of three places, that they are one."""
    head = struct.Struct("<IHHHHHHIIIHHHHHII")
    with path.open("wb") as file:
        file.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a")
        start = file.tell()
        for name in names:
            file.write(head.pack(0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name)
        end = file.tell()
        file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, end - start, start))
        file.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([b"a"] * 500_000, "it has more than 100,000 files"),
        ([b"a" * 65_000] * 2_000, "its list of files has 130,092,000 bytes"),
    ],
    ids=["many", "long"],
)
def test_a_zip_with_a_list_of_files_without_end_costs_bounded_memory(
    names: list[bytes], words: str, tmp_path: Path
) -> None:
    directory(tmp_path / "large.zip", names)
    sentence, megabytes = forked.run(CODE, READ_LARGE, str(tmp_path), "large.zip").stdout.splitlines()
    assert f"{words}, far more than chats" in sentence
    assert int(megabytes) < 100


@pytest.mark.slow
def test_mutated_exports_come_in_or_are_refused_in_words(tmp_path: Path) -> None:
    ends, _ = fuzz(100, seed=20, folder=tmp_path)
    assert ends.total() == 100
    assert min(ends["came in"], ends["refused"]) > 20


def test_a_message_that_is_another_sides_here_is_counted_with_what_follows_it(store: Store, tmp_path: Path) -> None:
    chat = json.loads((DATA / "llamacpp-one.json").read_text())
    told(store, tmp_path, chat)
    chat["messages"][1]["role"] = "assistant"
    chat["messages"][2] |= {"role": "user", "children": ["m3"]}
    chat["messages"].insert(1, {"id": "n", "role": "user", "content": "?", "parent": "m0"})
    chat["messages"][2]["parent"] = "n"
    chat["messages"].append({"id": "m3", "role": "assistant", "content": "!", "parent": "m2"})
    came = told(store, tmp_path, chat)
    assert (came.extended, came.turns, came.left_out["changed_messages"]) == (1, 1, 3)
    assert adds_up(came), came
