"""Evaluations in a browser: begun, stopped and resumed on the page, laid side by side, and kept as conversations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from site_driver import Site, ask, expect, finished, more

from benchmarks.accessibility import AXE, findings
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.evaluation import Problem, Run, RunSettings, Task, curve
from r1chat.evaluation.listing import CURVE, FOLDER, Evaluations
from r1chat.evaluation.report import finite
from r1chat.evaluation.running import stop
from r1chat.messages import Request
from r1chat.rewards.programs import Requirements

if TYPE_CHECKING:
    from playwright.sync_api import Dialog
else:  # Playwright is imported by the first test that uses a browser
    Dialog = Any

PATIENCE = 90_000  # ms, on a busy machine
AIME = Task("aime24", (Problem("1", "1 + 1 = ?", "2", "number"),), "by hand", "aime_2024")


@pytest.fixture(autouse=True)
def nothing_goes_on(site: Site) -> Iterator[None]:
    """Processes that the page began outlive it: one that a failed test leaves is ended."""
    yield
    for run in Evaluations(site.folder).all():
        stop(run.folder)


def draw_before(data: Path) -> None:
    """A run of a distill on AIME's problems, and a curve, as `r1chat eval` leaves them; the model is scripted."""

    def answers(request: Request) -> Script:
        return ["<think>", "\nHm. Wait, let me check that again.", "\n</think>\n\n", "It is \\boxed{2}."]

    catalogue = Catalogue({"scripted": ScriptedBackend(answers, model_names=("DeepSeek-R1-Distill-Qwen-7B",))})
    settings = RunSettings("scripted:DeepSeek-R1-Distill-Qwen-7B")
    try:
        Run(data / FOLDER / "aime <b>", AIME, settings, catalogue).go_on()
        points = curve.measured(
            data / FOLDER / "curve-aime24", AIME, settings, curve.Axes((0,), (1,), (1, 2)), catalogue
        )
    finally:
        catalogue.close()
    values = {"task": "aime24", "model": settings.model, "points": [asdict(point) for point in points]}
    (data / FOLDER / "curve-aime24" / CURVE).write_text(json.dumps(finite(values)))


def test_an_evaluation_is_begun_watched_stopped_resumed_compared_and_kept(site: Site) -> None:
    site.serve()
    page = site.open()
    page.get_by_role("link", name="Evaluation").click()
    expect(page.locator("#runs")).to_contain_text("Nothing was measured yet")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "r1chat eval sums --model r1chat-nano -n 50"

    # one to its end
    page.get_by_role("spinbutton", name="Problems").fill("4")
    page.get_by_role("spinbutton", name="Samples (k)").fill("2")
    page.get_by_role("button", name="Start").click()
    first = page.locator(".run-row").filter(has_text="sums-r1chat-nano-k2")
    expect(first.get_by_role("checkbox")).to_be_checked()
    expect(first).to_have_class(re.compile("done"), timeout=PATIENCE)
    table = page.get_by_role("group", name="Figures")
    expect(table.locator("tr", has_text="Asked")).to_contain_text("4 of 4")
    expect(table.locator("tr", has_text="pass@1")).to_contain_text(re.compile(r"\d %\d+\.\d … \d"))
    expect(table.locator("tr", has_text="pass@k")).to_contain_text("k = 2")
    expect(table.locator("tr", has_text="Temperature")).to_contain_text(re.compile(r"0\.\d"))

    # its samples, and one of them as a conversation of the chat
    page.get_by_text("Samples of sums-r1chat-nano-k2").click()
    problem = page.locator(".problems > li").first
    expect(problem).to_contain_text("Right answer:")
    problem.get_by_text(re.compile("Sample 1: (right|wrong)")).click()
    expect(problem.get_by_text("Thought").first).to_be_visible()
    question = problem.locator(".prompt").inner_text()
    problem.get_by_role("button", name="Keep as a conversation").click()
    problem.get_by_role("link", name="Open the conversation").click()
    expect(page.locator(".said, .asked, section").filter(has_text=question).first).to_be_visible()
    expect(page.locator(".reply .mark").first).to_contain_text(re.compile("right|wrong|Right|Wrong"))
    page.go_back()

    # a second one on the same problems, and the two paired
    page.get_by_role("spinbutton", name="Problems").fill("4")
    page.get_by_role("spinbutton", name="Budget in tokens").fill("0")
    page.get_by_role("button", name="Start").click()
    second = page.locator(".run-row").filter(has_text="sums-r1chat-nano-k1-b0")
    expect(second).to_have_class(re.compile("done"), timeout=PATIENCE)
    first.get_by_role("checkbox").check()
    expect(page.locator(".paired")).to_contain_text("sums-r1chat-nano-k1-b0 against sums-r1chat-nano-k2, on 4 problems")
    expect(page.locator(".paired")).to_contain_text("McNemar, p =")
    assert page.url.count("run=") == 2

    # a long one: watched, refused a companion, stopped, and resumed
    page.get_by_role("combobox", name="Task").select_option("products")
    page.get_by_role("spinbutton", name="Problems").fill("400")
    page.get_by_role("spinbutton", name="Budget in tokens").fill("")
    page.get_by_role("button", name="Start").click()
    long = page.locator(".run-row").filter(has_text="products-r1chat-nano-k1")
    expect(long.get_by_role("progressbar")).to_be_visible()
    expect(long).to_contain_text(re.compile(r"running: [1-9]\d* of 400 · .* (s|min) left"), timeout=PATIENCE)
    page.get_by_role("combobox", name="Task").select_option("sums")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#trouble")).to_contain_text("products-r1chat-nano-k1 is being measured")
    long.get_by_role("button", name="Stop").click()
    expect(long).to_contain_text(re.compile(r"stopped: [1-9]\d* of"), timeout=PATIENCE)
    expect(long).not_to_contain_text("left")
    done = int(re.findall(r"stopped: (\d+)", long.inner_text())[0])
    long.get_by_role("button", name="Go on").click()
    expect(long).to_contain_text("running")
    page.reload()
    long.get_by_role("button", name="Stop").click()
    expect(long).to_contain_text("stopped", timeout=PATIENCE)
    assert int(re.findall(r"stopped: (\d+)", long.inner_text())[0]) >= done
    assert site.app is not None
    assert len(site.app.store.conversations()) == 1


def test_the_tests_of_a_kept_code_problem_are_run_in_the_chat_after_a_question(site: Site) -> None:
    tests = Requirements("assert f(0) == 0\nassert f(2) == 4")
    task = Task("doubling", (Problem("1", "Write f, which doubles.", "", "text", tests),), "by hand")

    def writes(request: Request) -> Script:
        if request.messages[-1].content.startswith("Sleep"):
            return ["<think>", "\nHm.\n</think>\n\n", "```python\nimport time\ntime.sleep(60)\n```\n"]
        factor = 2 if request.messages[-1].content.startswith("Again") else 3
        return ["<think>", "\nHm.\n</think>\n\n", f"Here:\n\n```python\ndef f(x):\n    return {factor} * x\n```\n"]

    catalogue = Catalogue({"scripted": ScriptedBackend(writes)})
    try:
        Run(site.folder / FOLDER / "doubling", task, RunSettings("scripted:scripted"), catalogue).go_on()
    finally:
        catalogue.close()
    site.serve(writes)
    assert site.server is not None
    page = site.open()
    page.goto(f"{site.server.origin}/evaluation/")
    page.get_by_text("Samples of doubling").click()
    page.get_by_role("button", name="Keep as a conversation").click()
    page.get_by_role("link", name="Open the conversation").click()
    expect(page.locator(".reply .mark")).to_contain_text("wrong")  # as the evaluation found it
    questions: list[str] = []

    def decide(dialog: Dialog) -> None:
        questions.append(dialog.message)
        if len(questions) == 1:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", decide)
    more(page, "Run the tests").click()
    expect(page.locator("details.rules")).not_to_have_attribute("open", "")
    more(page, "Run the tests").click()
    expect(page.locator("details.rules")).to_contain_text("The program fails its tests: assert f(2) == 4")
    assert len(questions) == 2 and "Not protected from" in questions[0]

    # tests that a person gives, in a conversation of their own; nobody asks a second time
    page.get_by_role("button", name="New conversation").click()
    ask(page, "Again: write f, which doubles.")
    finished(page)
    page.get_by_text("Right answer…").click()
    box = page.get_by_role("textbox", name="The right answer")
    page.get_by_role("combobox", name="Checked as").select_option("tests")
    box.fill("assert f(0) == 0")
    box.press("End")
    box.press("Enter")  # a line for each test: it does not save
    box.press_sequentially("assert f(2) == 4")
    page.locator(".reference .primary").click()
    expect(page.locator(".reply .mark")).to_contain_text("tests not run")
    more(page, "Run the tests").click()
    expect(page.locator(".reply .mark")).to_contain_text("right")
    expect(page.locator("details.rules")).to_contain_text("The program passes its tests.")
    assert len(questions) == 2

    # tests that take long hold nothing up, and can be stopped
    page.get_by_role("button", name="New conversation").click()
    ask(page, "Sleep for a minute.")
    finished(page)
    page.get_by_text("Right answer…").click()
    page.get_by_role("combobox", name="Checked as").select_option("tests")
    page.get_by_role("textbox", name="The right answer").fill("assert True")
    page.locator(".reference .primary").click()
    expect(page.locator(".reply .mark")).to_contain_text("tests not run")
    more(page, "Run the tests").click()
    expect(page.locator(".reply .mark")).to_contain_text("tests are running…")
    ask(page, "Again: write f.")
    finished(page)
    expect(page.locator(".reply")).to_have_count(2)
    page.get_by_role("button", name="Stop the tests").click()
    expect(page.locator(".reply .mark").first).to_contain_text("tests not run")
    expect(page.locator("details.rules").first).to_contain_text("The tests were stopped.")


def test_what_the_command_measured_shows_beside_the_paper_on_a_phone_in_chinese(site: Site) -> None:
    draw_before(site.folder)
    site.serve()
    assert site.server is not None
    page = site.open(locale="zh-CN", width=390, height=844)
    page.goto(f"{site.server.origin}/evaluation/")
    table = page.get_by_role("group", name="各项指标")
    expect(table).to_contain_text("aime <b>")
    expect(table.locator("tr", has_text="论文中的数值")).to_contain_text(
        "R1-Distill-Qwen-7B：pass@1 55.5%, cons@64 83.3%"
    )
    expect(table.locator("tr", has_text="论文中的数值")).to_contain_text("1 道题，而非 30 道；1 次采样，而非 64 次")
    expect(page.locator("#curves svg")).to_contain_text("每题思考 token 数")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_text("aime <b> 的样本").click()
    expect(page.locator(".problems")).to_contain_text("正确答案：2")
    page.get_by_text("只看有错误答案的").click()
    expect(page.locator(".problems")).to_contain_text("没有。")
    page.get_by_role("combobox", name="任务").select_option("file")
    page.get_by_label("本机上的文件路径").fill("/no/such.jsonl")
    page.get_by_role("button", name="开始").click()
    expect(page.locator("#trouble")).to_contain_text("无法读取")
    page.get_by_role("combobox", name="任务").select_option(label="MMLU（本机上还没有）")
    page.get_by_role("button", name="开始").click()
    expect(page.locator("#trouble")).to_contain_text("`r1chat eval fetch mmlu` 会从站点获取 cais/mmlu:all/test")
    page.get_by_text("curve-aime24 的数值").click()
    expect(page.locator("#curves table")).to_contain_text("2 次投票")
    if AXE.exists():
        assert findings(page) == []
        page.emulate_media(color_scheme="dark")
        assert findings(page) == []
