"""What Open WebUI exports, chats and feedback, as it comes in: whole or not at all, and never twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1chat import archive, export
from r1chat.archive import ImportCounts
from r1chat.archive.openwebui.content import split_content
from r1chat.conversations import Provenance, StoredReply
from r1chat.errors import ExportError, ImportFileError
from r1chat.judgements import Comparison, Rating
from r1chat.messages import Reply, Usage
from r1chat.store import Store

Json = dict[str, Any]

THOUGHT = (
    '<details type="reasoning" done="true" duration="12">\n<summary>Thought for 12 seconds</summary>\n'
    "&gt; 27 + 43 &lt; 80.\n&gt; \n&gt; Wait, 7 + 3 carries.\n</details>\nIt is **70**."
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    yield opened
    opened.close()


def message(name: str, role: str, content: Any, parent: str | None = None, *children: str, **more: Any) -> Json:
    """A message as Open WebUI keeps it; assistants have a model."""
    model = {"model": "deepseek-r1:7b", "done": True} if role == "assistant" else {}
    place = {"id": name, "parentId": parent, "childrenIds": list(children), "role": role, "content": content}
    return {**place, "timestamp": 1_737_360_000, **model, **more}


def chat(*messages: Json, name: str = "0b4e4d5c", current: str = "", **more: Any) -> Json:
    """A chat as it stands in an export."""
    history = {"messages": {node["id"]: node for node in messages}, "currentId": current}
    body = {"title": "Sums", "models": ["deepseek-r1:7b"], "history": history, "timestamp": 1_737_360_000_123}
    entry = {"id": name, "user_id": "u1", "title": "Sums", "chat": body, "updated_at": 1_737_360_500}
    return {**entry, "created_at": 1_737_360_000, "archived": False, **more}


def feedback(
    about: Json, message_id: str, rating: Any, snapshot: bool = True, arena: bool = False, **data: Any
) -> Json:
    """A feedback as it stands in an export."""
    vote = {"rating": rating, "model_id": "deepseek-r1:7b", **data}
    meta = {"arena": arena, "chat_id": about["id"], "message_id": message_id, "message_index": 1}
    entry = {"id": f"f-{message_id}", "user_id": "u1", "version": 0, "type": "rating", "data": vote, "meta": meta}
    return {
        **entry,
        "snapshot": {"chat": about} if snapshot else None,
        "created_at": 1_737_360_100,
        "updated_at": 1_737_360_200,
    }


def arena_chat() -> Json:
    """Two models answer the same question, and the person does not see which is which."""
    hidden = {"model": "arena-model", "arena": True}
    return chat(
        message("q", "user", "27 + 43 = ?", None, "a", "b"),
        message("a", "assistant", "It is 70.", "q", selectedModelId="deepseek-r1:7b", **hidden),
        message("b", "assistant", "It is 60.", "q", selectedModelId="llama3", **hidden),
    )


def imported(store: Store, folder: Path, *entries: Any) -> ImportCounts:
    (folder / "export.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")
    return archive.read(store, folder / "export.json")


def only_replies(store: Store) -> list[StoredReply]:
    """All replies to the first message of the only conversation."""
    [info] = store.conversations()
    [turn] = store.turns_after(info.id, None)
    return store.replies(turn.id)


def judged(store: Store) -> list[Rating | Comparison]:
    """All that is in force, of anybody."""
    return [row.judgement for row in export.rows(store).rows]  # type: ignore[misc]


def contents(store: Store, folder: Path) -> bytes:
    archive.write(store, folder / "contents.jsonl", everything=True)
    return (folder / "contents.jsonl").read_bytes()


# --- chats -----------------------------------------------------------------------------------------------------------


def test_a_chat_becomes_a_conversation_and_its_thought_is_parted_from_the_answer(store: Store, tmp_path: Path) -> None:
    came = imported(store, tmp_path, chat(message("q", "user", "27 + 43 = ?"), message("a", "assistant", THOUGHT, "q")))
    assert came == ImportCounts("Open WebUI", conversations=1, replies=1, turns=1, chats=1, messages=2)
    [info] = store.conversations()
    assert info.title == "Sums"
    assert info.created == datetime.fromtimestamp(1_737_360_000, UTC)
    assert info.updated == datetime.fromtimestamp(1_737_360_500, UTC)
    [stored] = only_replies(store)
    assert stored.reply.reasoning == "27 + 43 < 80.\n\nWait, 7 + 3 carries."
    assert (stored.reply.answer, stored.reply.closed, stored.reply.finish) == ("It is **70**.", True, "stop")
    assert stored.reply.timings.thinking == 12.0
    assert (stored.provenance.backend, stored.provenance.model) == ("openwebui", "deepseek-r1:7b")
    assert [hit.id for hit in store.search("carries")] == [info.id]


@pytest.mark.parametrize(
    ("content", "thought", "answer"),
    [
        ("<think>\nHmm.\n</think>\n\nYes.", "Hmm.", "Yes."),
        ("Hmm.\n</think>\n\nYes.", "Hmm.", "Yes."),
        ("Yes, <think> is a tag.", "", "Yes, <think> is a tag."),
        (THOUGHT.replace("&gt;", ">").replace("&lt;", "<"), "27 + 43 < 80.\n\nWait, 7 + 3 carries.", "It is **70**."),
        (THOUGHT.replace(' duration="12"', ""), "27 + 43 < 80.\n\nWait, 7 + 3 carries.", "It is **70**."),
        ('<details type="reasoning" done="false">\n<summary>Thinking…</summary>\n> Hm', "Hm", ""),
        (
            '<details type="reasoning" done="true" duration="1">\n<summary>x</summary>\n> One.\n</details>\nA\n'
            '<details type="tool_calls" done="true" id="7">\n<summary>Tool</summary>\n</details>\n'
            '<details type="reasoning" done="true" duration="2">\n<summary>x</summary>\n> Two.\n</details>\nB',
            "One.\n\nTwo.",
            "A\n\nB",
        ),
        (
            "<details><summary>More</summary>\nplain HTML\n</details>",
            "",
            "<details><summary>More</summary>\nplain HTML\n</details>",
        ),
        ([{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}], "", "Look:"),
    ],
)
def test_every_way_in_which_a_thought_was_written_is_read(
    content: Any, thought: str, answer: str, store: Store, tmp_path: Path
) -> None:
    imported(store, tmp_path, chat(message("q", "user", "?"), message("a", "assistant", content, "q")))
    [stored] = only_replies(store)
    assert (stored.reply.reasoning, stored.reply.answer) == (thought, answer)
    assert stored.reply.usage == Usage()  # nobody counted
    assert (stored.reply.timings.first_token, stored.reply.timings.total) == (None, 0.0)


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        (f'\n<details type="reasoning">\n{" " * 500_000}x</details>', 0),  # in quadratic time: minutes
        ('<details type="tool_calls">x</details>\n' * 50_000, 50_000),
    ],
)
def test_a_hostile_thought_is_read_in_linear_time(text: str, tools: int) -> None:
    assert split_content(text).tool_calls == tools


def test_branches_come_in_with_their_order_and_the_one_that_was_open(store: Store, tmp_path: Path) -> None:
    came = imported(
        store,
        tmp_path,
        chat(
            message("a2", "assistant", "second", "q", "r", "s"),  # a file may have them in any order
            message("q", "user", "one question", None, "a1", "a2", "a3"),
            message("s", "user", "edited", "a2", "t"),
            message("a3", "assistant", "third", "q"),
            message("a1", "assistant", "first", "q"),
            message("r", "user", "as it was", "a2"),
            message("t", "assistant", "the end", "s"),
            current="t",
        ),
    )
    assert (came.conversations, came.replies) == (1, 4)
    assert [stored.reply.answer for stored in only_replies(store)] == ["first", "second", "third"]
    second = only_replies(store)[1]
    [info] = store.conversations()
    assert [turn.content for turn in store.turns_after(info.id, second.id)] == ["as it was", "edited"]
    turns = store.conversation(info.id).turns
    assert [(turn.content, turn.reply and turn.reply.reply.answer) for turn in turns] == [
        ("one question", "second"),
        ("edited", "the end"),
    ]


def test_a_message_goes_under_the_nearest_one_of_the_other_side(store: Store, tmp_path: Path) -> None:
    came = imported(
        store,
        tmp_path,
        chat(
            message("hello", "assistant", "How can I help?", None, "s"),
            message("s", "system", "Be brief.", "hello", "q"),
            message("q", "user", "7 * 6 = ?", "s", "a"),
            message("a", "assistant", "42", "q", "more"),
            message("more", "assistant", "Or XLII.", "a", "empty"),
            message("empty", "assistant", "", "more", "thanks"),
            message("thanks", "user", "Thanks", "empty"),
            message("lost", "user", "Its parent was deleted", "gone"),
            current="thanks",
        ),
    )
    assert dict(came.left_out) == {"no_question": 1, "system_messages": 1, "empty_replies": 1}
    assert (came.turns, came.replies, came.joined, came.messages) == (3, 1, 1, 8)
    [info] = store.conversations()
    first, lost = store.turns_after(info.id, None)
    [both] = store.replies(first.id)
    assert both.reply.answer == "42\n\nOr XLII."
    assert [turn.content for turn in store.turns_after(info.id, both.id)] == ["Thanks"]
    assert lost.content == "Its parent was deleted"


def test_a_chat_from_before_there_were_branches_is_read(store: Store, tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "?"},
    ]
    imported(store, tmp_path, {"id": "old", "title": "Old", "chat": {"title": "Old", "messages": messages}})
    [info] = store.conversations()
    assert [turn.content for turn in store.conversation(info.id).turns] == ["Hi", "?"]


def test_errors_and_replies_that_broke_off_stay_what_they_are(store: Store, tmp_path: Path) -> None:
    broken = {"error": {"content": "The model ran out of memory."}}
    imported(
        store,
        tmp_path,
        chat(
            message("q", "user", "?"),
            message("a", "assistant", "So far", "q", done=False),
            message("b", "assistant", "Half", "q", **broken),
        ),
    )
    off, failed = only_replies(store)
    assert off.reply.finish == "interrupted"
    assert (failed.reply.finish, failed.reply.error) == ("error", "The model ran out of memory.")


def test_what_has_no_place_here_is_counted(store: Store, tmp_path: Path) -> None:
    entry = chat(
        message("q", "user", "What is in it?", files=[{"type": "image", "url": "x"}, {"type": "file"}]),
        message("a", "assistant", THOUGHT, "q", annotation={"rating": 1, "details": {"rating": 9}, "tags": ["maths"]}),
    )
    entry["chat"]["params"] = {"system": "You are a pirate."}
    came = imported(store, tmp_path, entry, chat(name="nothing in it"))
    assert dict(came.left_out) == {"files": 2, "system_prompts": 1, "marks": 1, "tags": 1, "empty_chats": 1}
    assert set(came.left_out) <= set(archive.LEFT_OUT)
    assert (came.conversations, came.judgements) == (1, 1)


def all_replies(store: Store, turn_id: str | None = None) -> dict[str, StoredReply]:
    """The replies of the only conversation by their answers."""
    [info] = store.conversations()
    pending, found_replies = store.turns_after(info.id, None), {}
    while pending:
        for stored in store.replies(pending.pop().id):
            found_replies[stored.reply.answer] = stored
            pending += store.turns_after(info.id, stored.id)
    return found_replies


def test_replies_whose_model_was_shown_what_has_no_place_here_are_marked(store: Store, tmp_path: Path) -> None:
    imported(
        store,
        tmp_path,
        chat(
            message("q", "user", "Hello", None, "a"),
            message("a", "assistant", "First.", "q", "q2", "q3"),
            message("q2", "user", "What is in it?", "a", "a2", files=[{"type": "image", "url": "x"}]),
            message("a2", "assistant", "A dog.", "q2", "q4"),
            message("q4", "user", "Sure?", "a2", "a4"),
            message("a4", "assistant", "Yes.", "q4"),
            message("q3", "user", "What is 1 + 1?", "a", "a3"),
            message("a3", "assistant", "It is 2.", "q3"),
        ),
    )
    marks = {answer: stored.provenance.incomplete_prompt for answer, stored in all_replies(store).items()}
    assert marks == {"First.": False, "A dog.": True, "Yes.": True, "It is 2.": False}


@pytest.mark.parametrize(
    "of_reply",
    [
        {"sources": [{"source": {"type": "web_search"}, "document": ["Smith won."]}]},
        {"citations": [{"document": ["Smith won."]}]},
        {"statusHistory": [{"done": True, "action": "web_search", "urls": ["https://news.example"]}]},
    ],
)
def test_a_reply_that_was_made_with_what_a_search_found_is_marked(of_reply: Any, store: Store, tmp_path: Path) -> None:
    came = imported(
        store,
        tmp_path,
        chat(
            message("q", "user", "Hello", None, "a"),
            message("a", "assistant", "Hi.", "q", "q2", statusHistory=[{"description": "Thinking"}], sources=[]),
            message("q2", "user", "Who won?", "a", "a2"),
            message("a2", "assistant", "Smith [1].", "q2", **of_reply),
        ),
    )
    assert dict(came.left_out) == {"sources": 1}
    marks = {answer: stored.provenance.incomplete_prompt for answer, stored in all_replies(store).items()}
    assert marks == {"Hi.": False, "Smith [1].": True}


def test_documents_of_a_whole_chat_mark_all_of_it(store: Store, tmp_path: Path) -> None:
    entry = chat(message("q", "user", "Hello", None, "a"), message("a", "assistant", "Hi.", "q"))
    entry["chat"]["files"] = [{"type": "collection", "name": "papers"}]
    assert dict(imported(store, tmp_path, entry).left_out) == {"files": 1}
    assert [stored.provenance.incomplete_prompt for stored in all_replies(store).values()] == [True]


def test_a_system_prompt_that_has_no_place_here_marks_the_whole_chat(store: Store, tmp_path: Path) -> None:
    entry = chat(
        message("q", "user", "Hello", None, "a"),
        message("a", "assistant", "Arr.", "q", "q2"),
        message("q2", "user", "More", "a", "a2"),
        message("a2", "assistant", "Arr, more.", "q2"),
    )
    entry["chat"]["params"] = {"system": "You are a pirate."}
    imported(store, tmp_path, entry)
    assert [stored.provenance.incomplete_prompt for stored in all_replies(store).values()] == [True, True]
    archive.write(store, tmp_path / "all.jsonl", everything=True)
    with closing(Store(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        archive.read(other, tmp_path / "all.jsonl")
        assert [stored.provenance.incomplete_prompt for stored in all_replies(other).values()] == [True, True]


@pytest.mark.parametrize("format", ["preference", "unpaired", "sft", "grpo", "stepwise"])
def test_exports_refuse_a_reply_whose_prompt_is_not_here_whole_and_take_one_of_this_machine(
    format: Any, store: Store, tmp_path: Path
) -> None:
    picture = message("q", "user", "What is in it?", None, "a", files=[{"type": "image", "url": "x"}])
    imported(store, tmp_path, chat(picture, message("a", "assistant", "<think>Fur.</think>A dog.", "q")))
    store.judgements.set_consent(None, True)
    [reply] = all_replies(store).values()
    judgements = store.judgements
    corrected = replace(reply.provenance, origin="corrected", parent_id=reply.id)
    correction = store.add_reply(reply.turn_id, corrected, Reply("Fur.", True, "A cat.", "stop"))
    for rated in (reply, correction):
        judgements.rate(rated.id, "answer", "up", "ann")
    judgements.label_step(reply.id, "first_wrong", 0, 4, "ann")
    reference = judgements.set_reference(reply.turn_id, "cat", "text", "ann")
    judgements.add_verification(correction.id, reference.id, 1.0)
    options = export.Options(thoughts="full", sources=frozenset({"thumbs"}) if format == "unpaired" else None)
    with pytest.raises(ExportError, match="incomplete prompt"):
        export.export(store, None, format, tmp_path / "rows.jsonl", options)
    # The same message answered here: what that model was shown is known, with the turns above it.
    follow_up = store.add_turn(store.turn(reply.turn_id).conversation_id, "Describe it.", reply.id)
    sides = [
        store.add_reply(follow_up.id, Provenance("llama.cpp", model="r1"), Reply("Hm.", True, answer, "stop"))
        for answer in ("I see none.", "It is blue.")
    ]
    judgements.compare(judgements.begin_comparison(sides[0].id, sides[1].id).id, "left", "ann")
    judgements.rate(sides[0].id, "answer", "up", "ann")
    judgements.label_step(sides[0].id, "first_wrong", 0, 3, "ann")
    judgements.set_reference(follow_up.id, "none", "text", "ann")
    export.export(store, None, format, tmp_path / "rows.jsonl", options)
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 1


def test_hostile_words_and_ids_are_only_text(store: Store, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\0\ud800'; DROP TABLE reply; --"
    entry = chat(
        message("../../etc/passwd", "user", hostile),
        message("\ud800\0", "assistant", hostile, "../../etc/passwd"),
        name="'; DROP TABLE conversation; --",
        title=hostile,
    )
    came = imported(store, tmp_path, entry)
    assert (came.conversations, came.replies) == (1, 1)
    assert only_replies(store)[0].reply.answer == hostile.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert imported(store, tmp_path, entry).known == 1


def test_imported_conversations_follow_the_consent_for_all_and_nothing_else(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path, chat(message("q", "user", "?"), message("a", "assistant", "!", "q")))
    [info] = store.conversations()
    assert store.judgements.judged(info.id).own_consent is None
    assert not store.judgements.judged(info.id).consent


# --- the same again --------------------------------------------------------------------------------------------------


def test_the_same_file_twice_imports_nothing_twice(store: Store, tmp_path: Path) -> None:
    about = arena_chat()
    entries = [
        about,
        feedback(about, "a", 1, arena=True, sibling_model_ids=["llama3"], reason="other", comment="Right"),
    ]
    first = imported(store, tmp_path, *entries)
    assert (first.conversations, first.replies, first.judgements, first.known) == (1, 2, 2, 0)
    before = contents(store, tmp_path)
    again = imported(store, tmp_path, *entries)
    assert (again.conversations, again.replies, again.judgements, again.known) == (0, 0, 0, 1)
    assert contents(store, tmp_path) == before


def test_a_later_export_adds_what_is_new(store: Store, tmp_path: Path) -> None:
    start = [message("q", "user", "?", None, "a"), message("a", "assistant", "one", "q")]
    imported(store, tmp_path, chat(*start))
    [info] = store.conversations()
    mine = store.add_turn(info.id, "Mine, here", only_replies(store)[0].id)
    came = imported(
        store,
        tmp_path,
        chat(*start, message("b", "assistant", "two", "q"), message("r", "user", "And?", "a")),
        chat(message("x", "user", "Another"), name="another"),
    )
    assert (came.conversations, came.replies, came.known) == (1, 1, 0)
    first, second = (stored for stored in store.replies(store.turns_after(info.id, None)[0].id))
    assert (first.reply.answer, second.reply.answer, second.position) == ("one", "two", 2)
    assert [turn.content for turn in store.turns_after(info.id, first.id)] == ["Mine, here", "And?"]
    assert store.turn(mine.id) == store.turns_after(info.id, first.id)[0]


def test_a_conversation_that_was_deleted_comes_in_anew_but_not_for_a_rating_alone(store: Store, tmp_path: Path) -> None:
    about = chat(message("q", "user", "?"), message("a", "assistant", "one", "q"))
    imported(store, tmp_path, about)
    [info] = store.conversations()
    store.delete(info.id)
    came = imported(store, tmp_path, feedback(about, "a", 1, snapshot=False))
    assert dict(came.left_out) == {"no_reply": 1}
    assert store.conversations() == []
    assert imported(store, tmp_path, about).conversations == 1
    assert [conversation.id for conversation in store.conversations()] == [info.id]


# --- feedback --------------------------------------------------------------------------------------------------------


def test_a_thumb_becomes_a_rating_with_its_words(store: Store, tmp_path: Path) -> None:
    about = chat(message("q", "user", "?"), message("a", "assistant", THOUGHT, "q"))
    entry = feedback(about, "a", -1, reason="not_factually_correct", comment=" It is 71. ", details={"rating": 2})
    came = imported(store, tmp_path, entry)
    assert (came.conversations, came.replies, came.judgements, dict(came.left_out)) == (1, 1, 1, {"marks": 1})
    [rating] = judged(store)
    assert isinstance(rating, Rating)
    assert (rating.part, rating.thumb, rating.reasons, rating.comment) == ("answer", "down", ("wrong",), "It is 71.")
    assert rating.created == datetime.fromtimestamp(1_737_360_200, UTC)
    assert rating.rater.startswith("openwebui-")
    assert "u1" not in rating.rater


@pytest.mark.parametrize(
    ("rating", "thumb"),
    [(1, "up"), (-1, "down"), ("1", "up"), ("-1", "down"), (9, "up"), (6, "up"), (5, "down"), (2, "down")],
)
def test_marks_stand_for_the_thumb_that_goes_with_them(rating: Any, thumb: str, store: Store, tmp_path: Path) -> None:
    about = chat(message("q", "user", "?"), message("a", "assistant", "!", "q"))
    imported(store, tmp_path, feedback(about, "a", rating))
    [stored] = judged(store)
    assert isinstance(stored, Rating)
    assert stored.thumb == thumb


@pytest.mark.parametrize("rating", [None, 0, 11, -7, "good", True, 1.5, [1], {"rating": 1}, 10**400])
def test_what_is_no_thumb_is_counted_and_left_out(rating: Any, store: Store, tmp_path: Path) -> None:
    about = chat(message("q", "user", "?"), message("a", "assistant", "!", "q"))
    came = imported(store, tmp_path, feedback(about, "a", rating))
    assert (came.judgements, dict(came.left_out)) == (0, {"no_thumb": 1})


def test_a_reason_that_is_not_ours_is_kept_in_the_comment(store: Store, tmp_path: Path) -> None:
    about = chat(message("q", "user", "?"), message("a", "assistant", "!", "q"))
    imported(store, tmp_path, feedback(about, "a", 1, reason="showcased_creativity", comment="x" * 5_000))
    [stored] = judged(store)
    assert isinstance(stored, Rating)
    assert stored.reasons == ()
    assert stored.comment.startswith("showcased creativity: xxx")
    assert (len(stored.comment), stored.comment[-1]) == (4_000, "…")


@pytest.mark.parametrize(("rating", "better"), [(1, "It is 70."), (-1, "It is 60.")])
def test_feedback_from_the_arena_becomes_a_comparison(rating: int, better: str, store: Store, tmp_path: Path) -> None:
    came = imported(store, tmp_path, feedback(arena_chat(), "a", rating, arena=True, sibling_model_ids=["llama3"]))
    assert (came.replies, came.judgements) == (2, 2)
    [comparison] = [judgement for judgement in judged(store) if isinstance(judgement, Comparison)]
    winner = {"left": comparison.sides.left_id, "right": comparison.sides.right_id}[comparison.winner]
    assert store.reply(winner).reply.answer == better
    assert comparison.sides.blind
    assert [stored.provenance.model for stored in only_replies(store)] == ["deepseek-r1:7b", "llama3"]


def test_an_arena_of_more_replies_than_there_are_compares_none_and_counts_it(store: Store, tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(20)]
    thumb = {"arena": True, "annotation": {"rating": 1}}
    replies = [message(name, "assistant", f"It is {name}.", "q", **thumb) for name in names]
    came = imported(store, tmp_path, chat(message("q", "user", "?", None, *names), *replies))
    assert (came.replies, came.judgements, dict(came.left_out)) == (20, 20, {"crowded": 20})


def test_a_thumb_outside_of_the_arena_or_for_a_model_elsewhere_compares_nothing(store: Store, tmp_path: Path) -> None:
    about = arena_chat()
    imported(
        store,
        tmp_path,
        feedback(about, "a", 1, sibling_model_ids=["llama3"]),
        feedback(about, "b", -1, arena=True, sibling_model_ids=["a model that was deleted"]),
    )
    assert [type(judgement) for judgement in judged(store)] == [Rating, Rating]


def test_a_changed_mind_supersedes_what_was_imported_before(store: Store, tmp_path: Path) -> None:
    about = arena_chat()
    for rating in (1, -1, -1):
        imported(store, tmp_path, feedback(about, "a", rating, arena=True, sibling_model_ids=["llama3"]))
    comparison, rating_in_force = sorted(judged(store), key=lambda judgement: type(judgement).__name__)
    assert isinstance(rating_in_force, Rating)
    assert isinstance(comparison, Comparison)
    assert (rating_in_force.thumb, comparison.winner) == ("down", "right")


def test_a_mind_that_is_changed_back_counts_and_an_older_file_does_not(store: Store, tmp_path: Path) -> None:
    def came(day: int, rating: int) -> tuple[int, list[str]]:
        entry = feedback(arena_chat(), "a", rating, arena=True, sibling_model_ids=["llama3"])
        counts = imported(store, tmp_path, entry | {"updated_at": entry["updated_at"] + 86_400 * day})
        in_force = sorted(judged(store), key=lambda judgement: type(judgement).__name__)
        return counts.judgements, [getattr(judgement, "thumb", "") or judgement.winner for judgement in in_force]

    assert came(1, 1) == (2, ["left", "up"])
    assert came(2, -1) == (2, ["right", "down"])
    assert came(3, 1) == (2, ["left", "up"])
    assert came(2, -1) == (0, ["left", "up"]), "it is older"
    assert came(3, 1) == (0, ["left", "up"])

    def chat_came(day: int, rating: int) -> int:
        reply = message("a", "assistant", "!", "q", annotation={"rating": rating})
        entry = chat(message("q", "user", "?", None, "a"), reply, name="another")
        return imported(store, tmp_path, entry | {"updated_at": entry["updated_at"] + 86_400 * day}).judgements

    assert [chat_came(*export) for export in ((1, 1), (2, -1), (3, 1), (2, -1), (4, 1))] == [1, 1, 1, 0, 0]


def test_chats_and_feedback_on_them_meet_in_either_order(store: Store, tmp_path: Path) -> None:
    about = chat(message("q", "user", "?", None, "a"), message("a", "assistant", "!", "q", annotation={"rating": 1}))
    assert imported(store, tmp_path, feedback(about, "a", 1)).judgements == 1
    came = imported(store, tmp_path, about)
    assert (came.conversations, came.replies, came.judgements, came.known) == (0, 0, 0, 1)
    assert imported(store, tmp_path, feedback(about, "a", -1, snapshot=False)).judgements == 1


def test_a_rating_of_another_text_or_of_no_reply_is_left_out(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path, chat(message("q", "user", "?"), message("a", "assistant", "as it is here", "q")))
    edited = chat(message("q", "user", "?"), message("a", "assistant", "as it was rated", "q"))
    came = imported(
        store,
        tmp_path,
        feedback(edited, "a", 1),
        feedback(edited, "gone", 1),
        feedback({"id": ""}, "a", 1, snapshot=False),
    )
    assert (came.judgements, dict(came.left_out)) == (0, {"other_text": 1, "no_reply": 2})
    assert only_replies(store)[0].reply.answer == "as it is here"


# --- files that change nothing ---------------------------------------------------------------------------------------

GOOD = json.dumps(chat(message("q", "user", "?"), message("a", "assistant", "!", "q")))


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("[7]", "line 1, entry 1", "no chat of a program"),
        ('[{"title": "of another program"},\n{"chat": {"messages": {}}}]', "line 1, entry 1", "no chat of a program"),
        ("[]", "line 1", "a list with nothing in it"),
        (f"[{GOOD},\n{GOOD[:-9]}", "line 2", "entry 2 is no JSON"),
        (f"[{GOOD}\n", "line 2", "the file ends where"),
        (f"[{GOOD}\n{GOOD}]", "line 2", "belongs"),
        (f"[{GOOD},\n]", "line 2", "entry 2 is no JSON"),
        (f"[{GOOD}]\nand more", "line 2", "something follows the end"),
        (f"[{GOOD},\n{'[' * 100_000}", "line 2", "nested too deeply"),
        (f'[{GOOD},\n{{"a": NaN}}]', "line 2", "NaN is no number"),
        (f'[{GOOD},\n{{"a": {"9" * 5_000}}}]', "line 2", "entry 2 is no JSON"),
        ("[", "line 1", "entry 1 is no JSON"),
    ],
)
def test_a_broken_or_foreign_file_changes_nothing_and_says_where(
    text: str, where: str, why: str, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(ImportFileError) as caught:
        archive.read(store, tmp_path / "export.json")
    assert f"export.json, {where}" in str(caught.value)
    assert why in str(caught.value)
    assert store.conversations() == []


def test_chats_that_go_in_a_circle_are_counted_or_refused_where_all_do(store: Store, tmp_path: Path) -> None:
    circle = chat(message("q", "user", "?", "a", "a"), message("a", "assistant", "!", "q", "q"), name="circle")
    for around in (circle, chat(message("q", "user", "?", "q", "q"))):
        with pytest.raises(ImportFileError, match="entry 1: messages of this chat follow each other in a circle"):
            imported(store, tmp_path, around)
    assert store.conversations() == []
    came = imported(store, tmp_path, json.loads(GOOD), circle, 7, {"chat": {"messages": {}}})
    assert (came.conversations, came.chats, dict(came.left_out)) == (1, 4, {"circular": 1, "foreign": 2})


def test_a_file_with_a_mark_first_and_other_ends_of_lines_is_read(store: Store, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_bytes(b"\xef\xbb\xbf\r\n [ " + GOOD.encode() + b"\r\n]\r\n")
    assert archive.read(store, tmp_path / "export.json").conversations == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere_comes_in_or_is_refused_in_words(data: st.DataObject, store: Store, tmp_path: Path) -> None:
    about = arena_chat()
    about["chat"]["history"]["messages"]["b"]["annotation"] = {"rating": 1, "reason": "too_verbose", "tags": ["x"]}
    entry = feedback(about, "a", 1, arena=True, sibling_model_ids=["llama3"], comment="no")
    inside: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            inside.append((value, key))
            if isinstance(inner, dict | list):
                walk(inner)

    walk(entry)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(inside))
        container[key] = data.draw(JSON)
    before = len(store.conversations(10_000))
    try:
        imported(store, tmp_path, entry)
    except ImportFileError as error:
        assert "export.json, line 2" in str(error)
        assert "entry 1" in str(error)
        assert len(store.conversations(10_000)) == before
