"""Archives: everything out of a store and into another one, and files that must change nothing."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import forked
import pytest
from forked import CODE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judged import RIGHT, WRONG, asked
from sqlalchemy import create_engine, inspect

from r1chat import archive
from r1chat.conversations import Provenance, StoredReply
from r1chat.errors import ExportError, ImportFileError
from r1chat.judgements import Aspects
from r1chat.messages import Params, Reply, Timings, Usage
from r1chat.store import Store, incoming, migrations
from r1chat.store.archive_columns import FIELDS
from r1chat.store.erase import TABLES
from r1chat.store.schema import presets

Line = dict[str, Any]
THOUGHT = "27 + 43 = 60. Wait, 7 + 3 carries: 70. 🙂"
RATER = "ann"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """Another store, empty."""
    opened = Store(f"sqlite:///{tmp_path / 'other.db'}")
    yield opened
    opened.close()


def replied(store: Store, turn_id: str, answer: str = "70", **fields: Any) -> StoredReply:
    reply = Reply(THOUGHT, True, answer, "stop", usage=Usage(12, 3, 40, 5, 16384), timings=Timings(0.1, 1 / 3, 2.75))
    provenance = Provenance("llama.cpp", "0.3", "r1", params=Params(0.6, 0.95, seed=2**63 - 1), **fields)
    return store.add_reply(turn_id, provenance, reply)


def fill(store: Store) -> str:
    """Two conversations with all that there can be in them, and one that was deleted; the id of the first."""
    judgements = store.judgements
    judgements.set_consent(None, True, RATER)
    sums = store.new_conversation("Sums & <b>“数”</b>", "llama.cpp:r1").id
    store.set_steering(sums, 512, True)
    turn = store.add_turn(sums, "27 + 43 = ?\r\n\t'; DROP TABLE reply; --", None)
    first = replied(store, turn.id)
    forked = replied(store, turn.id, "60", origin="forked", parent_id=first.id, kept_reasoning=9, vote_id="5" * 32)
    corrected = replied(store, turn.id, "七十", origin="corrected", parent_id=forked.id)
    after = store.add_turn(sums, "And twice that?", forked.id)
    replied(store, after.id, "140")
    store.add_reply(store.add_turn(sums, "And thrice?", forked.id).id, Provenance(), Reply("Hmm", finish="stopped"))
    store.add_turn(sums, "Another beginning\u2028", None)
    store.set_seen_from(sums, after.id)
    store.show_reply(first.id)
    store.label_moment(first.id, 14, 18, "correction", "confirmed", RATER)
    store.label_moment(first.id, 14, 18, "verification", "denied", "bob")
    rating = judgements.rate(forked.id, "answer", "down", RATER, ["wrong"], "no", Aspects(1, None, 5), True)
    judgements.rate(forked.id, "answer", "", RATER)
    judgements.label_step(forked.id, "first_wrong", 0, 12, RATER)
    judgements.label_step(first.id, "none_wrong", rater=RATER)
    sides = judgements.begin_comparison(first.id, forked.id, blind=False)
    judgements.compare(sides.id, "left", RATER, (True, None), 0.1 + 0.2, "clear")
    judgements.begin_comparison(corrected.id, forked.id)
    reference = judgements.set_reference(turn.id, "70", "number", RATER)
    judgements.add_verification(first.id, reference.id, 1.0)
    judgements.add_verification(forked.id, reference.id, None)
    judgements.exclude(rating.id, True, "by mistake", RATER)
    judgements.exclude(corrected.id, True)
    private = store.new_conversation("Private").id
    replied(store, store.add_turn(private, "A secret", None).id)
    judgements.set_consent(private, False)
    gone = store.new_conversation("Gone").id
    replied(store, store.add_turn(gone, "Forget this", None).id)
    store.delete(gone)
    return sums


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An archive with everything that there can be."""
    folder = tmp_path_factory.mktemp("source")
    source = Store(f"sqlite:///{folder / 'source.db'}")
    fill(source)
    data = contents(source, folder)
    source.close()
    return data


@pytest.fixture
def archive_file(everything: bytes, tmp_path: Path) -> Path:
    """The same as a file."""
    (tmp_path / "everything.jsonl").write_bytes(everything)
    return tmp_path / "everything.jsonl"


def lines_of(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def sealed(path: Path, lines: list[Line] | list[bytes]) -> Path:
    """An archive of these lines, but for the last, whose count and hash are made to fit."""
    rows = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines[:-1]]
    body = b"".join(row + b"\n" for row in rows)
    end = {"row": "end", "lines": len(rows), "sha256": hashlib.sha256(body).hexdigest()}
    path.write_bytes(body + json.dumps(end).encode() + b"\n")
    return path


def contents(store: Store, folder: Path) -> bytes:
    """All that a store holds, but for what was deleted; empty where it holds nothing."""
    try:
        archive.write(store, folder / "contents.jsonl", everything=True)
    except ExportError:
        return b""
    return (folder / "contents.jsonl").read_bytes()


# --- out and in again ------------------------------------------------------------------------------------------------


def test_what_comes_back_from_an_archive_gives_the_same_archive(
    store: Store, archive_file: Path, tmp_path: Path
) -> None:
    came = archive.read(store, archive_file)
    assert (came.source, came.conversations, came.replies, came.known, came.left_out) == ("r1chat", 2, 6, 0, {})
    assert contents(store, tmp_path) == archive_file.read_bytes()


def test_an_archive_of_either_database_is_the_same(store: Store, other: Store, tmp_path: Path) -> None:
    fill(store)
    out = archive.write(store, tmp_path / "a.jsonl", everything=True)
    assert (out.conversations, out.replies, out.judgements) == (2, 6, 10)
    archive.read(other, tmp_path / "a.jsonl")
    assert contents(other, tmp_path) == (tmp_path / "a.jsonl").read_bytes()


def test_a_conversation_reads_the_same_on_every_branch(store: Store, other: Store, tmp_path: Path) -> None:
    sums = fill(store)
    archive.write(store, tmp_path / "a.jsonl")
    archive.read(other, tmp_path / "a.jsonl")
    assert other.conversation(sums) == store.conversation(sums)
    assert other.judgements.judged(sums, RATER) == store.judgements.judged(sums, RATER)
    for turn in store.turns_after(sums, None):
        replies = [(reply, store.turns_after(sums, reply.id)) for reply in store.replies(turn.id)]
        assert [(reply, other.turns_after(sums, reply.id)) for reply in other.replies(turn.id)] == replies
    assert [info.id for info in other.search("carries 七十")] == [sums]


def test_a_reply_that_still_grows_is_archived_as_interrupted(store: Store, other: Store, tmp_path: Path) -> None:
    turn = store.add_turn(store.new_conversation().id, "Go on", None)
    growing = store.add_reply(turn.id, Provenance(), Reply("Hmm, so"))
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    archive.read(other, tmp_path / "a.jsonl")
    assert other.reply(growing.id).reply == Reply("Hmm, so", finish="interrupted")
    assert store.reply(growing.id).reply.finish is None


def test_only_what_may_be_exported_is_written_unless_everything_is_asked_for(store: Store, tmp_path: Path) -> None:
    sums = fill(store)
    assert archive.write(store, tmp_path / "a.jsonl").conversations == 1
    assert [line["id"] for line in lines_of(tmp_path / "a.jsonl") if line.get("row") == "conversation"] == [sums]
    assert b"secret" not in (tmp_path / "a.jsonl").read_bytes()
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    assert b"secret" in (tmp_path / "a.jsonl").read_bytes()
    assert b"Forget" not in (tmp_path / "a.jsonl").read_bytes()


def test_a_store_with_nothing_to_write_says_so_and_makes_no_file(store: Store, tmp_path: Path) -> None:
    store.new_conversation("Private")
    with pytest.raises(ExportError, match="no conversation to write"):
        archive.write(store, tmp_path / "a.jsonl")
    assert not (tmp_path / "a.jsonl").exists()


def test_progress_is_told_and_may_break_off_without_a_trace(store: Store, other: Store, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    fill(store)
    seen: list[tuple[int, int]] = []
    archive.write(store, tmp_path / "a.jsonl", True, lambda *at: seen.append(at))
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(Enough):
        archive.write(store, tmp_path / "b.jsonl", True, stop)
    assert not list(tmp_path.glob("*b.jsonl*"))
    with pytest.raises(Enough):
        archive.read(other, tmp_path / "a.jsonl", lambda done, total: stop(0, 0) if done > 1_000 else None)
    assert contents(other, tmp_path) == b""
    seen.clear()
    archive.read(other, tmp_path / "a.jsonl", lambda *at: seen.append(at))
    assert seen == sorted(seen)
    size = (tmp_path / "a.jsonl").stat().st_size
    assert {total for _, total in seen} == {size}
    assert size // 2 <= seen[-1][0] < size  # the other half is for writing, whose last step ends it


# --- into a store that has something ---------------------------------------------------------------------------------


def test_the_same_archive_twice_imports_nothing_twice(store: Store, archive_file: Path, tmp_path: Path) -> None:
    archive.read(store, archive_file)
    again = archive.read(store, archive_file)
    assert (again.conversations, again.replies, again.judgements, again.known) == (0, 0, 0, 2)
    assert contents(store, tmp_path) == archive_file.read_bytes()


def test_a_conversation_that_went_on_here_stays_and_the_others_come_in(store: Store, tmp_path: Path) -> None:
    fill(store)
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    first, second = store.conversations()
    store.add_turn(first.id, "Since the backup", None)
    store.delete(second.id)
    came = archive.read(store, tmp_path / "a.jsonl")
    assert (came.conversations, came.known, came.left_out) == (1, 0, {"changed": 1})
    assert store.conversation(first.id).turns[-1].content == "Since the backup"
    assert store.info(second.id) == second


def test_a_consent_for_all_does_not_speak_for_conversations_that_it_never_knew(
    store: Store, archive_file: Path, tmp_path: Path
) -> None:
    mine = store.new_conversation("Mine")
    came = archive.read(store, archive_file)
    assert came.left_out == {"consents": 1}
    assert not store.judgements.judged(mine.id).consent
    assert not store.judgements.consent_for_all()


def test_all_consents_for_all_come_into_an_empty_store(store: Store, other: Store, tmp_path: Path) -> None:
    for allowed in (True, False, True):
        store.judgements.set_consent(None, allowed, RATER)
    store.new_conversation("Ours")
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    assert archive.read(other, tmp_path / "a.jsonl").consent_for_all
    assert contents(other, tmp_path) == (tmp_path / "a.jsonl").read_bytes()


def test_an_archive_of_an_older_schema_comes_in_with_what_its_columns_meant(other: Store, archive_file: Path) -> None:
    lines = lines_of(archive_file)
    lines[0]["schema"] = "0004"
    with create_engine("sqlite://").begin() as connection:
        migrations.upgrade(connection, "0004")
        reader = inspect(connection)
        columns = {
            table: {column["name"] for column in reader.get_columns(table)} for table in reader.get_table_names()
        }
    assert {"presence_penalty", "system_role", "seen_from"} <= of_kind(lines, "reply").keys() - columns["reply"]
    rows = lines[1:-1]
    lines[1:-1] = [
        {name: row[name] for name in row.keys() & {"row", *columns[row["row"]]}}
        for row in rows
        if row["row"] in columns
    ]
    assert archive.read(other, sealed(archive_file, lines)).conversations == 2
    replied = [row["id"] for row in rows if row["row"] == "reply"]
    assert {other.reply(reply).provenance.params.presence_penalty for reply in replied} == {0.0}


def test_what_an_older_archive_means_is_what_the_database_fills_in() -> None:
    for kind, fields in FIELDS.items():
        columns = {**TABLES, "preset": presets}[kind].columns
        for field in fields:
            default = columns[field.name].server_default
            if default is not None and not field.nullable:
                word = str(getattr(default, "arg", default))
                assert str(field.default).lower() in (word, f"{word}.0"), (kind, field.name)


# --- files that change nothing ---------------------------------------------------------------------------------------


def refused(store: Store, path: Path, folder: Path, where: str, why: str) -> None:
    """The file is refused with a sentence that says where and why, and the store is as it was."""
    before = contents(store, folder)
    with pytest.raises(ImportFileError) as caught:
        archive.read(store, path)
    assert where in str(caught.value)
    assert re.search(why, str(caught.value))
    assert contents(store, folder) == before


def of_kind(lines: list[Line], kind: str, which: int = 0) -> Line:
    return [line for line in lines if line.get("row") == kind][which]


def _swap_parents(lines: list[Line]) -> None:
    forked = next(line for line in lines if line.get("origin") == "forked")
    of_kind(lines, "reply")["parent_id"] = forked["id"]


PRESET: Line = {
    "row": "preset",
    "id": "1" * 32,
    "name": "Brief",
    "budget": None,
    "system_role": False,
    **dict.fromkeys(("model", "thinking_choice", "system"), ""),
}
Edit = Callable[[list[Line]], object]
HOSTILE: dict[str, tuple[Edit, str]] = {
    "an id that is a path": (lambda rows: of_kind(rows, "turn").update(id="../../etc/passwd"), "32 hexadecimal"),
    "an id that is SQL": (lambda rows: of_kind(rows, "rating").update(id="'; DROP TABLE rating; --"), "32 hexa"),
    "an id that is HTML": (lambda rows: of_kind(rows, "conversation").update(id="<img src=x>"), "32 hexadecimal"),
    "an id that ends in a newline": (lambda rows: of_kind(rows, "turn").update(id="0" * 32 + "\n"), "32 hexadecimal"),
    "a bookmark that is a path": (lambda rows: of_kind(rows, "reply").update(shown_turn_id="/dev/zero"), "32 hexa"),
    "one id twice": (lambda rows: of_kind(rows, "rating", 1).update(id=of_kind(rows, "rating")["id"]), "already"),
    "one conversation twice": (lambda rows: rows.insert(-1, of_kind(rows, "conversation")), "stands on a line before"),
    "an id of another conversation": (
        lambda rows: of_kind(rows, "turn", -1).update(id=of_kind(rows, "turn")["id"]),
        "belongs to another one already",
    ),
    "a parent that is not there": (lambda rows: of_kind(rows, "reply").update(parent_id="0" * 32), "names no reply"),
    "a reply that is its own parent": (
        lambda rows: of_kind(rows, "reply").update(parent_id=of_kind(rows, "reply")["id"]),
        "made from itself",
    ),
    "two replies that are each other's parents": (_swap_parents, "made from itself"),
    "a message after a reply that is not there": (
        lambda rows: of_kind(rows, "turn").update(parent_reply_id="0" * 32),
        "names a reply",
    ),
    "a reply to a message elsewhere": (
        lambda rows: of_kind(rows, "reply", -1).update(turn_id=of_kind(rows, "turn")["id"]),
        "names a turn",
    ),
    "a comparison of a reply with itself": (
        lambda rows: of_kind(rows, "duel").update(left_id=of_kind(rows, "duel")["right_id"]),
        "two different replies",
    ),
    "an exclusion of nothing": (lambda rows: of_kind(rows, "exclusion").update(subject_id="0" * 32), "no judgement"),
    "a consent for all in disguise": (
        lambda rows: rows.insert(-1, of_kind(rows, "consent") | {"id": "0" * 32}),
        "behind the header",
    ),
    "two siblings in one place": (lambda rows: of_kind(rows, "reply", 1).update(position=1), "position"),
    "a text that is a number": (lambda rows: of_kind(rows, "turn").update(content=7), "must be of type text"),
    "a number that is a text": (lambda rows: of_kind(rows, "reply").update(seed="7"), "must be of type integer"),
    "a number that is true": (lambda rows: of_kind(rows, "reply").update(budget=True), "must be of type integer"),
    "nothing where something must be": (lambda rows: of_kind(rows, "turn").update(content=None), "must be of type"),
    "a number that is too large": (lambda rows: of_kind(rows, "reply").update(seed=2**63), "no database holds"),
    "a number of a thousand digits": (lambda rows: of_kind(rows, "reply").update(decode=10**1000), "no database holds"),
    "not a number": (lambda rows: of_kind(rows, "reply").update(decode=float("nan")), "NaN is no number"),
    "infinity": (lambda rows: of_kind(rows, "reply").update(decode=float("-inf")), "-Infinity is no number"),
    "a number below zero": (lambda rows: of_kind(rows, "reply").update(kept_answer=-1), "below zero"),
    "a NUL": (lambda rows: of_kind(rows, "turn").update(content="a\0b"), "no database holds"),
    "a system prompt that the page refuses": (
        lambda rows: of_kind(rows, "conversation").update(system="x" * 1_000_001),
        "“system” has more than 1,000,000",
    ),
    "a lone surrogate": (lambda rows: of_kind(rows, "reply").update(answer="\ud800"), "no database holds"),
    "no time": (lambda rows: of_kind(rows, "turn").update(created_at="yesterday"), "must be a moment"),
    "a time without a zone": (
        lambda rows: of_kind(rows, "turn").update(created_at="2025-01-20T08:00:00.000000"),
        "must be a moment",
    ),
    "a label past the end": (lambda rows: of_kind(rows, "moment_label").update(end=10**6), "no part of the thought"),
    "an unknown thumb": (lambda rows: of_kind(rows, "rating").update(thumb="sideways"), "no thumb"),
    "a reason for the other thumb": (lambda rows: of_kind(rows, "rating").update(reasons="correct"), "no reason"),
    "a mark of 6": (lambda rows: of_kind(rows, "rating").update(clarity=6), "from 1 to 5"),
    "a comment without end": (lambda rows: of_kind(rows, "comparison").update(comment="x" * 4_001), "more than 4,000"),
    "a column that is none": (lambda rows: of_kind(rows, "turn").update({"\ud800<b>": 1}), "no column"),
    "a column that is missing": (lambda rows: of_kind(rows, "turn").pop("content"), "is missing"),
    "a kind that is none": (lambda rows: of_kind(rows, "turn").update(row="sqlite_master"), "“row” is none"),
    "a kind that is a list": (lambda rows: of_kind(rows, "turn").update(row=["turn"]), "“row” is none"),
    "a reply without an end": (lambda rows: of_kind(rows, "reply").update(finish=None), "finish"),
    "places that are no JSON": (lambda rows: of_kind(rows, "reply").update(later="[" * 50_000), "“later” cannot"),
    "a place without end": (lambda rows: of_kind(rows, "reply").update(later="[[1e999,0]]"), "“later” cannot"),
    "sampling that is a list": (lambda rows: of_kind(rows, "conversation").update(sampling="[1]"), "“sampling” cannot"),
    "a preset's sampling that is none": (
        lambda rows: rows.insert(1, PRESET | {"sampling": "[" * 50_000}),
        "“sampling” cannot",
    ),
    "rows before any conversation": (lambda rows: rows.insert(1, of_kind(rows, "turn")), "no conversation"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_changes_nothing_and_says_which_line(
    name: str, other: Store, archive_file: Path, tmp_path: Path
) -> None:
    edit, why = HOSTILE[name]
    lines = lines_of(archive_file)
    before = [json.dumps(line) for line in lines]
    edit(lines)
    after = [json.dumps(line) for line in lines]
    changed = 1 + next(at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
    refused(other, sealed(archive_file, lines), tmp_path, f"everything.jsonl, line {changed}: ", why)


@pytest.mark.parametrize(
    "name", ["an id of another conversation", "a NUL", "a number that is too large", "a lone surrogate"]
)
def test_both_databases_are_guarded_alike(name: str, store: Store, archive_file: Path, tmp_path: Path) -> None:
    edit, why = HOSTILE[name]
    fill(store)
    lines = lines_of(archive_file)
    edit(lines)
    refused(store, sealed(archive_file, lines), tmp_path, ", line ", why)


def test_a_number_that_only_sqlite_holds_is_kept_there_and_refused_elsewhere(
    store: Store, other: Store, tmp_path: Path
) -> None:
    conversation = other.new_conversation()
    other.set_steering(conversation.id, 2**40, False)
    archive.write(other, tmp_path / "a.jsonl", everything=True)
    if "postgresql" in store.database_state().kind:
        refused(store, tmp_path / "a.jsonl", tmp_path, "a.jsonl, line 2: ", "larger than this database holds")
    else:
        archive.read(store, tmp_path / "a.jsonl")
        assert store.info(conversation.id).budget == 2**40


def test_names_without_end_are_cut_as_an_archive_is_read(other: Store, archive_file: Path) -> None:
    lines = lines_of(archive_file)
    for line in lines:
        line.update({name: "x" * 10_000 for name in ("model", "thinking_choice", "preset", "rater") if name in line})
    archive.read(other, sealed(archive_file, lines))
    texts = [repr((info, other.conversation(info.id))) for info in other.conversations()]
    assert all("x" * 300 in text and "x" * 301 not in text for text in texts)


def test_ids_that_others_have_here_are_refused(store: Store, archive_file: Path, tmp_path: Path) -> None:
    archive.read(store, archive_file)
    for kind in ("turn", "reply", "rating"):
        lines = lines_of(archive_file)
        theirs = "".join(json.dumps(line) + "\n" for line in lines)
        for line in lines:
            if line.get("row") != kind and "id" in line:  # new ids for all rows but those of one kind
                theirs = theirs.replace(line["id"], hashlib.md5(line["id"].encode()).hexdigest())
        sealed(tmp_path / "theirs.jsonl", [line.encode() for line in theirs.splitlines()])
        refused(store, tmp_path / "theirs.jsonl", tmp_path, ", line ", "belongs to another one already")


@pytest.mark.parametrize(
    ("broken", "where", "why"),
    [
        (lambda whole: whole[: len(whole) // 2], ", line ", "no JSON"),
        (lambda whole: whole[: whole.rindex(b"\n", 0, -1) + 1], ", line ", "ends before its last line"),
        (lambda whole: whole.replace(b"carries", b"carried"), ", line ", "was changed after it was written"),
        (lambda whole: whole + b"{}\n", ", line ", "follows the last line"),
        (lambda whole: whole.replace(b"secret", b"secr\xff\xfe"), ", line ", "no text in UTF-8"),
        (lambda whole: whole.replace(b'"seed":', b'"seed":' + b"[" * 100_000), ", line ", "no JSON"),
        (lambda whole: whole.replace(b'"seed":', b'"seed":' + b"9" * 10_000), ", line ", "no JSON"),
        (lambda whole: whole.replace(b'"decode":null', b'"decode":1e999'), ", line ", "no database holds"),
        (lambda whole: whole.replace(b'"schema":"0', b'"schema":"9'), ", line 1:", "newer version"),
        (lambda whole: whole.replace(b'"r1chat_archive":1', b'"r1chat_archive":2'), ", line 1:", "newer version"),
        (lambda whole: whole.replace(b'"r1chat_archive":1', b'"r1chat_archive":true'), ", line 1:", "no header"),
        (lambda whole: whole.replace(b'"schema":"0', b'"schema":["0"],"_":"0'), ", line 1:", "no header"),
        (lambda whole: gzip.compress(whole), ", line 1:", "neither an archive.*unpack it first"),
        (lambda whole: b"SQLite format 3\0" + bytes(1000), ", line 1:", "neither an archive"),
        (lambda whole: b'{"title": "another program\'s"}', ", line 1, entry 1:", "no chat of a program"),
        (lambda whole: b"", ", line 1:", "it is empty"),
        (lambda whole: b"\xef\xbb\xbf" + whole, ", line 1:", "neither an archive"),
    ],
)
def test_a_broken_or_foreign_file_changes_nothing_and_says_what_it_is(
    broken: Callable[[bytes], bytes], where: str, why: str, other: Store, archive_file: Path, tmp_path: Path
) -> None:
    archive_file.write_bytes(broken(archive_file.read_bytes()))
    refused(other, archive_file, tmp_path, f"everything.jsonl{where}", why)


def test_a_line_without_end_is_not_read_to_its_end(other: Store, archive_file: Path, tmp_path: Path) -> None:
    header = archive_file.read_bytes().splitlines(keepends=True)[0]
    with archive_file.open("wb") as file:
        file.write(header)
        file.seek(100_000_000)  # a hole of NULs that takes no disk
        file.write(b"\n")
    refused(other, archive_file, tmp_path, "line 2:", "longer than")


def test_a_folder_or_a_file_that_is_not_there_cannot_be_read(other: Store, tmp_path: Path) -> None:
    refused(other, tmp_path, tmp_path, str(tmp_path), "cannot be read")
    refused(other, tmp_path / "missing.jsonl", tmp_path, "missing.jsonl", "cannot be read")


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_the_bytes_imports_the_same_or_changes_nothing(
    data: st.DataObject, other: Store, archive_file: Path, tmp_path: Path
) -> None:
    whole = archive_file.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=40) | st.sampled_from([b"\n", b'"', b"null", b"-1", b"\\u0000", b"[" * 2000]))
    edited = tmp_path / "edited.jsonl"
    edited.write_bytes(whole[:at] + put + whole[at + gone :])
    before = contents(other, tmp_path)
    try:
        archive.read(other, edited)
        assert contents(other, tmp_path) == whole
    except ImportFileError as error:
        assert "edited.jsonl, line " in str(error)
        assert contents(other, tmp_path) == before


def test_an_erased_conversation_comes_back_with_all_that_was_said_of_it(store: Store, tmp_path: Path) -> None:
    fill(store)
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    for info in store.conversations():
        store.delete(info.id)
    store.purge(timedelta(0))
    assert archive.read(store, tmp_path / "a.jsonl").conversations == 2
    assert sorted(contents(store, tmp_path).splitlines()) == sorted((tmp_path / "a.jsonl").read_bytes().splitlines())


class Cancelled(Exception):
    """What breaks an import off."""


@pytest.mark.parametrize("rows", [1, 8, 99])
@pytest.mark.slow
def test_a_deletion_can_be_undone_whenever_an_import_of_the_same_conversation_breaks_off(
    store: Store, tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "SLICE", 0.0001)  # seconds: a transaction, and a look at `progress`, for each row
    deleted = store.turn(asked(store, RIGHT, WRONG)[0].turn_id).conversation_id
    others = [store.turn(asked(store, RIGHT)[0].turn_id).conversation_id for _ in range(3)]
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    store.delete(others[0])
    store.delete(others[1])
    store.purge(timedelta(0))
    newer = store.add_turn(deleted, "said after the archive was made", None)
    store.delete(deleted)
    looks = 0

    def cancel(done: int, total: int) -> None:
        nonlocal looks
        looks += 2 * done > total  # the other half of them is for reading
        if looks == rows:
            raise Cancelled

    with contextlib.suppress(Cancelled):
        archive.read(store, tmp_path / "a.jsonl", cancel)
    if looks == rows:
        store.undelete(deleted)
        assert newer.id in [turn.id for turn in store.turns_after(deleted, None)]
        assert {info.id for info in store.conversations()} == {deleted, others[2]}
    else:
        assert {info.id for info in store.conversations()} == {deleted, *others}


# --- where it cannot be written --------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_leaves_nothing(store: Store, tmp_path: Path) -> None:
    fill(store)
    for place in (tmp_path / "missing" / "a.jsonl", tmp_path, Path("/proc/a.jsonl")):
        with pytest.raises(ExportError, match="could not be written"):
            archive.write(store, place, everything=True)
    assert not (tmp_path / "missing").exists()
    assert not list(tmp_path.glob("*.part"))


def test_a_full_device_is_said(store: Store) -> None:
    fill(store)
    with pytest.raises(ExportError, match="disk is full"):
        archive.write(store, Path("/dev/full"), everything=True)


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_file_and_keeps_the_one_that_was_there(other: Store, tmp_path: Path) -> None:
    fill(other)
    target = tmp_path / "target.jsonl"
    target.write_text("the older archive")
    program = (
        "import sys; from pathlib import Path; from r1chat import archive; from r1chat.store import Store\n"
        "import resource; store = Store(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))\n"
        "archive.write(store, Path(sys.argv[2]), everything=True)"
    )
    ended = forked.run(CODE, program, f"sqlite:///{tmp_path / 'other.db'}", str(target))
    assert "ExportError" in ended.stderr
    assert "could not be written" in ended.stderr
    assert target.read_text() == "the older archive"
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    def peak(store: Store, target: Store) -> int:
        for _ in range(25):
            turn = store.add_turn(store.new_conversation().id, "x" * 10_000, None)
            store.add_reply(turn.id, Provenance(), Reply("y" * 50_000, True, "z", "stop"))
        tracemalloc.start()
        archive.write(store, tmp_path / "a.jsonl", everything=True)
        archive.read(target, tmp_path / "a.jsonl")
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return memory

    stores = [Store(f"sqlite:///{tmp_path / f'{name}.db'}") for name in ("a", "b", "c")]
    few, twice = peak(stores[0], stores[1]), peak(stores[0], stores[2])
    for store in stores:
        store.close()
    assert twice < 1.4 * few
