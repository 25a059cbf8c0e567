"""From judgements to a better model, in a browser: trained on the Learn page, kept, chatted with, compared blind."""

from __future__ import annotations

import re
from contextlib import closing
from importlib.util import find_spec

import pytest
from site_driver import Site, ask, expect, finished
from sums import judge, new_store

from r1chat.learn.runs import Runs, only_one
from r1chat.learn.runs import Wish as RunWish

MISSING = [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
]
PATIENCE = 150_000  # ms, on a busy machine


def test_judgements_become_a_child_that_is_chatted_with_and_compared_blind(site: Site) -> None:
    with closing(new_store(site.folder)) as store:
        judge(store, 32)
    site.serve()
    page = site.open()
    page.get_by_role("link", name="Learn").click()
    expect(page.locator("#train li").first).to_contain_text("32 preferences, 0 thumbs, 32 right answers")
    page.locator("#train").get_by_role("button", name="Train").click()

    run = page.locator(".run").first
    expect(run.locator("progress")).to_be_visible()
    expect(run).to_have_class(re.compile("done"), timeout=PATIENCE)
    expect(run.locator("figure")).to_have_count(3)
    expect(run.locator(".examples li").first.locator("h4")).to_have_text([re.compile("^Before"), re.compile("^After")])
    expect(page.locator("#family")).to_contain_text("No model has a child yet")
    run.get_by_role("button", name="Put it into the model list").click()
    child = page.locator(".tree ul li")
    expect(child).to_contain_text("from 32 judgements")
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

    page.get_by_role("link", name="Learn").click()
    page.get_by_role("button", name="Compare blind").click()
    expect(page.locator(".verdict.ready")).to_be_visible()
    page.get_by_role("button", name="A is better").click()
    expect(page.locator(".compared")).to_contain_text("r1chat-nano-prefer-1")
    page.get_by_role("link", name="Learn").click()
    expect(page.locator(".tree ul li")).to_contain_text("of 1 blind comparisons")

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
    site.serve()
    chinese = site.open(locale="zh-CN", width=390)
    assert site.server is not None
    chinese.goto(f"{site.server.origin}/learn/")
    expect(chinese.locator("#train li").first).to_contain_text("5 条偏好")
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
