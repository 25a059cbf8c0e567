"""The data page in a real browser: what a person sees of what was judged, and how they take it along."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from keyed import PLAIN
from site_driver import CHROMIUM, THOUGHT, Locator, Page, Site, expect

from r1chat.app import App
from r1chat.archive import write
from r1chat.conversations import Provenance, StoredReply, StoredTurn
from r1chat.export import rows
from r1chat.judgements import Rating
from r1chat.messages import Reply
from r1chat.store import Store
from r1chat.ui.data import exporting, league, query
from r1chat.ui.words.page import WORDS

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]
HOSTILE = '<img src=x onerror="window.hurt=1">${window.hurt=1}{{value}}'
ACTS = ("consent", "exclude", "export", "archive", "import", "cancel")
LARGE, SMALL = "deepseek-r1:14b", "deepseek-r1:1.5b"


def asked(store: Store, message: str) -> StoredTurn:
    return store.add_turn(store.new_conversation(message).id, message, None)


def replied(store: Store, turn: StoredTurn, answer: str, thought: str = "Hm.", model: str = LARGE) -> StoredReply:
    return store.add_reply(turn.id, Provenance("ollama", model=model), Reply(thought, True, answer, "stop"))


def compared(
    app: App, message: str, winner: str = "left", answers: tuple[str, str] = ("It is 42.", "It is 13.")
) -> str:
    """A comparison of the two models; the id of its conversation."""
    turn = asked(app.store, message)
    left, right = (
        replied(app.store, turn, text, model=model) for text, model in zip(answers, (LARGE, SMALL), strict=True)
    )
    sides = app.store.judgements.begin_comparison(left.id, right.id)
    app.teacher.compare(sides.id, winner, (True, False), 7.5)  # type: ignore[arg-type]
    return turn.conversation_id


def rated(app: App, message: str, answer: str = "It is 42.") -> str:
    turn = asked(app.store, message)
    app.teacher.rate(replied(app.store, turn, answer).id, "answer", "up", ["clear"], comment="just right")
    return turn.conversation_id


def data_page(site: Site, query: str = "", **options: object) -> Page:
    page = site.open(**options)  # type: ignore[arg-type]
    page.goto(f"{origin(site)}/data{query}")
    expect(page.locator("#rows[aria-busy]")).to_have_count(0)
    if page.locator("#filter details").get_attribute("open") is None:
        page.locator("#filter summary").click()
    return page


def origin(site: Site) -> str:
    assert site.server is not None
    parts = urlsplit(site.server.address)
    return f"{parts.scheme}://{parts.netloc}"


def row(page: Page, text: str) -> Locator:
    return page.locator(".judged").filter(has_text=text)


def unfold(page: Page, panel: str) -> Locator:
    details = page.locator(f"#{panel}")
    if details.get_attribute("open") is None:
        details.locator("> summary").click()
    return details


def downloaded(page: Page, name: str) -> str:
    with page.expect_download() as download:
        page.locator("#job").get_by_role("link", name=name, exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_the_counter_of_the_chat_leads_here_and_back(site: Site) -> None:
    app = site.serve(THOUGHT)
    rated(app, "What is six times seven?")
    page = site.open()
    page.locator("#gathered a").click()
    expect(page.locator(".judged")).to_contain_text("good answer · clear")
    page.get_by_role("link", name="Back to the chat").click()
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()


def test_where_nothing_was_judged_the_page_says_how_to_begin(site: Site) -> None:
    site.serve(THOUGHT)
    page = data_page(site)
    expect(page.locator("#gathered")).to_contain_text("Nothing is judged yet")
    expect(page.locator("#gathered")).to_contain_text("Compare")
    expect(page.locator("#rows")).to_have_text("")


def test_a_row_has_its_evidence_and_unfolds_to_the_whole_replies(site: Site) -> None:
    app = site.serve(THOUGHT)
    conversation = compared(
        app, "What is six times seven?", answers=("It is 42. " + "So. " * 200 + "Over.", "It is 13.")
    )
    page = data_page(site)
    entry = row(page, "six times seven")
    expect(entry.locator("header")).to_contain_text("A is better")
    expect(entry.locator(".side.won")).to_contain_text(LARGE)
    expect(entry.locator(".meta")).to_contain_text("decided after 7.5 s")
    expect(entry.locator(".meta")).to_contain_text("thought seen: A")
    expect(entry.locator(".meta")).to_contain_text(app.teacher.rater)
    expect(entry).not_to_contain_text("Over.")
    entry.locator(".side.won summary").click()
    expect(entry.locator(".side.won .all")).to_contain_text(re.compile("Hm\\..*Over\\.", re.DOTALL))
    entry.get_by_role("link", name="Open the conversation").click()
    expect(page.locator("#transcript")).to_contain_text("six times seven")
    assert page.url.endswith(conversation)


def test_corrections_steps_and_right_answers_have_rows_too(site: Site) -> None:
    app = site.serve(THOUGHT)
    turn = asked(app.store, "What is six times seven?")
    wrong = replied(app.store, turn, "It is \\boxed{13}.", "Six and seven. That is 13.")
    app.teacher.label_step(wrong.id, "first_wrong", 15, 26)
    app.teacher.set_reference(turn.id, "42")
    app.teacher.correct(wrong.id, "It is \\boxed{42}.")
    page = data_page(site)
    expect(row(page, "Correction").locator(".side")).to_contain_text(
        [re.compile("After.*better.*right.*42", re.DOTALL), re.compile("Before.*wrong.*13", re.DOTALL)]
    )
    expect(row(page, "first wrong step").locator("header")).to_contain_text("That is 13.")
    expect(page.locator(".judged", has=page.locator(".kind", has_text="Right answer"))).to_contain_text("42")


def test_texts_and_names_of_others_are_shown_as_they_are_and_run_nothing(site: Site) -> None:
    app = site.serve(THOUGHT)
    turn = asked(app.store, HOSTILE)
    reply = replied(app.store, turn, HOSTILE, HOSTILE, model=HOSTILE)
    rating = app.store.judgements.rate(reply.id, "answer", "up", HOSTILE[:60], comment=HOSTILE)
    app.teacher.exclude(rating.id, True, HOSTILE)
    page = data_page(site)
    expect(page.locator(".because")).to_have_text(HOSTILE)
    page.locator(".side summary").click()
    expect(page.locator(".side .all .read")).to_have_text([HOSTILE, HOSTILE])
    assert HOSTILE in page.locator("select[name=model]").inner_text()
    assert page.evaluate("window.hurt") is None
    assert page.locator("#data img").count() == 0


def test_rows_come_newest_first_and_more_on_demand(site: Site) -> None:
    app = site.serve(THOUGHT)
    for number in range(33):
        rated(app, f"Question {number}.")
    page = data_page(site)
    expect(page.locator("#count")).to_have_text("33")
    expect(page.locator(".judged")).to_have_count(30)
    expect(page.locator(".asked summary").first).to_have_text("Question 32.")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".judged")).to_have_count(33)
    expect(page.locator(".asked summary").last).to_have_text("Question 0.")
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_the_page_speaks_chinese_where_the_chat_does(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "六乘七等于几？")
    page = data_page(site, locale="zh-CN")
    expect(page.locator("h1")).to_have_text("反馈数据")
    expect(row(page, "六乘七")).to_contain_text("A 更好")
    expect(row(page, "六乘七")).to_contain_text("尚未允许")
    page.context.add_cookies([{"name": "r1chat_lang", "value": "en", "url": origin(site)}])
    page.reload()
    expect(page.locator("h1")).to_have_text("Feedback data")


# --- the filter ------------------------------------------------------------------------------------------------------


def test_the_filter_narrows_the_rows_and_stays_in_the_address(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?")
    rated(app, "What is one and one?")
    rated(app, "三加四等于几？")
    page = data_page(site)
    page.get_by_role("combobox", name="Kind").select_option("Thumb")
    expect(page.locator(".judged")).to_have_count(2)
    page.get_by_role("combobox", name="Language").select_option("Chinese")
    expect(page.locator(".judged")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1")
    page.reload()
    expect(page.locator(".asked summary")).to_have_text("三加四等于几？")
    expect(page.get_by_role("combobox", name="Kind")).to_have_value("rating")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.get_by_role("button", name="Clear the filter")).to_have_count(0)
    expect(page.get_by_role("searchbox", name="Text")).to_be_focused()
    expect(page.locator(".judged")).to_have_count(3)
    page.get_by_role("combobox", name="Model").select_option(f"ollama:{SMALL}")
    expect(page.locator(".judged")).to_have_count(1)
    page.get_by_role("combobox", name="Model").select_option("any")
    page.get_by_label("To", exact=True).fill("2020-01-01")
    expect(page.locator("#rows")).to_have_text("Nothing matches the filter.")


def test_a_day_of_the_filter_is_meant_whole() -> None:
    period = query.read({"since": "2026-01-31", "until": "2026-01-31"})
    assert period.since is not None and period.until is not None
    assert (period.since.day, period.until.day) == (31, 1)


def test_a_filter_that_makes_no_sense_is_said_and_the_rest_of_the_page_stands(site: Site) -> None:
    app = site.serve(THOUGHT)
    rated(app, "What is one and one?")
    page = data_page(site, "?shortest=1.5")
    expect(page.get_by_role("alert")).to_contain_text("“1.5” is not a number of characters")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(".judged")).to_have_count(1)
    expect(page.get_by_role("alert")).to_be_empty()


# --- consent, exclusions, what was judged twice ----------------------------------------------------------------------


def test_nothing_may_be_exported_until_a_person_says_so(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?")
    mine = rated(app, "What is one and one?")
    page = data_page(site)
    expect(page.locator(".export-status")).to_have_text(["not allowed yet"] * 2)
    row(page, "one and one").get_by_label("Conversation may be exported").check()
    expect(row(page, "one and one").locator(".export-status")).to_have_text("not for DPO, ORPO")
    page.locator("#export [name=format]").select_option("unpaired")
    expect(row(page, "one and one").locator(".export-status")).to_have_text("will be exported")
    page.locator("#export [name=format]").select_option("preference")
    expect(row(page, "six times seven").locator(".export-status")).to_have_text("not allowed yet")
    assert app.teacher.judged(mine).own_consent is True
    page.get_by_role("switch").check()
    expect(page.locator("#consent")).to_contain_text("On: an export takes every conversation")
    expect(row(page, "six times seven").locator(".export-status")).to_have_text("will be exported")
    assert app.store.judgements.consent_for_all() is True
    page.get_by_role("switch").uncheck()
    expect(page.locator("#consent")).to_contain_text("Off:")
    assert app.store.judgements.consent_for_all() is False


def test_a_judgement_is_excluded_with_a_reason_and_taken_in_again(site: Site) -> None:
    app = site.serve(THOUGHT)
    app.teacher.set_consent(None, True)
    rated(app, "What is one and one?")
    page = data_page(site)
    page.locator(".exclude summary").click()
    page.get_by_role("textbox", name="Why (optional)").fill("a <b>slip</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".export-status")).to_have_text("excluded")
    expect(page.locator(".because")).to_have_text("a <b>slip</b>")
    page.get_by_role("button", name="Include again").click()
    expect(page.locator(".export-status")).to_have_text("not for DPO, ORPO")


def test_contradictions_are_listed_and_marked_in_their_rows(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?", "left")
    compared(app, "What is six times seven?", "right")
    compared(app, "What is one and one?")
    page = data_page(site)
    expect(page.locator(".judged .clash.contradiction")).to_have_count(2)
    expect(row(page, "one and one").locator(".clash")).to_have_count(0)
    expect(unfold(page, "conflicts").locator("li")).to_contain_text("What is six times seven?")


# --- personal data ---------------------------------------------------------------------------------------------------


def test_personal_data_are_counted_and_shown_replaced(site: Site) -> None:
    app = site.serve(THOUGHT)
    rated(app, "Write to anna@example.org.", "Dear Anna, … sent to anna@example.org.")
    page = data_page(site)
    panel = unfold(page, "redaction")
    panel.get_by_role("button", name="What would be replaced?").click()
    panel.locator(".found summary").click()
    expect(panel.locator(".found")).to_contain_text("E-mail addresses 1")
    expect(panel.locator(".found tbody")).to_contain_text("anna@example.org2")
    panel.get_by_label("Show the rows with replacements").check()
    expect(page.locator(".asked summary mark.replaced")).to_have_count(1)
    expect(page.locator(".side .says mark.replaced")).to_have_count(1)
    expect(page.locator(".asked summary")).to_have_text("Write to <EMAIL_1>.")
    page.locator(".side summary").click()
    expect(page.locator(".side .all")).to_contain_text("sent to <EMAIL_1>.")
    expect(page.locator(".judged")).not_to_contain_text("anna@example.org")


def test_personal_data_in_a_comment_are_found_and_shown_replaced(site: Site) -> None:
    app = site.serve(THOUGHT)
    turn = asked(app.store, "What is one and one?")
    app.teacher.rate(
        replied(app.store, turn, "It is 2.").id, "answer", "up", [], comment="as jane.doe@example.org says"
    )
    page = data_page(site)
    panel = unfold(page, "redaction")
    panel.get_by_role("button", name="What would be replaced?").click()
    panel.locator(".found summary").click()
    expect(panel.locator(".found tbody")).to_contain_text("jane.doe@example.org")
    panel.get_by_label("Show the rows with replacements").check()
    expect(page.locator(".judged q")).to_have_text("as <EMAIL_1> says")


# --- the league ------------------------------------------------------------------------------------------------------


def test_the_league_is_silent_until_there_are_enough_comparisons(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "Question 0.")
    page = data_page(site)
    expect(page.locator("#league")).to_contain_text("1 of 20 comparisons")
    for number in range(1, 24):
        compared(app, f"Question {number}.", "left" if number % 4 else "right")
    page.reload()
    expect(page.get_by_role("img", name="Ratings with 95 % intervals")).to_be_visible()
    expect(page.locator("#league tbody tr").first).to_contain_text(LARGE)
    expect(page.locator("#league tbody tr").first).to_contain_text("19, 0, 5")


def test_the_picture_of_a_league_escapes_names_and_stays_inside_its_frame() -> None:
    results = [(f"a{HOSTILE}", "b", 1.0)] * 15 + [("b", f"a{HOSTILE}", 1.0)] * 5
    html = league.panel(results, WORDS["en"])
    assert "<img" not in html
    places = [float(place) for place in re.findall(r'(?:x1|x2|cx)="([0-9.-]+)"', html)]
    assert places and min(places) >= 0 and max(places) <= 320


# --- search, badges, the queue ---------------------------------------------------------------------------------------


def test_text_is_searched_and_badges_say_what_the_chosen_format_takes(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?", answers=("It is $\\frac{84}{2}$ and **not** 13.", "It is 13."))
    rated(app, "Name a prime.", answer="Seven is one.")
    app.teacher.set_consent(None, True)
    page = data_page(site, width=760)
    expect(row(page, "six times seven").locator(".export-status")).to_have_text("will be exported")
    expect(row(page, "Name a prime").locator(".export-status")).to_have_text("not for DPO, ORPO")
    expect(row(page, "six times seven").locator(".says mfrac")).to_be_visible()
    expect(row(page, "six times seven").locator(".says strong")).to_have_text("not")
    assert page.locator("#rows").bounding_box()["y"] < page.locator("#exporting").bounding_box()["y"]  # type: ignore[index]
    page.locator("#exporting > summary").click()
    page.get_by_role("combobox", name="For").select_option("SFT: good replies only")
    expect(row(page, "Name a prime").locator(".export-status")).to_have_text("not for SFT")
    page.get_by_role("combobox", name="For").select_option("KTO: replies with a label")
    expect(row(page, "Name a prime").locator(".export-status")).to_have_text("will be exported")
    expect(row(page, "six times seven").locator(".export-status")).to_have_text("not for KTO")
    search = page.get_by_role("searchbox", name="Text")
    search.fill("SEVEN IS")
    expect(page.locator(".judged")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1")
    assert "text=SEVEN" in page.url
    search.fill("just right")  # a comment
    expect(page.locator(".judged")).to_have_count(1)
    search.fill("100%")
    expect(page.locator("#rows")).to_contain_text("Nothing matches")


def test_replies_are_rated_one_after_the_other_by_keys_alone(site: Site) -> None:
    app = site.serve(THOUGHT)
    first, second, third = (
        replied(app.store, asked(app.store, f"Message {n}"), f"Answer {n} is **here**.").id for n in (1, 2, 3)
    )
    app.teacher.rate(third, "answer", "", (), "A comment of the conversation.")
    page = data_page(site)
    page.get_by_role("button", name="Rate replies one by one").press("Enter")
    card = page.get_by_role("dialog")
    expect(card).to_contain_text("3 replies without your rating")
    expect(card.locator("strong")).to_have_text("here")
    page.keyboard.press("t")
    expect(card.locator("details")).to_have_attribute("open", "")
    page.keyboard.press("g")
    expect(card).to_contain_text("Answer 2")
    page.keyboard.press("s")
    expect(card).to_contain_text("Answer 1")
    page.keyboard.press("z")
    expect(card).to_contain_text("Answer 2")
    page.keyboard.press("s")
    expect(card).to_contain_text("Answer 1")
    page.keyboard.press("b")
    expect(card).to_contain_text("Every reply has your rating.")
    page.keyboard.press("Escape")
    expect(page.locator(".judged")).to_have_count(2)
    thumbs = {rating.reply_id: (rating.thumb, rating.comment) for rating in ratings_of(app)}
    assert thumbs == {third: ("up", "A comment of the conversation."), first: ("down", "")} and second not in thumbs


def ratings_of(app: App) -> list[Rating]:
    return [row.judgement for row in rows(app.store).rows if isinstance(row.judgement, Rating)]


# --- export, archive, import -----------------------------------------------------------------------------------------


def test_an_export_is_made_and_its_files_are_taken(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven? Write to anna@example.org.")
    compared(app, "What is one and one?", "tie")
    app.teacher.set_consent(None, True)
    page = data_page(site)
    page.get_by_role("combobox", name="Thoughts").select_option("left out")
    page.locator("#export").get_by_role("button", name="Export").click()
    expect(page.locator("#job")).to_contain_text("Rows: 1 · for testing: 0")
    expect(page.locator("#job")).to_contain_text("Values replaced: 1")
    (line,) = downloaded(page, "preference.jsonl").splitlines()
    record = json.loads(line)
    assert "<EMAIL_1>" in json.dumps(record["prompt"])
    assert "It is 42." in json.dumps(record["chosen"])
    assert "It is 13." in json.dumps(record["rejected"])
    assert "preference" in downloaded(page, "preference.md")
    page.reload()
    expect(page.locator("#job").get_by_role("link", name="preference.jsonl", exact=True)).to_be_visible()
    assert len(list(site.folder.glob("job-*"))) == 1
    site.down()
    assert list(site.folder.glob("job-*")) == []
    site.serve(THOUGHT)


def test_an_export_without_consent_says_what_to_do(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?")
    page = data_page(site)
    page.locator("#export").get_by_role("button", name="Export").click()
    expect(page.locator("#job .error")).to_contain_text("Allow it")
    expect(page.locator("#job a")).to_have_count(0)
    page.reload()
    expect(page.locator("#rows[aria-busy]")).to_have_count(0)
    expect(page.locator("#job")).to_be_empty()
    page.locator("#export").get_by_role("button", name="Export").click()
    page.locator("#job").get_by_role("button", name="Close").click()
    expect(page.locator("#job")).to_be_empty()


def test_unredacted_exports_are_warned_of_and_the_equal_command_is_shown(site: Site) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?")
    page = data_page(site, "?language=en")
    expect(page.locator("#unredacted")).to_be_hidden()
    page.get_by_label("Replace personal data").uncheck()
    expect(page.locator("#unredacted")).to_be_visible()
    page.get_by_label("Test split, %").fill("20")
    page.get_by_text("The same in a terminal").click()
    page.locator("#filter [name=text]").fill("six times")
    command = "r1chat export preference -o preference.jsonl --test 0.2 --language en --text 'six times' --no-redact"
    expect(page.locator("#command code")).to_have_text(f"{command} --data-dir {site.folder}")
    page.get_by_role("button", name="Copy the command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{command} --data-dir {site.folder}"
    page.get_by_label("Kind").select_option("Step")
    expect(page.locator("#command")).to_contain_text("the filter leaves out what this format is made from")


def test_a_command_quotes_what_a_shell_would_read() -> None:
    fields = {"format": "unpaired", "suffix": ".parquet", "model": "x; rm -rf ~", "until": "2026-01-31", "longest": "9"}
    html = exporting.command(fields | {"text": "-n", "kind": "rating"}, WORDS["en"], Path("/data/my folder"))
    parts = "--model &#39;x; rm -rf ~&#39; --longest 9 --text=-n --until 2026-02-01 --source thumbs"
    assert f"r1chat export unpaired -o unpaired.parquet {parts} --data-dir &#39;/data/my folder&#39;</code>" in html


def test_an_archive_goes_out_and_comes_in_elsewhere(site: Site, tmp_path: Path) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?")
    page = data_page(site)
    panel = unfold(page, "archive")
    panel.get_by_label("also what may not be exported").check()
    panel.get_by_role("button", name="Make an archive").click()
    expect(page.locator("#job")).to_contain_text("Conversations: 1 · replies: 2 · judgements: 1")
    link = page.locator("#job a")
    text = downloaded(page, link.inner_text())
    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    file = tmp_path / "archive.jsonl"
    file.write_text(text, encoding="utf-8")
    site.down()
    site.folder = tmp_path / "elsewhere"
    app = site.serve(THOUGHT)
    page = data_page(site)
    unfold(page, "importing")
    page.get_by_label("Choose a file").set_input_files(file)
    expect(page.locator("#job")).to_contain_text("1 conversation, 2 replies and 1 judgement came in from r1chat.")
    expect(row(page, "six times seven")).to_be_visible()
    assert [info.title for info in app.store.conversations()] == ["What is six times seven?"]
    other.close()


def test_a_broken_archive_says_its_line_and_changes_nothing(site: Site, tmp_path: Path) -> None:
    app = site.serve(THOUGHT)
    compared(app, "What is six times seven?")
    file = tmp_path / "broken.jsonl"
    write(app.store, file, everything=True)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([*lines[:2], "{no json\n", *lines[3:]]), encoding="utf-8")
    page = data_page(site)
    unfold(page, "importing")
    page.get_by_label("Choose a file").set_input_files(file)
    expect(page.locator("#job .error")).to_contain_text("broken.jsonl, line 3")
    assert len(app.store.conversations()) == 1
    page.get_by_label("Choose a file").set_input_files({"name": "x.json", "mimeType": "text/plain", "buffer": b""})
    expect(page.get_by_role("alert")).to_contain_text("The file is empty")
    assert not list(site.folder.glob("job-upload-*"))


# --- the guard -------------------------------------------------------------------------------------------------------


def test_other_sites_and_strangers_change_nothing(site: Site) -> None:
    app = site.serve(THOUGHT)
    rated(app, "What is one and one?")
    assert site.server is not None
    keys = site.server.keys
    cookie = {"cookie": f"r1chat-{keys.port}={keys.cookie}", "x-r1chat-key": keys.session}
    body = json.dumps({"id": "", "allowed": True, "excluded": True, "everything": True})

    def posted(**headers: str) -> set[int]:
        """The answers of all routes that change something."""
        urls = [f"{origin(site)}/r1chat/data/{act}" for act in ACTS]
        return {httpx.post(url, content=body, headers=headers, **PLAIN).status_code for url in urls}

    assert posted() == {403}
    assert posted(**cookie, origin="https://evil.example") == {403}
    assert posted(**cookie, **{"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}) == {403}
    assert posted(**cookie, host="evil.example") == {421}
    assert app.store.judgements.consent_for_all() is False
    with httpx.Client(headers=cookie, **PLAIN) as client:
        assert client.get(f"{origin(site)}/r1chat/data/job").text == ""


def test_requests_that_make_no_sense_are_refused_and_break_nothing(site: Site) -> None:
    app = site.serve(THOUGHT)
    rated(app, "What is one and one?")
    page = data_page(site)
    half = '"\\ud800"'
    readings = {
        "rows?before=%00 x": 200,
        "rows?limit=-5&kind=zz&language=xx": 200,
        "rows?since=2026-13-01": 400,
        "rows?shortest=99999999999": 400,
        "reply/%00": 404,
        "command?test=99": 400,
        "file/a/b": 404,
    }
    acts = {
        ("consent", '{"id": "<b>", "allowed": true}'): 400,
        ("consent", "[]"): 400,
        ("exclude", f'{{"id": {half}, "excluded": true}}'): 400,
        ("exclude", f'{{"id": "{"a" * 32}", "excluded": true, "reason": "{"x" * 5_000}"}}'): 400,
        ("export", f'{{"test": {half}}}'): 400,
        ("export", '{"format": ["x"]}'): 400,
        ("export", "{no json"): 400,
    }
    base = f"{origin(site)}/r1chat/data/"
    headers = {"content-type": "application/json", **site.key}
    assert {path: page.request.get(base + path, headers=site.key).status for path in readings} == readings
    statuses = {(path, body): page.request.post(base + path, data=body, headers=headers).status for path, body in acts}
    assert statuses == acts


def test_what_was_gathered_is_not_told_to_strangers(site: Site) -> None:
    app = site.serve(THOUGHT)
    rated(app, "What is one and one?")
    for path in ("data", "data/", "r1chat/data/rows", "r1chat/data/file/x/preference.jsonl"):
        answer = httpx.get(f"{origin(site)}/{path}", **PLAIN)
        assert answer.status_code == 403
        assert "one and one" not in answer.text


def test_a_file_that_is_none_of_ours_is_not_served(site: Site) -> None:
    site.serve(THOUGHT)
    page = data_page(site)
    for name in ("x/preference.jsonl", "x/..%2f..%2fr1chat.db", "..%2f/r1chat.db"):
        answer = page.request.get(f"{origin(site)}/r1chat/data/file/{name}", headers=site.key)
        assert answer.status == 404
