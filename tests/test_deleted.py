"""What was deleted is listed for its 30 days, and restored or erased at once: in the store, a terminal and the page."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from site_driver import CHROMIUM, Site, ask, expect, finished

from r1chat.app import KEPT_AFTER_DELETION, App, build
from r1chat.cli.main import main
from r1chat.config import Settings
from r1chat.errors import NotFoundError, StoreError
from r1chat.learn.runs import Runs, RunStatus, RunWish
from r1chat.store import Store
from r1chat.ui.act import Act
from r1chat.ui.payload import Payload
from r1chat.ui.registry import perform

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's
in_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


# --- the store -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(Store(store_url)) as store:
        yield store


def deleted(store: Store, *titles: str) -> list[str]:
    """Conversations with these titles, deleted one after the other; their ids."""
    ids = [store.new_conversation(title).id for title in titles]
    for conversation_id in ids:
        store.delete(conversation_id)
    return ids


def test_what_was_deleted_is_listed_in_parts_the_latest_deletion_first(store: Store) -> None:
    store.new_conversation("still there")
    deleted(store, "a", "b", "c")
    first = store.deleted(2)
    assert [info.title for info in first.conversations] == ["c", "b"] and first.total == 3 and first.after is None
    second = store.deleted(2, first.next)
    assert [info.title for info in second.conversations] == ["a"] and not second.next
    moments = [info.deleted for page in (first, second) for info in page.conversations]
    assert moments == sorted(filter(None, moments), reverse=True) and second.after == moments[1]
    with pytest.raises(StoreError):
        store.deleted(2, "made up")
    assert store.conversations()[0].deleted is None


def test_only_a_deleted_conversation_is_erased_at_once_and_no_other(store: Store) -> None:
    first, second = deleted(store, "zebra", "heron")
    turn = store.add_turn(store.new_conversation("stays").id, "bird?", None)
    with pytest.raises(NotFoundError):
        store.erase_now(turn.conversation_id)
    store.erase_now(first)
    with pytest.raises(NotFoundError):
        store.erase_now(first)
    assert store.erased({first, second, turn.conversation_id}) == {first}
    assert [info.title for info in store.deleted().conversations] == ["heron"]


def test_no_word_of_what_is_erased_at_once_stays_in_the_database(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store:
        gone, _ = deleted(store, "zebra", "heron")
        store.erase_now(gone)
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"heron" in content and b"zebra" not in content


def test_what_an_import_is_writing_or_left_is_not_among_the_deleted(tmp_path: Path) -> None:
    file = tmp_path / "r1chat.db"
    with closing(Store(f"sqlite:///{file}")) as store:
        deleted(store, "mine", "half of one", "half of another")
        with closing(sqlite3.connect(file)) as database, database:
            mark = "2026-11-30 12:00:00.123456"
            database.execute("UPDATE conversation SET deleted_at = ? WHERE title <> 'mine'", (mark,))
        page = store.deleted(2)
        assert [info.title for info in page.conversations] == ["mine"] and (page.total, page.next) == (1, "")


def test_what_was_deleted_by_a_clock_that_was_ahead_is_listed_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "r1chat.db"
    with closing(Store(f"sqlite:///{file}")) as store:
        ids = deleted(store, "a", "b")
        with closing(sqlite3.connect(file)) as database, database:
            for days, conversation_id in enumerate(ids, 1):
                later = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
                database.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (later, conversation_id))
        assert store.purge(KEPT_AFTER_DELETION) == 0
        assert [info.title for info in store.deleted().conversations] == ["b", "a"]
        assert all(info.deleted and info.deleted <= datetime.now(UTC) for info in store.deleted().conversations)


# --- the acts of the page --------------------------------------------------------------------------------------------


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with closing(build(Settings(data_dir=tmp_path, ollama=False), {})) as app:
        yield app


def html_of(app: App, verb: str, subject: str = "", text: str = "", lang: str = "en") -> str:
    act = Act.read(Payload({"verb": verb, "id": subject, "text": text, "lang": lang}))
    return "".join(str(block["html"]) for block in perform(app, act).get("blocks", []))


def test_the_settings_list_what_was_deleted_and_when_it_is_erased_in_both_languages(app: App) -> None:
    assert "Nothing was deleted." in html_of(app, "settings")
    [gone] = deleted(app.store, "<b>zebra</b>")
    html = html_of(app, "settings")
    day = (datetime.now().astimezone() + KEPT_AFTER_DELETION).strftime("%Y-%m-%d")
    assert "&lt;b&gt;zebra&lt;/b&gt;" in html and "<b>zebra" not in html
    assert f", erased {day}" in html and f"，{day} 清除" in html_of(app, "settings", lang="zh")
    assert "<b>zebra" not in html_of(app, "restore", gone) and "zebra" not in html_of(app, "deleted")
    assert [info.id for info in app.store.conversations()] == [gone]


def test_a_long_list_of_what_was_deleted_comes_in_parts(app: App) -> None:
    deleted(app.store, *(f"bird {number}" for number in range(51)))
    html = html_of(app, "deleted")
    [cursor] = re.findall('data-cursor="([^"]+)"', html)
    assert "Show more (51 in all)" in html and "bird 50" in html and "bird 0<" not in html
    assert re.findall("bird [0-9]+<", html_of(app, "deleted", text=cursor)) == ["bird 0<"]
    with pytest.raises(StoreError):
        html_of(app, "deleted", text="made up")


def test_what_is_erased_at_once_leaves_the_runs_that_were_made_from_it(app: App) -> None:
    gone, other = deleted(app.store, "zebra", "heron")
    run = Runs(app.settings.data_dir).begin(RunWish("prefer", "llama.cpp:x"), "run")
    run.write(RunStatus("done"))
    data = run.folder / "data.jsonl"
    data.write_text("".join(json.dumps({"conversation": name}) + "\n" for name in (gone, other)))
    html_of(app, "erase-deleted", gone)
    assert app.store.erased({gone, other}) == {gone}
    assert other in data.read_text() and gone not in data.read_text()


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    for name in ("R1CHAT_FIND_MODELS", "R1CHAT_MEASURE_SPEED", "R1CHAT_OLLAMA"):
        monkeypatch.setenv(name, "false")

    def run(*words: str) -> tuple[int, list[str], str]:
        code = main(["deleted", *words, "--data-dir", str(tmp_path)])
        output = capsys.readouterr()
        return code, output.out.splitlines(), output.err

    yield run
    for handler in logging.root.handlers[:]:
        if isinstance(handler, logging.FileHandler):
            logging.root.removeHandler(handler)
            handler.close()


def test_the_command_lists_restores_and_erases(tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    assert run() == (0, ["Nothing was deleted."], "")
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store:
        ids = deleted(store, *(f"bird {number}" for number in range(21)))
    day = (datetime.now().astimezone() + KEPT_AFTER_DELETION).strftime("%Y-%m-%d")
    code, lines, _ = run()
    assert code == 0 and len(lines) == 21 and lines[0] == f"{ids[20]}  erased on {day}  bird 20"
    assert lines[-1] == "Page 1 of 2; `r1chat deleted --page N` shows another one."
    assert run("list", "--page", "2")[1][0].endswith("bird 0")
    assert run("restore", ids[3]) == (0, ["“bird 3” is among the conversations again."], "")
    assert run("erase", ids[4])[0] == 0
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store:
        assert [info.id for info in store.conversations()] == [ids[3]] and store.erased(set(ids)) == {ids[4]}
    for words, sentence in (
        (["erase", ids[3]], "lists them with their ids"),  # it is not deleted
        (["restore", ids[4]], "lists them with their ids"),
        (["erase"], "deleted erase ID"),
        (["purge", ids[5]], "deleted erase ID"),
        (["--page", "2"], "There is no page 2"),
    ):
        code, lines, err = run(*words)
        assert code == 1 and not lines and sentence in err, words


# --- the page --------------------------------------------------------------------------------------------------------


@in_browser
def test_what_was_deleted_long_ago_is_restored_or_erased_by_keys_in_the_settings(site: Site) -> None:
    site.serve(lambda request: [f"You said {request.messages[-1].content}."])
    page = site.open()
    rows = page.locator("#list .row")
    for word in ("apple", "pear", "plum"):
        page.get_by_role("button", name="New conversation").click()
        ask(page, word)
        finished(page)
    for word in ("apple", "pear", "plum"):
        page.get_by_role("button", name=f"Delete: {word}").click()
        expect(page.get_by_role("button", name=f"Delete: {word}")).to_have_count(0)
    expect(rows).to_have_count(0)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search conversations and commands").fill("deleted")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Deleted")).to_have_attribute("aria-selected", "true")
    panel = page.get_by_role("tabpanel", name="Deleted")
    expect(panel.locator(".setting")).to_have_count(3)
    expect(panel.locator(".setting").first).to_contain_text(re.compile("^plum"))
    expect(panel).to_contain_text(re.compile(r", erased \d{4}-\d\d-\d\d"))

    panel.get_by_role("button", name="Restore: pear").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_text(["pear"])
    expect(page.get_by_role("status").filter(has_text="It is in the list again.")).to_be_visible()
    expect(panel.get_by_role("button", name="Restore: apple")).to_be_focused()

    questions = []

    def answer(dialog) -> None:  # type: ignore[no-untyped-def]
        questions.append(dialog.message)
        dialog.accept() if len(questions) > 1 else dialog.dismiss()

    page.on("dialog", answer)
    erase = panel.get_by_role("button", name="Erase now: apple")
    erase.click()
    expect(erase).to_be_visible()
    erase.click()
    expect(erase).to_have_count(0)
    assert len(questions) == 2 and "Erase “apple” for good?" in questions[0]
    expect(panel.get_by_role("button", name="Erase now: plum")).to_be_focused()
    panel.get_by_role("button", name="Erase now: plum").click()
    expect(panel).to_contain_text("Nothing was deleted.")
    expect(page.get_by_role("tab", name="Deleted")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#settings")).to_be_hidden()
    page.locator("#list [data-verb=open]").click()
    expect(page.locator(".answer")).to_have_text("You said pear.")
