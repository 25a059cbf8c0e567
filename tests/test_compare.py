"""Two replies side by side: blind until the choice, kept with what the rater saw, and gone on from."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from keyed import PLAIN, open_page
from site_driver import CHROMIUM, Locator, Page, Site, ask, choose_setting, expect, finished, more

from r1chat.app import App, build
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.config import Settings
from r1chat.conversations import StoredReply
from r1chat.errors import GenerationError, R1ChatError
from r1chat.generation import Samples
from r1chat.judgements import Comparison, Sides
from r1chat.messages import Finish, Progress, Request
from r1chat.ui.act import Act
from r1chat.ui.compare import acts as compare
from r1chat.ui.server import PageServer
from r1chat.ui.talk.feed import Viewer

COLD, WARM = "cold:quiet-1.5b", "warm:loud-7b"
FIVE = ["<think>\nTwo and three.", "\n\nWait, let me check: 2 + 3 = 5.", "\n</think>\n\n", "It is **5**."]
SIX = ["<think>\nTwo times three.", "\n</think>\n\n", "It is **6**."]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's
in_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


# --- without a browser -----------------------------------------------------------------------------------------------


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., App]]:
    with opener(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, str, Sides]]:
    """An app, a comparison in it that nobody has decided, and its sides, for acts that change nothing."""
    with opener(tmp_path_factory.mktemp("undecided")) as opened:
        app = opened(lambda _: FIVE, lambda _: SIX)
        yield app, *compared(app)


@contextmanager
def opener(folder: Path) -> Iterator[Callable[..., App]]:
    apps: list[App] = []

    def with_models(cold: Callable[[Request], Script], warm: Callable[[Request], Script], **options: Any) -> App:
        backends = {
            "cold": ScriptedBackend(cold, "cold", ("quiet-1.5b",)),
            "warm": ScriptedBackend(warm, "warm", ("loud-7b",), **options),
        }
        apps.append(build(Settings(data_dir=folder, ollama=False, port=0), backends))
        return apps[-1]

    yield with_models
    for app in apps:
        app.close()


def compared(app: App, **against: object) -> tuple[str, Sides]:
    """A question that both models have answered, as the page asks it: the conversation and the sides."""
    question = json.dumps({"prompt": "2 and 3?", "against": WARM, **against})
    conversation = compare.ask_both(app, Act("ask-both", text=question, model=COLD), None)
    if (vote := app.chat.running(conversation)) is not None:  # it may have ended by now
        assert isinstance(vote, Samples)
        vote.wait(10)
    return conversation, waiting(app, conversation)


def waiting(app: App, conversation: str) -> Sides:
    (sides,) = app.teacher.judged(conversation).sides.values()
    return sides


def do(app: App, verb: str, subject: str, text: str = "") -> None:
    """What the page sends when a person clicks."""
    compare.ACTIONS[verb](app, Act(verb, subject, text, model=COLD))


def decide(app: App, sides_id: str, **choice: object) -> None:
    do(app, "choose", sides_id, json.dumps(choice))


def patches(app: App, conversation: str, enough: Callable[[dict[str, str]], bool]) -> list[dict[str, Any]]:
    """All that a page is sent of a conversation until what it shows is enough."""
    viewer = Viewer(app, conversation, COLD, "en")
    sent, html = [], {}
    for patch in viewer.patches():
        sent.append(patch)
        html |= {block["id"]: block.get("html", html.get(block["id"], "")) for block in patch.get("blocks", [])}
        if enough(html):
            viewer.leave()
    return sent


def heard_that(app: App, conversation: str, is_so: Callable[[StoredReply], bool]) -> None:
    """Wait for the news after which the last message shows such a reply."""
    seen = -1
    for _ in range(20):
        seen = app.chat.news(conversation, seen, 2)
        reply = app.store.conversation(conversation).turns[-1].reply
        if reply is not None and is_so(reply):
            return
    raise AssertionError("no news of it came")


def kept(folder: Path, what: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(next(folder.rglob("*.db"))) as database:
        return database.execute(f"SELECT {what} FROM comparison ORDER BY number").fetchall()


def said_of(app: App, sides: Sides) -> Comparison:
    return app.teacher.judged(app.store.turn(sides.turn_id).conversation_id).comparisons[sides.id]


def test_a_comparison_that_is_deleted_while_it_runs_is_said_to_be_gone(opened: Callable[..., App]) -> None:
    go_on = threading.Event()

    def waits(_: Request) -> Script:
        while not go_on.wait(0.02):
            yield Progress("waiting")
        yield from FIVE

    app = opened(waits, waits)
    question = json.dumps({"prompt": "2 and 3?", "against": WARM})
    conversation = compare.ask_both(app, Act("ask-both", text=question, model=COLD), None)
    sent = Viewer(app, conversation, COLD, "en").patches()
    next(sent)
    app.store.delete(conversation)
    go_on.set()
    blocks = (block for patch in sent for block in patch.get("blocks", []))
    assert "is not there" in next(block["html"] for block in blocks if block["id"] == "welcome")


@pytest.mark.parametrize("fails", [False, True])
def test_no_event_tells_the_sides_apart_but_their_words(opened: Callable[..., App], fails: bool) -> None:
    looked = threading.Event()

    def loads(_: Request) -> Script:
        while not looked.wait(0.02):
            yield Progress("loading", 1, 2)
        yield Progress("prefill", 3, 7)
        yield from FIVE
        if fails:
            yield GenerationError("loud-7b is out of memory at temperature 1.37")

    app = opened(loads if fails else lambda _: FIVE, loads, rate=200)
    question = json.dumps({"prompt": "2 and 3?", "against": WARM, "temperature": 1.37})
    conversation = compare.ask_both(app, Act("ask-both", text=question, model=COLD), None)
    sides, running = waiting(app, conversation), app.chat.running(conversation)
    assert isinstance(running, Samples)
    next(replies for replies in running.watch(0.01) if any(reply.progress for reply in replies))

    def decidable(html: dict[str, str]) -> bool:
        looked.set()
        return "You can choose when both" not in html[f"comparison-{sides.id}-verdict"]

    sent = patches(app, conversation, decidable)
    of_replies = [
        {**patch, "blocks": [block for block in patch.get("blocks", []) if block["id"] != "state-place"]}
        for patch in sent  # without the line of the model that is chosen for the next message
    ]
    text = json.dumps(of_replies, ensure_ascii=False)
    for name in (
        "quiet",
        "loud",
        "cold",
        "warm",
        "1.37",
        "seed",
        "memory",
        "token",
        "Loading",
        "loading",
        "Reading the prompt",
    ):
        assert name not in text
    by_side: list[dict[str, list[str]]] = [{}, {}]
    for block in (block for patch in sent for block in patch.get("blocks", [])):
        for side, reply in enumerate((sides.left_id, sides.right_id)):
            if reply in block["id"]:
                plain = json.dumps(block).replace(reply, "REPLY").replace(sides.id, "SIDES")
                by_side[side][block["id"].replace(reply, "REPLY")] = [plain.replace("SIDES-right", "SIDES-left")]
    assert by_side[0] and by_side[0].keys() == by_side[1].keys()
    if not fails:
        last = [{key: value for key, value in side.items() if not key.startswith("reply-")} for side in by_side]
        assert last[0] == last[1]


def test_names_come_with_the_choice(opened: Callable[..., App]) -> None:
    app = opened(lambda _: FIVE, lambda _: SIX)
    conversation, sides = compared(app, temperature=1.3)
    decide(app, sides.id, winner="left")
    (patch,) = patches(app, conversation, bool)
    text = json.dumps(patch)
    assert "quiet-1.5b · temperature 0.6" in text.encode().decode("unicode_escape")
    assert "loud-7b · temperature 1.3" in text.encode().decode("unicode_escape")


@pytest.mark.parametrize("thought", [True, False])
def test_what_was_seen_and_for_how_long_is_kept(opened: Callable[..., App], thought: bool) -> None:
    app = opened(lambda _: FIVE if thought else ["It is 5."], lambda _: FIVE if thought else ["It is 5."])
    _, sides = compared(app)
    decide(app, sides.id, winner="right", seen={"left": True, "right": False}, dwell=12.5, comment=" Clearer. ")
    comparison = said_of(app, sides)
    assert (comparison.winner, comparison.dwell, comparison.comment) == ("right", 12.5, "Clearer.")
    seen = (comparison.left_thought_seen, comparison.right_thought_seen)
    assert seen == ((True, False) if thought else (None, None))


@pytest.mark.parametrize(
    "choice",
    [
        '{"winner": "middle"}',
        '{"winner": ["left"]}',
        '{"winner": {"left": 1}}',
        '{"winner": null}',
        "{}",
        "left",
        "[" * 100_000,
        '{"winner": "left", "dwell": NaN}',
        '{"winner": "left", "dwell": Infinity}',
        '{"winner": "left", "dwell": -1}',
        '{"winner": "left", "dwell": "3"}',
        '{"winner": "left", "dwell": true}',
        '{"winner": "left", "comment": {}}',
        '{"winner": "left", "comment": "' + "x" * 4_001 + '"}',
    ],
    ids=lambda choice: choice[:40],
)
def test_a_choice_that_makes_no_sense_is_refused_with_a_sentence(
    undecided: tuple[App, str, Sides], choice: str
) -> None:
    app, conversation, sides = undecided
    with pytest.raises(R1ChatError, match=r"\.$"):
        do(app, "choose", sides.id, choice)
    assert app.teacher.judged(conversation).comparisons == {}


def test_a_look_of_days_is_no_look(opened: Callable[..., App]) -> None:
    app = opened(lambda _: FIVE, lambda _: SIX)
    _, sides = compared(app)
    decide(app, sides.id, winner="left", dwell=10**400)
    assert said_of(app, sides).dwell is None


@pytest.mark.parametrize("verb", ["choose", "reopen", "keep-choice", "compare", "rank"])
@pytest.mark.parametrize("which", ["made up", "of another kind", "deleted"])
def test_what_is_not_there_cannot_be_compared(undecided: tuple[App, str, Sides], verb: str, which: str) -> None:
    app, conversation, sides = undecided
    if which == "deleted":
        app.store.delete(conversation)
    subject = {"made up": "../../etc/passwd", "of another kind": conversation, "deleted": sides.id}[which]
    if which == "deleted" and verb in ("compare", "rank"):
        subject = {"compare": sides.left_id, "rank": sides.turn_id}[verb]
    with pytest.raises(R1ChatError):
        do(app, verb, subject, '{"winner": "left"}')
    if which == "deleted":
        app.store.undelete(conversation)
    judged = app.teacher.judged(conversation)
    assert (judged.comparisons, judged.open_comparison(sides.turn_id)) == ({}, sides)


def test_a_decided_comparison_is_decided_anew_only_on_purpose(opened: Callable[..., App], tmp_path: Path) -> None:
    app = opened(lambda _: FIVE, lambda _: SIX)
    _, sides = compared(app)
    decide(app, sides.id, winner="left", comment="first")
    with pytest.raises(R1ChatError, match="decided already"):
        decide(app, sides.id, winner="right")  # a second tab that has not heard of it
    do(app, "reopen", sides.id)
    decide(app, sides.id, winner="right", comment="second")
    assert said_of(app, sides).comment == "second"
    assert kept(tmp_path, "winner, comment") == [("left", "first"), ("right", "second")]


@pytest.mark.parametrize("temperature", ["", "hot", -0.1, 5.1, True, [1], float("nan"), 10**400])
def test_a_temperature_that_is_none_sends_nothing(opened: Callable[..., App], temperature: object) -> None:
    app = opened(lambda _: FIVE, lambda _: SIX)
    with pytest.raises(R1ChatError, match="number from 0 to 5"):
        compared(app, temperature=temperature)
    assert app.store.conversations() == []


def test_a_model_that_is_not_there_sends_nothing(opened: Callable[..., App]) -> None:
    app = opened(lambda _: FIVE, lambda _: SIX)
    with pytest.raises(R1ChatError):
        compared(app, against="warm:no-such-model")
    with pytest.raises(R1ChatError, match="empty"):
        compared(app, prompt="  ")
    assert app.store.conversations() == []


@pytest.mark.parametrize("decided", [False, True])
def test_the_conversation_goes_on_from_the_only_side_that_is_whole(opened: Callable[..., App], decided: bool) -> None:
    app = opened(lambda _: ["<think>\nHm", GenerationError("Out of memory.")], lambda _: SIX)  # type: ignore[list-item]
    for _ in range(4):  # whichever side it stands on
        conversation, sides = compared(app)
        if decided:
            decide(app, sides.id, winner="skipped")
        else:
            heard_that(app, conversation, lambda reply: reply.reply.answer == "It is **6**.")
        generation = app.chat.send(conversation, "And then?", WARM)
        generation.wait(10)
        before = app.store.path(generation.turn_id)[0].reply
        assert before is not None and before.reply.answer == "It is **6**."


def test_stopping_ends_both_sides_and_keeps_what_came(opened: Callable[..., App]) -> None:
    def thinks(_: Request) -> Script:
        yield "<think>\nHm"
        while True:
            yield Progress("waiting")
            threading.Event().wait(0.02)

    app = opened(thinks, thinks)
    question = json.dumps({"prompt": "2 and 3?", "against": WARM})
    conversation = compare.ask_both(app, Act("ask-both", text=question, model=COLD), None)
    sides, running = waiting(app, conversation), app.chat.running(conversation)
    assert isinstance(running, Samples)
    next(replies for replies in running.watch() if all(reply.reasoning for reply in replies))
    running.stop()
    running.wait(10)
    replies = [app.store.reply(side).reply for side in (sides.left_id, sides.right_id)]
    assert [(reply.finish, reply.reasoning) for reply in replies] == [("stopped", "Hm")] * 2
    with pytest.raises(R1ChatError, match="not whole"):
        decide(app, sides.id, winner="tie")
    decide(app, sides.id, winner="both_bad")
    assert said_of(app, sides).winner == "both_bad"


def test_only_whole_siblings_are_compared(opened: Callable[..., App]) -> None:
    scripts = iter([FIVE, [*FIVE[:3], Finish("length")], SIX])
    app = opened(lambda _: next(scripts), lambda _: SIX)
    first = app.chat.send(None, "2 and 3?", COLD)
    first.wait(10)
    cut = app.chat.again(first.turn_id, COLD)
    cut.wait(10)
    for subject, text in ((first.reply_id, ""), (first.reply_id, "2"), (cut.reply_id, "1"), (first.reply_id, "9")):
        with pytest.raises(R1ChatError, match="Only two whole replies"):
            do(app, "compare", subject, text)
    app.chat.again(first.turn_id, COLD).wait(10)
    do(app, "compare", first.reply_id, "")
    sides = waiting(app, first.conversation_id)
    assert cut.reply_id not in (sides.left_id, sides.right_id) and not sides.blind
    with pytest.raises(R1ChatError, match="wait for your choice"):
        do(app, "compare", first.reply_id, "3")


# --- in a browser ----------------------------------------------------------------------------------------------------


class Both:
    """Two answers in turn, each of which waits for its own gate before its answer."""

    def __init__(self, *answers: list[Any], waits: bool = False) -> None:
        self.answers, self.asked, self.lock = answers, 0, threading.Lock()
        self.gates = [threading.Event() for _ in answers]
        if not waits:
            self.open()

    def open(self) -> None:
        for gate in self.gates:
            gate.set()

    def __call__(self, request: Request) -> Script:
        with self.lock:
            number = self.asked % len(self.answers)
            self.asked += 1
        first, *rest = self.answers[number]
        yield first
        while not self.gates[number].wait(0.02):
            yield Progress("waiting")
        yield from rest


def ask_both(page: Page, text: str, which: str = "Two replies of this model") -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.locator("#compare summary").click()
    page.get_by_role("button", name=which).click()


def side(page: Page, text: str) -> Locator:
    return page.locator(".side").filter(has_text=text)


def number(page: Page, text: str) -> str:
    """The key that chooses the side with that text."""
    return {"Reply A": "1", "Reply B": "2"}[side(page, text).get_by_role("heading").first.inner_text()]


def only_comparison(app: App) -> Sides:
    return waiting(app, app.store.conversations()[0].id)


@pytest.mark.slow
def test_the_data_page_names_no_side_before_the_choice(opened: Callable[..., App]) -> None:
    app = opened(lambda _: FIVE, lambda _: SIX)
    _, sides = compared(app)
    app.teacher.set_reference(sides.turn_id, "5", "number")
    app.teacher.rate(sides.left_id, "answer", "up")
    server = PageServer(app)
    server.start()
    try:
        with httpx.Client(**PLAIN, timeout=20) as client:
            open_page(client, server.address)
            before, card = (client.get(f"/r1chat/data/{part}").text for part in ("rows", "next"))
            app.teacher.compare(sides.id, "skipped")
            after, card_after = (client.get(f"/r1chat/data/{part}").text for part in ("rows", "next"))
    finally:
        server.stop()
    names = "quiet-1.5b", "loud-7b"
    assert before.count("not named before you have chosen") == 3  # a row of the thumb, and both sides of the answer's
    assert not [name for name in names if name in before + card] and "Every reply has your rating" in card
    assert all(name in after for name in names) and sides.right_id in card_after


@in_browser
def test_two_replies_stream_blind_and_the_better_one_goes_on(site: Site) -> None:
    script = Both(FIVE, SIX, ["So it is."], waits=True)
    backends = {"warm": ScriptedBackend(script, "warm", ("loud-7b", "quiet-1.5b"))}
    app = site.serve(backends=backends, model="loud-7b")
    page = site.open()
    page.clock.install()
    choose_setting(page, "Thoughts", "Keep folded")
    ask_both(page, "2 and 3?", "quiet-1.5b")
    expect(page.locator(".side .live")).to_have_text(["Thinking", "Thinking"])
    expect(page.get_by_role("button", name="A is better")).to_have_attribute("aria-disabled", "true")
    page.get_by_text("Add a comment").click()
    comment = page.get_by_role("textbox", name="Add a comment")
    comment.fill("135 reasons")
    script.open()
    expect(page.locator(".verdict.ready")).to_be_visible()
    comment.press("End")
    page.keyboard.type(", 4 more")
    expect(comment).to_have_value("135 reasons, 4 more")
    page_says = "".join(page.locator(place).inner_html() for place in (".read", "#right", "#ledger"))
    for name in ("loud", "quiet", "temperature", "seed", "token"):
        assert name not in page_says
    side(page, "It is 6").locator("summary").first.click()
    page.clock.fast_forward(600_000)
    key = number(page, "It is 6")
    page.locator(".question").click()
    page.keyboard.press(key)
    expect(page.locator(".compared")).to_contain_text("You chose this reply")
    expect(page.locator(".compared")).to_contain_text("loud-7b · temperature 0.6")
    expect(page.locator(".compared")).to_contain_text("quiet-1.5b · temperature 0.6")
    expect(page.locator(".compared .said")).to_have_text("135 reasons, 4 more")
    expect(page.get_by_role("button", name="Change choice")).to_be_focused()
    word = said_of(app, only_comparison(app))
    seen = {"1": (True, False), "2": (False, True)}[key]
    assert (word.winner, word.left_thought_seen, word.right_thought_seen) == ({"1": "left", "2": "right"}[key], *seen)
    assert word.dwell is not None and word.dwell >= 600
    ask(page, "And?")
    expect(page.locator(".answer").last).to_have_text("So it is.")
    assert [message.content for message in backends["warm"].requests[-1].messages] == [
        "2 and 3?",
        "It is **6**.",
        "And?",
    ]


@in_browser
def test_a_look_begins_anew_when_one_changes_ones_mind(site: Site) -> None:
    app = site.serve(Both(FIVE, SIX))
    page = site.open()
    page.clock.install()
    ask_both(page, "2 and 3?")
    expect(page.locator(".verdict.ready")).to_be_visible()
    page.clock.fast_forward(600_000)
    page.get_by_role("button", name="Tie", exact=True).click()
    expect(page.locator(".compared")).to_contain_text("as good as")
    first = said_of(app, only_comparison(app))
    page.clock.fast_forward(600_000)
    page.get_by_role("button", name="Change choice").click()
    expect(page.locator(".question")).to_contain_text("replaces your earlier choice")
    expect(page.locator(".side small").first).to_contain_text("scripted · temperature 0.6 · seed")
    page.get_by_role("button", name="Keep my earlier choice").click()
    expect(page.locator(".side")).to_have_count(0)
    assert said_of(app, only_comparison(app)) == first
    page.get_by_role("button", name="Change choice").click()
    page.locator(".question").click()
    page.keyboard.press(number(page, "It is 5"))
    expect(page.locator(".compared")).to_contain_text("You chose this reply")
    expect(page.locator(".answer")).to_have_text("It is 5.")
    second = said_of(app, only_comparison(app))
    assert [row[0] for row in kept(site.folder, "winner")] == ["tie", second.winner]
    assert first.dwell is not None and second.dwell is not None
    assert second.dwell < 600 <= first.dwell


@in_browser
def test_a_comparison_waits_through_reload_and_restart_and_does_not_hold_up_the_talk(site: Site) -> None:
    site.serve(Both(FIVE, SIX, ["So it is."]))
    page = site.open()
    ask_both(page, "2 and 3?")
    expect(page.locator(".verdict.ready")).to_be_visible()
    sides = page.locator(".side").all_text_contents()
    page.reload()
    expect(page.locator(".verdict.ready")).to_be_visible()
    assert page.locator(".side").all_text_contents() == sides
    site.down()
    app = site.serve(lambda _: ["So it is."])
    page = site.open(f"&c={app.store.conversations()[0].id}")
    expect(page.locator(".verdict.ready")).to_be_visible()
    assert page.locator(".side").all_text_contents() == sides
    expect(page.locator(".hint")).to_have_text("A new message goes on from Reply A.")
    ask(page, "And?")
    expect(page.locator(".answer").last).to_have_text("So it is.")
    expect(page.locator(".hint")).to_contain_text("has gone on from Reply A. Your choice is kept")
    page.get_by_role("button", name="B is better").click()
    expect(page.locator(".compared")).to_contain_text("You chose Reply B (2 of 2) over this reply")
    expect(page.locator(".ask").last).to_have_text("And?")


@in_browser
def test_a_half_written_comment_on_a_comparison_outlives_a_reload_until_the_choice(site: Site) -> None:
    app = site.serve(Both(FIVE, SIX))
    page = site.open()
    ask_both(page, "2 and 3?")
    expect(page.locator(".verdict.ready")).to_be_visible()
    page.locator("details.comment > summary").click()
    comment = page.locator(".comment textarea")
    comment.fill("half written")
    page.reload()
    expect(comment).to_be_visible()
    expect(comment).to_have_value("half written")
    page.get_by_role("button", name="B is better").click()
    expect(page.locator(".compared")).to_be_visible()
    page.wait_for_function("!JSON.stringify(localStorage).includes('half written')")
    assert page.get_by_test_id("toast-body").count() == 0
    [decided] = app.teacher.judged(app.store.conversations()[0].id).comparisons.values()
    assert decided.comment == "half written"


@in_browser
def test_a_side_that_fails_hides_why_and_leaves_a_way_on(site: Site) -> None:
    hostile = '<img src=x onerror="window.hacked=true"> is out of memory'
    site.serve(Both(FIVE, [SIX[0], GenerationError(hostile)]))
    page = site.open()
    ask_both(page, "2 and 3?")
    expect(page.locator(".side .notice")).to_contain_text("This reply failed. Why is told after you have chosen")
    expect(page.locator(".hint")).to_contain_text("One of the replies is not whole")
    page.locator(".question").click()
    for key in "123":
        page.keyboard.press(key)
    expect(page.locator(".hint")).to_contain_text(
        f"goes on from {side(page, 'It is 5').get_by_role('heading').inner_text()}"
    )
    assert "out of memory" not in page.content()
    page.keyboard.press("5")
    expect(page.locator(".side")).to_have_count(0)
    expect(page.locator(".answer")).to_have_text("It is 5.")
    expect(page.locator(".compared")).to_contain_text("You did not compare this reply")
    page.locator(".reply .switch button:enabled").click()
    expect(page.locator(".notice.error")).to_have_text(hostile)
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert page.evaluate("window.hacked") is None


@in_browser
def test_stop_stops_both_sides(site: Site) -> None:
    site.serve(Both(FIVE, SIX, waits=True))
    page = site.open()
    ask_both(page, "2 and 3?")
    expect(page.locator(".side .step")).to_have_count(2)
    expect(page.get_by_role("button", name="Answer now")).to_be_hidden()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".side .notice")).to_have_text(["This reply was stopped before it was whole."] * 2)
    expect(page.locator(".side details")).to_have_count(2)
    page.get_by_role("button", name="Both bad").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


@in_browser
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_choice_stays_in_sight_of_long_replies(site: Site, width: int, height: int) -> None:
    site.serve(Both([*FIVE[:3], "It is 5.\n\n" * 60], [*SIX[:2], "It is 6.\n\n" * 90]))
    page = site.open(width=width, height=height)
    ask_both(page, "2 and 3?")
    expect(page.locator(".verdict.ready")).to_be_visible()
    page.mouse.move(width / 2, 400)
    page.mouse.wheel(0, -20_000)
    expect(page.locator(".question")).to_be_in_viewport()
    for name in ("A is better", "B is better", "Tie", "Both bad", "Skip"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)


@in_browser
def test_siblings_are_compared_and_ranked_by_keys(site: Site) -> None:
    app = site.serve(Both(["It is 2."], ["It is 3."], ["It is 1."]))
    page = site.open()
    ask(page, "How many?")
    for count in (2, 3):
        finished(page)
        page.get_by_role("button", name="Regenerate").click()
        expect(page.locator(".reply .switch")).to_contain_text(f"{count} of {count}")
    finished(page)
    more(page, "With 2 of 3").click()
    expect(page.locator(".side .answer")).to_have_text([re.compile("3|1")] * 2)
    page.get_by_role("button", name="Skip", exact=True).click()
    more(page, "Rank all").click()
    for _ in range(3):
        expect(page.locator(".question")).to_contain_text(re.compile("Ranking: at most . to compare"))
        worth = [int(text.strip(" \n.Itis")) for text in page.locator(".side .answer").all_text_contents()]
        comparison = page.locator(".comparison").get_attribute("id")
        page.locator(".question").click()
        page.keyboard.press("1" if worth[0] > worth[1] else "2")
        expect(page.locator(f"#{comparison}")).to_have_count(0)
        if not page.locator(".comparison").count():
            break
    expect(page.locator(".compared")).to_contain_text("Your ranking: 2 › 1 › 3")
    expect(page.locator(".answer")).to_have_text("It is 3.")
    assert app.store.judgements.gathered().comparisons in (2, 3)


@in_browser
def test_the_menu_is_used_by_keys_and_says_what_is_wrong(site: Site) -> None:
    backend = ScriptedBackend(Both(FIVE, SIX))
    site.serve(backends={"scripted": backend})
    page = site.open()
    menu = page.locator("#compare details")
    page.locator("#compare summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    expect(menu).to_contain_text("There is no other model that is ready.")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(page.locator("#compare summary")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # two replies, to nothing
    expect(page.get_by_test_id("toast-body")).to_contain_text("The message is empty")
    page.get_by_role("textbox", name="Message").fill("2 and 3?")
    page.locator("#compare summary").click()
    warmth = page.get_by_role("spinbutton", name="This model, as set and at temperature")
    warmth.fill("9")
    warmth.press("Enter")
    expect(page.get_by_test_id("toast-body").last).to_contain_text("number from 0 to 5")
    assert page.get_by_role("textbox", name="Message").input_value() == "2 and 3?"
    page.locator("#compare summary").click()
    warmth.fill("1.2")
    warmth.press("Enter")
    expect(page.locator(".verdict.ready")).to_be_visible()
    assert sorted(request.params.temperature for request in backend.requests) == [0.6, 1.2]
    page.locator("[data-winner=left]").evaluate("node => { node.dataset.winner = 'middle'; node.click(); }")
    expect(page.get_by_test_id("toast-body").last).to_contain_text("does not know that choice")
    expect(page.locator(".comparison")).to_have_count(1)


@in_browser
def test_on_a_phone_the_sides_stand_one_above_the_other_in_chinese(site: Site) -> None:
    site.serve(Both([*FIVE[:3], "x" * 400], [*SIX[:2], "| a | b |\n|---|---|\n| " + "y" * 300 + " | 2 |"]))
    page = site.open(width=390, height=844, locale="zh-CN")
    page.get_by_role("textbox", name="消息").fill("2 加 3？")
    page.locator("#compare summary").click()
    page.get_by_role("button", name="此模型的两个回复").click()
    expect(page.locator(".verdict.ready")).to_be_visible()
    expect(page.locator(".question")).to_contain_text("哪个回复更好")
    above, below = (box for locator in page.locator(".side").all() if (box := locator.bounding_box()) is not None)
    assert above["y"] + above["height"] <= below["y"]
    scrolled = "document.querySelector('.scroll').scrollWidth - document.querySelector('.scroll').clientWidth"
    assert page.evaluate(scrolled) <= 0
    page.get_by_role("button", name="B 更好").click()
    expect(page.locator(".compared")).to_contain_text("你选择了此回复")
