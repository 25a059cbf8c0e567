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
from site_driver import Site, ask, expect, finished
from sums import judge, nano, new_store

from benchmarks.accessibility import AXE, findings
from benchmarks.learning import sums, write
from r1chat.backends.llama.child.model import Model
from r1chat.config import nano_model
from r1chat.evaluation.measures import Estimate, bootstrap
from r1chat.learn.recipe import remember
from r1chat.learn.runs import Runs, only_one
from r1chat.learn.runs import Wish as RunWish

MISSING = [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # llama-cpp-python leaves /dev/null open
]
PATIENCE = 150_000  # ms, on a busy machine


def checks_of(adapter: Path) -> Estimate:
    """How much more often an adapter's replies to 80 sums hold a second check than those of the nano."""
    with closing(Model(nano_model())) as model:
        questions = sums(99)[:80]  # of no judgement
        before, after = (write(model, lora, questions, 1.0, 5) for lora in (None, model.adapter(adapter)))
    return bootstrap([new.has(True) - old.has(True) for old, new in zip(before, after, strict=True)])


def test_judgements_become_a_child_that_is_chatted_with_and_compared_blind(site: Site) -> None:
    with closing(new_store(site.folder)) as store:
        judge(store, 100, turned=True)  # replies with a second check are preferred, which the nano writes now and then
    site.serve()
    page = site.open()
    for question in ("31 + 42 = ?", "58 + 67 = ?"):
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".welcome")).to_be_visible()
        page.get_by_role("textbox", name="Message").fill(question)
        page.locator("#compare summary").click()
        page.get_by_role("button", name="Two replies of this model").click()
        expect(page.locator(".verdict.ready")).to_be_visible()
        page.get_by_role("button", name="A is better").click()
        expect(page.locator(".compared")).to_contain_text("You chose this reply")
    page.get_by_role("button", name="Good", exact=True).click()
    expect(page.locator(".saved")).to_be_attached()
    page.get_by_role("link", name="Learn").click()
    expect(page.locator("#train li").first).to_contain_text("Preferences: 102 · thumbs: 1 · right answers: 100")
    expect(page.locator("#train li").first).to_contain_text("Right answers: enough for reinforcement learning")
    page.locator("#train").get_by_role("button", name="Train").click()

    run = page.locator(".run").first
    expect(run.locator("progress")).to_be_visible()
    expect(run).to_have_class(re.compile("done"), timeout=PATIENCE)
    expect(run.locator("figure")).to_have_count(3)
    expect(run.locator(".examples li").first.locator("h4")).to_have_text([re.compile("^Before"), re.compile("^After")])
    expect(page.locator("#family")).to_contain_text("No model has a child yet")
    run.get_by_role("button", name="Put it into the model list").click()
    child = page.locator(".tree ul li")
    expect(child).to_contain_text(re.compile(r"from 10[0-2] judgements"))
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
    assert reply.provenance.model == "r1chat-nano-prefer-1"

    log = Runs(site.folder).get("r1chat-nano-prefer-1").log()
    looks = [line["look"]["loss"] for line in log if "look" in line]
    assert all(math.isfinite(loss) for loss in looks) and looks[-1] < looks[0]
    rise = checks_of(site.folder / "models" / "adapters" / "r1chat-nano-prefer-1.gguf")
    assert rise.low > 0.1, "the child checks its result no more often than its parent"

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
    verdicts = {said.sides.id: said.winner for judged in winners for said in judged.comparisons.values()}
    assert [verdicts[str(sides)] for sides in seen] == ["left", "tie", "skipped", "right"]

    page.get_by_role("combobox", name="Learn from").select_option("grpo")
    page.locator("#train").get_by_role("button", name="Train").click()
    rules = page.locator(".run", has_text="r1chat-nano-grpo-1")
    expect(rules.locator("figcaption", has_text="Reward of samples")).to_be_visible(timeout=PATIENCE)
    rules.get_by_role("button", name="Pause").click()
    expect(rules).to_have_class(re.compile("paused"), timeout=PATIENCE)
    expect(rules).to_contain_text("Paused. What was trained so far is kept")
    expect(rules.get_by_role("button", name="Go on")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    rules.get_by_role("button", name="Delete").click()
    expect(rules).to_have_count(0)

    page.on("dialog", lambda dialog: dialog.accept("no checks"))
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".tree ul li b")).to_have_text("no checks")
    page.get_by_role("button", name="Delete: no checks").click()
    expect(page.locator("#family")).to_contain_text("No model has a child yet")
    page.get_by_role("button", name="Delete: r1chat-nano-prefer-1").click()
    expect(page.locator(".run")).to_have_count(0)


def test_too_little_is_said_with_numbers_in_both_languages_and_a_second_run_is_refused(site: Site) -> None:
    with closing(new_store(site.folder)) as store:
        judge(store, 5)
        voted(store, "tie", made=nano())
        (program,) = asked(store, RIGHT, message="Write f.", made=nano())
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
    page.locator("#train").get_by_role("button", name="Train").click()
    failed = page.locator(".run", has_text="r1chat-nano-prefer-1")
    expect(failed).to_contain_text("5 judgements can be used: too few", timeout=PATIENCE)
    expect(failed.get_by_role("button", name="Go on")).to_be_visible()


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
