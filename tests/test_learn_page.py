"""From judgements to a better model, in a browser: judged in the chat, trained on the Learn page, kept, compared."""

from __future__ import annotations

import json
import math
import re
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from judged import RIGHT, asked, voted
from site_driver import Page, Site, ask, expect, finished, more
from sums import answered, judge, nano, new_store

from benchmarks.accessibility import AXE, findings
from benchmarks.learning import sums, write
from r1chat.backends.llama.child.model import Model
from r1chat.config import nano_model
from r1chat.evaluation.measures import Estimate, bootstrap
from r1chat.learn.recipe import remember
from r1chat.learn.runs import Runs, RunWish, only_one

MISSING = [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # llama-cpp-python leaves /dev/null open
]
PATIENCE = 150_000  # ms, on a busy machine
QUESTIONS = 14  # sums, nine replies to each
CHILD = "r1chat-nano-kto-1"


def checks_of(adapter: Path) -> Estimate:
    """How much more often an adapter's replies to 80 sums hold a second check than those of the nano."""
    with closing(Model(nano_model())) as model:
        questions = sums(99)[:80]  # of no judgement
        before, after = (write(model, lora, questions, 1.0, 5) for lora in (None, model.adapter(adapter)))
    return bootstrap([new.has(True) - old.has(True) for old, new in zip(before, after, strict=True)])


def sampled(page: Page, question: str) -> None:
    """Ask something in a new conversation, and take eight more samples of the reply."""
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, question)
    more(page, "8", exact=True).click()
    expect(page.locator(".vote .group").first).to_be_visible()


def rate_all(page: Page) -> tuple[int, int]:
    """Rate every reply by keys: good where its thought checks the result a second time; how many are good, of all."""
    page.get_by_role("button", name="Rate replies one by one").press("Enter")
    article, good, rated = page.locator("#unrated article"), 0, 0
    while not page.locator("#unrated .done").count():
        reply = article.get_attribute("data-id")
        checked = "check" in (article.locator("details").text_content() or "").lower()
        page.keyboard.press("g" if checked else "b")
        page.wait_for_function("id => document.querySelector('#unrated article')?.dataset.id !== id", arg=reply)
        good, rated = good + checked, rated + 1
    page.keyboard.press("Escape")
    return good, rated


def test_judgements_become_a_child_that_is_chatted_with_and_compared_blind(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1CHAT_TEMPERATURE", "1.2")  # samples that are the same count once
    site.serve()
    page = site.open()
    for a, b in sums(4)[:QUESTIONS]:
        sampled(page, f"{a} + {b} = ?")
    for question in ("31 + 42 = ?", "58 + 67 = ?"):
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".welcome")).to_be_visible()
        page.get_by_role("textbox", name="Message").fill(question)
        page.locator("#compare summary").click()
        page.get_by_role("button", name="Two replies of this model").click()
        expect(page.locator(".verdict.ready")).to_be_visible()
        page.locator(".question").click()
        page.keyboard.press("1")
        expect(page.locator(".compared")).to_contain_text("You chose this reply")
    assert site.server is not None
    page.goto(f"{site.server.origin}/data")
    good, rated = rate_all(page)
    assert rated == 9 * QUESTIONS + 4 and 0 < good < rated  # a reply, eight samples; two sides of two comparisons

    page.goto(f"{site.server.origin}/learn/")
    expect(page.locator("#train li").first).to_contain_text(f"Preferences: 2 · thumbs: {rated} · right answers: 0")
    page.get_by_role("combobox", name="Learn from").select_option("kto")
    page.locator("#train").get_by_role("button", name="Train").click()
    run = page.locator(".run").first
    expect(run.locator("progress")).to_be_visible()
    expect(run).to_have_class(re.compile("done"), timeout=PATIENCE)
    names = ["Loss", "On your side", "Reward margin", "Likelihood of preferred replies"]
    expect(run.locator("figcaption b")).to_have_text(names)
    expect(run.locator(".examples li").first.locator("h4")).to_have_text([re.compile("^Before"), re.compile("^After")])
    expect(page.locator("#family")).to_contain_text("No model has a child yet")
    run.get_by_role("button", name="Put it into the model list").click()
    child = page.locator(".tree ul li")
    expect(child).to_contain_text(re.compile(r"from \d{2,3} judgements"))
    expect(child).to_contain_text("Not compared yet")

    child.get_by_role("link", name="Chat").click()
    expect(page.locator("#model-line")).to_be_attached()
    ask(page, "27 + 43 = ?")
    finished(page)
    expect(page.locator(".answer").last).to_contain_text("70")
    assert site.app is not None
    (conversation,) = [view for view in site.app.store.conversations() if view.title.startswith("27 + 43")]
    (turn,) = site.app.store.conversation(conversation.id).turns
    (reply,) = site.app.store.replies(turn.id)
    assert reply.provenance.model == CHILD

    log = Runs(site.folder).get(CHILD).log()
    looks = [line["look"]["loss"] for line in log if "look" in line]
    assert all(math.isfinite(loss) for loss in looks) and looks[-1] < looks[0]
    rise = checks_of(site.folder / "models" / "adapters" / f"{CHILD}.gguf")
    assert rise.low > 0, "the child checks its result no more often than its parent"

    page.get_by_role("link", name="Learn").click()
    page.get_by_role("button", name="Compare blind").click()
    blind = page.get_by_role("dialog", name="Which reply is better?")
    seen = []
    expect(blind.get_by_role("button", name="A is better")).to_be_enabled()
    assert not AXE.exists() or findings(page) == []
    for number, key in enumerate(("1", "3", "5", "2")):  # A is better, a tie, skipped, B is better
        expect(blind.get_by_role("button", name="A is better")).to_be_enabled()
        assert "nano" not in blind.inner_text()
        seen.append(blind.locator("article").get_attribute("data-sides"))
        page.keyboard.press(key)
        expect(blind.locator(f"article[data-sides='{seen[-1]}']")).to_have_count(0)
        decided = number + 1 - (number >= 2)
        expect(blind.locator(".hint")).to_contain_text(f"of {decided} blind comparisons")
    page.keyboard.press("Escape")
    expect(page.locator(".tree ul li")).to_contain_text("of 3 blind comparisons")
    winners = [site.app.teacher.judged(view.id) for view in site.app.store.conversations()]
    verdicts = {
        comparison.sides.id: comparison.winner for judged in winners for comparison in judged.comparisons.values()
    }
    assert [verdicts[str(sides)] for sides in seen] == ["left", "tie", "skipped", "right"]

    page.on("dialog", lambda dialog: dialog.accept("no checks"))
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".tree ul li b")).to_have_text("no checks")
    page.get_by_role("button", name="Delete: no checks").click()
    expect(page.locator("#family")).to_contain_text("No model has a child yet")
    page.get_by_role("button", name=f"Delete: {CHILD}").click()
    expect(page.locator(".run")).to_have_count(0)


def test_right_answers_train_by_the_page_through_a_pause_to_a_plain_word_on_what_came_of_it(site: Site) -> None:
    with closing(new_store(site.folder)) as store:
        answered(store, 30)
    site.serve()
    page = site.open()
    page.get_by_role("link", name="Learn").click()
    expect(page.locator("#train li").first).to_contain_text("Right answers: enough for reinforcement learning")
    page.get_by_role("combobox", name="Learn from").select_option("grpo")
    page.locator("#train").get_by_role("button", name="Train").click()
    run = page.locator(".run", has_text="r1chat-nano-grpo-1")
    expect(run.locator("figcaption", has_text="Reward of samples")).to_be_visible(timeout=PATIENCE)
    run.get_by_role("button", name="Pause").click()
    expect(run).to_have_class(re.compile("paused"), timeout=PATIENCE)
    expect(run).to_contain_text("Paused. What was trained so far is kept")
    run.get_by_role("button", name="Go on").click()
    expect(run).to_have_class(re.compile("done|stopped"), timeout=2 * PATIENCE)
    expect(run.locator(".why")).to_contain_text(re.compile(r"Dev pass@1 .* It (rose|is flat|collapsed)"))
    if "done" in (run.get_attribute("class") or ""):
        expect(run.locator(".proof")).to_contain_text("Right answers (pass@1)")
        expect(run.locator(".proof")).to_contain_text("Right by the majority of 5 samples (cons@5)")
    page.once("dialog", lambda dialog: dialog.accept())
    run.get_by_role("button", name="Delete").click()
    expect(run).to_have_count(0)


def test_too_little_is_said_with_numbers_in_both_languages_and_a_second_run_is_refused(site: Site) -> None:
    with closing(new_store(site.folder)) as store:
        judge(store, 5)
        voted(store, "tie", provenance=nano())
        (program,) = asked(store, RIGHT, message="Write f.", provenance=nano())
        store.judgements.set_reference(program.turn_id, "assert f(1) == 2", "tests", "ann")
    site.serve()
    chinese = site.open(locale="zh-CN", width=390)
    assert site.server is not None
    chinese.goto(f"{site.server.origin}/learn/")
    expect(chinese.locator("#train li").first).to_contain_text("5 条偏好，0 个赞踩，5 个参考答案")
    expect(chinese.locator("#train li").first).to_contain_text("至少需要 25 条")
    assert chinese.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = site.open()
    page.goto(f"{site.server.origin}/learn/")
    other = Runs(site.folder).begin(RunWish("prefer", "llama.cpp:other"), "the other")
    with only_one(other):
        page.locator("#train").get_by_role("button", name="Train").click()
        expect(page.locator("#trouble")).to_contain_text("the other is being trained")
    page.get_by_role("combobox", name="Trials").select_option("3")
    page.get_by_role("combobox", name="Learn from").select_option("grpo")
    page.locator("#train").get_by_role("button", name="Train").click()
    expect(page.locator("#trouble")).to_contain_text("Right answers are learnt from in one trial")
    page.get_by_role("combobox", name="Learn from").select_option("prefer")
    page.locator("#train").get_by_role("button", name="Train").click()
    failed = page.locator(".run", has_text="r1chat-nano-prefer-2")
    expect(failed).to_contain_text("5 judgements can be used: too few", timeout=PATIENCE)
    expect(failed.get_by_role("button", name="Go on")).to_be_visible()
    assert Runs(site.folder).get("r1chat-nano-prefer-2").wish.trials == 3


def test_the_recipe_is_told_with_the_curves_of_the_stages_that_were_run(site: Site) -> None:
    folder = site.folder / "demo" / "GRPO"
    folder.mkdir(parents=True)
    log = folder / "log.jsonl"
    lines = [{"step": 0, "pass@1": 0.3}] + [{"step": n, "tokens": n, "reward": n / 10, "groups": 0.5} for n in (1, 2)]
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (site.folder / "demo" / "demo.json").write_text(json.dumps({"stages": {"GRPO": {"pass@1": 0.5}}}))
    remember(site.folder, "grpo", folder)
    site.serve()
    assert site.server is not None
    page = site.open(width=390)
    page.goto(f"{site.server.origin}/learn/")
    stages = page.locator("#recipe .stage")
    expect(stages.nth(0)).to_contain_text("Not run here yet: r1chat train cold-start FOLDER")
    expect(stages.nth(2)).to_contain_text("A sample's advantage is its reward less the mean of its group")
    expect(stages.nth(2).locator("summary")).to_have_text(
        "demo/GRPO 2 steps, 0.0 million tokens · 50% right on the test split"
    )
    expect(stages.nth(2).locator("figure")).to_have_count(2)
    with log.open("a") as file:
        file.write(json.dumps({"step": 2, "pass@1": 0.4}) + "\n")
    expect(stages.nth(2).locator("figcaption", has_text="Right answers, dev split")).to_contain_text("30% → 40%")
    expect(stages.nth(2)).to_contain_text("It rose.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not AXE.exists() or findings(page) == []
