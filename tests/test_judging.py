"""What the page's judgements come to, without a browser: hostile input, a changed mind, what a correction changed."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1chat.app import App, build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import Settings
from r1chat.conversations import StoredReply
from r1chat.errors import CheckError, R1ChatError
from r1chat.judgements import Aspects, Judged, Rating
from r1chat.messages import Reply
from r1chat.ui.act import Act
from r1chat.ui.judge import acts as judging
from r1chat.ui.judge import difference, rating
from r1chat.ui.judge.difference import differences
from r1chat.ui.words.page import words

THOUGHT = "27 + 43: 7 + 3 is 10.\n\n20 + 40 is 50.\n\nSo it is 60."


def made(folder: Path) -> App:
    script = ["<think>\n", THOUGHT, "\n</think>\n\n", "It is 60."]
    return build(Settings(data_dir=folder, ollama=False), {"scripted": ScriptedBackend(lambda _: script)})


def asked(app: App) -> StoredReply:
    generation = app.chat.send(None, "27 + 43 = ?", "scripted:scripted")
    generation.wait(10)
    return app.store.reply(generation.reply_id)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with closing(made(tmp_path)) as opened:
        yield opened


@pytest.fixture
def reply(app: App) -> StoredReply:
    return asked(app)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, StoredReply]]:
    """An app with a reply that was rated, for tests that change nothing."""
    with closing(made(tmp_path_factory.mktemp("data"))) as app:
        reply = asked(app)
        say(app, "rate", reply.id, part="answer", thumb="up")
        yield app, reply


def say(app: App, verb: str, subject: str, **values: object) -> None:
    """What the page sends when a person clicks."""
    judging.ACTIONS[verb](app, Act(verb, subject, json.dumps(values)))


def judged(app: App, reply: StoredReply) -> Judged:
    return app.teacher.judged(app.store.turn(reply.turn_id).conversation_id)


def rated(app: App, reply: StoredReply) -> Rating:
    return judged(app, reply).ratings[reply.id, "answer"]


# --- ratings ---------------------------------------------------------------------------------------------------------


def test_each_click_changes_one_thing_and_keeps_the_rest(app: App, reply: StoredReply) -> None:
    say(app, "rate", reply.id, part="answer", thumb="down", open=True)
    say(app, "rate", reply.id, part="answer", reason="wrong", given=True)
    say(app, "rate", reply.id, part="answer", reason="too_long", given=True)
    say(app, "rate", reply.id, part="answer", aspect="clarity", mark=4)
    say(app, "rate", reply.id, part="answer", comment="It forgets to carry.")
    say(app, "rate", reply.id, part="answer", reason="too_long", given=False)
    now = rated(app, reply)
    assert (now.thumb, now.reasons, now.comment) == ("down", ("wrong",), "It forgets to carry.")
    assert now.aspects == Aspects(clarity=4)
    assert now.thought_open is True


def test_another_thumb_lets_go_of_the_reasons_and_keeps_the_words(app: App, reply: StoredReply) -> None:
    say(app, "rate", reply.id, part="answer", thumb="down")
    say(app, "rate", reply.id, part="answer", reason="wrong", given=True)
    say(app, "rate", reply.id, part="answer", comment="Hm.")
    say(app, "rate", reply.id, part="answer", thumb="up")
    assert (rated(app, reply).thumb, rated(app, reply).reasons, rated(app, reply).comment) == ("up", (), "Hm.")


def test_two_clicks_at_once_do_not_forget_each_other(app: App, reply: StoredReply) -> None:
    say(app, "rate", reply.id, part="answer", thumb="up")
    reasons = ("correct", "clear", "complete", "well_reasoned", "concise")
    clicks = [
        threading.Thread(
            target=say, args=(app, "rate", reply.id), kwargs={"part": "answer", "reason": reason, "given": True}
        )
        for reason in reasons
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join(20)
    assert rated(app, reply).reasons == reasons


def test_a_changed_mind_leaves_its_history_in_the_store(app: App, reply: StoredReply, tmp_path: Path) -> None:
    for thumb in ("up", "down", ""):
        say(app, "rate", reply.id, part="answer", thumb=thumb)
    with sqlite3.connect(tmp_path / "r1chat.db") as database:
        thumbs = database.execute("SELECT thumb FROM rating ORDER BY number").fetchall()
    assert thumbs == [("up",), ("down",), ("",)]
    assert app.store.judgements.gathered().thumbs == 0


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        ("rate", ""),
        ("rate", "no JSON"),
        ("rate", "[1]"),
        ("rate", "[" * 100_000),
        ("rate", '{"part": "answer", "thumb": "<img src=x onerror=alert(1)>"}'),
        ("rate", '{"part": ["answer"], "thumb": "up"}'),
        ("rate", '{"part": "answer", "reason": "unsafe", "given": true}'),
        ("rate", '{"part": "answer", "aspect": "__class__", "mark": 3}'),
        ("rate", '{"part": "answer", "aspect": "clarity", "mark": true}'),
        ("rate", '{"part": "answer", "aspect": "clarity", "mark": 6}'),
        ("rate", json.dumps({"part": "answer", "comment": "x" * 5_000_000})),
        ("step", '{"verdict": "first_wrong"}'),
        ("step", '{"verdict": "first_wrong", "start": 0, "end": 1e9}'),
        ("step", '{"verdict": "first_wrong", "start": 0, "end": ' + "9" * 4_000 + "}"),
        ("step", '{"verdict": "perhaps"}'),
        ("correct", "{}"),
        ("correct", json.dumps({"part": "answer", "text": "x" * 500_001})),
        ("correct", json.dumps({"part": "answer", "text": "It is 60."})),
        ("refer", json.dumps({"text": "x" * 4_001})),
        ("refer", '{"text": "60", "kind": "oracle"}'),
        ("refer", '{"text": "(", "kind": "pattern"}'),
        ("refer", '{"text": "a great many", "kind": "number"}'),
        ("consent", '{"allowed": "yes"}'),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    untouched: tuple[App, StoredReply], verb: str, text: str
) -> None:
    app, reply = untouched
    subject = {"refer": reply.turn_id, "consent": app.store.turn(reply.turn_id).conversation_id}.get(verb, reply.id)
    before = (judged(app, reply), len(app.store.replies(reply.turn_id)))
    with pytest.raises(R1ChatError) as refused:
        judging.ACTIONS[verb](app, Act(verb, subject, text))
    assert re.search(r"[a-z]{3}.*[.!]$", str(refused.value))
    assert len(str(refused.value)) < 400
    assert "<" not in str(refused.value)
    assert (judged(app, reply), len(app.store.replies(reply.turn_id))) == before


@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("rate", {"part": "answer", "thumb": "up"}),
        ("step", {"verdict": "none_wrong"}),
        ("correct", {"text": "70"}),
        ("refer", {"text": "70"}),
        ("consent", {"allowed": True}),
    ],
)
def test_what_is_said_of_a_deleted_conversation_is_refused(
    app: App, reply: StoredReply, verb: str, values: dict[str, object]
) -> None:
    conversation = app.store.turn(reply.turn_id).conversation_id
    app.store.delete(conversation)
    subject = {"refer": reply.turn_id, "consent": conversation}.get(verb, reply.id)
    with pytest.raises(R1ChatError, match=r"not there|no longer|deleted"):
        say(app, verb, subject, **values)
    app.store.undelete(conversation)
    assert judged(app, reply) == Judged()


# --- steps, corrections, references ----------------------------------------------------------------------------------


def test_the_first_wrong_step_is_marked_changed_and_taken_back(app: App, reply: StoredReply) -> None:
    start = THOUGHT.index("So it")
    say(app, "step", reply.id, verdict="first_wrong", start=start, end=len(THOUGHT))
    assert (judged(app, reply).steps[reply.id].start, app.store.judgements.gathered().steps) == (start, 1)
    say(app, "step", reply.id, verdict="none_wrong")
    assert judged(app, reply).steps[reply.id].verdict == "none_wrong"
    say(app, "step", reply.id, verdict="")
    assert app.store.judgements.gathered().steps == 0


def test_a_corrected_thought_keeps_the_answer(app: App, reply: StoredReply) -> None:
    say(app, "correct", reply.id, part="thought", text="27 + 43 is 70.")
    original, corrected = app.store.replies(reply.turn_id)
    assert (corrected.reply.reasoning, corrected.reply.answer) == ("27 + 43 is 70.", original.reply.answer)
    assert corrected.provenance.parent_id == original.id


def test_a_refused_reference_leaves_the_one_before_in_force(app: App, reply: StoredReply) -> None:
    say(app, "refer", reply.turn_id, text="70", kind="")
    with pytest.raises(CheckError):
        say(app, "refer", reply.turn_id, text="[", kind="pattern")
    assert judged(app, reply).references[reply.turn_id].text == "70"
    assert judged(app, reply).verifications[reply.id].accuracy == 0.0
    say(app, "correct", reply.id, text="It is 70.")
    later = app.store.replies(reply.turn_id)[-1]
    assert judged(app, reply).verifications[later.id].accuracy == 1.0
    say(app, "refer", reply.turn_id, text="")
    assert judged(app, reply).verifications == {}


def test_consent_is_off_until_it_is_given_and_can_be_taken_back(app: App, reply: StoredReply) -> None:
    conversation = app.store.turn(reply.turn_id).conversation_id
    assert not judged(app, reply).consent
    say(app, "consent", conversation, allowed=True)
    assert judged(app, reply).consent
    say(app, "consent", conversation, allowed=False)
    assert not judged(app, reply).consent


def test_what_a_person_wrote_is_escaped(app: App, reply: StoredReply) -> None:
    say(app, "rate", reply.id, part="answer", thumb="up")
    say(app, "rate", reply.id, part="answer", comment="</textarea><script>alert(1)</script>")
    html = rating.panel(reply, judged(app, reply), words("en"))
    assert "&lt;/textarea&gt;&lt;script&gt;" in html
    assert "<script" not in html


# --- what a correction changed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("It is 60.", "It is 70.", ["60"], ["70"]),
        ("答案是 8。", "答案是 7。", ["8"], ["7"]),
        ("三加四等于八", "三加四等于七", ["八"], ["七"]),
        ("one two three", "one three", ["two "], []),
        ("", "new", [], ["new"]),
        ("gone", "", ["gone"], []),
        ("the same", "the same", [], []),
        ("line one\nline two", "line one\n\nline two", [], ["\n\n"]),
    ],
)
def test_only_what_changed_is_shown_as_changed(old: str, new: str, removed: list[str], added: list[str]) -> None:
    pieces = list(differences(old, new))
    assert [text for side, text in pieces if side == "removed" and text.strip()] == removed
    assert [text for side, text in pieces if side == "added"] == added


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 40, "b a " * 40),
        ("word " * 3_000 + "end", "other " * 3_000 + "end"),
        ("line\n" * 3_000, "row\n" * 2_999),
        ("😀é\u0301\x00 ﷺ", "😀e\u0301 ﷺ\t"),
        ("x" * 100_000, "y" * 100_000),
    ],
)
def test_the_pieces_are_both_texts_whole(old: str, new: str) -> None:
    pieces = list(differences(old, new))
    assert "".join(text for side, text in pieces if side != "added") == old
    assert "".join(text for side, text in pieces if side != "removed") == new


def stored(answer: str) -> StoredReply:
    return StoredReply("id", "turn", datetime.now(UTC), Reply("hm", True, answer, "stop"))


def test_a_difference_is_escaped_and_says_what_is_what() -> None:
    plain, bold = stored("It is 70."), stored("It is <b>60</b>.")
    there, back = difference.html(plain, bold, words("en")), difference.html(bold, plain, words("en"))
    assert '<ins aria-label="added">&lt;b&gt;60&lt;/b&gt;</ins>' in there
    assert '<del aria-label="removed">&lt;b&gt;60&lt;/b&gt;</del>' in back
    assert "Thought" not in there + back


def test_what_is_the_same_is_shown_only_near_the_change() -> None:
    before, after = "before " * 500, " after" * 500
    html = difference.html(stored(f"{before}60{after}"), stored(f"{before}70{after}"), words("en"))
    assert len(html) < 1_000
    assert html.count("…") == 2
