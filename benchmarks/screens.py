"""Screenshots of the page: `python -m benchmarks.screens FOLDER [--only thought-open] [--every light-en-desktop]`, and
those of the README: `python -m benchmarks.screens assets --readme`. With `--axe`, axe-core checks each state, too (it
comes with `npm ci`).

Ten states of the chat, the pages beside it, and a conversation with a model of each of four families whose thoughts
are not marked as R1's are: each on a desktop and a phone, light and dark, in English and Chinese, named
`STATE-THEME-LANGUAGE-SIZE.png`. The models are scripted, so that the pictures are the same at every run. Needs Chromium
and the `test` extra.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks.accessibility import findings
from benchmarks.browser import chromium
from r1chat.app import App, build
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.format_finder import find_format
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.config import load
from r1chat.evaluation import Run, RunSettings, curve, load_task
from r1chat.evaluation.report import finite
from r1chat.messages import BackendEvent, Began, Raw, Request
from r1chat.reasoning_format import ReasoningFormat
from r1chat.ui.act import Act
from r1chat.ui.registry import perform

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Lang = Literal["en", "zh"]
Check = Callable[[str, "Page"], None]  # of a picture's name and the page that it was taken of

FAMILIES = {  # by state: the model's name, and its chat template
    "harmony": ("gpt-oss-20b", "openai-gpt-oss-120b"),
    "magistral": ("Magistral-Small-2509", "mistralai-Ministral-3-14B-Reasoning-2512"),
    "gemma": ("gemma-4-31B-it", "google-gemma-4-31B-it"),
    "seed-oss": ("Seed-OSS-36B-Instruct", "ByteDance-Seed-OSS"),
}
TEMPLATES = Path(__file__).parents[1] / "tests" / "data" / "formats" / "templates"


def _format_of(template: str) -> ReasoningFormat:
    form = find_format((TEMPLATES / f"{template}.jinja").read_text(encoding="utf-8"), "<BOS>", "<EOS>").form
    assert form is not None, template
    return form


@cache
def formats() -> dict[str, ReasoningFormat]:
    """The reasoning format of each family's model."""
    return {model: _format_of(template) for model, template in FAMILIES.values()}


BESIDE = {
    "library": "models/",
    "learn": "learn/",
    "evaluation": "evaluation/",
}  # pages that show without a conversation
STATES = (
    "start",
    "thought-live",
    "answer-live",
    "thought-open",
    "answer",
    "menu",
    "rated",
    "vote",
    "compare",
    "server-down",
    "data",
    *BESIDE,
    *FAMILIES,
)
README = {  # by their names in `assets`
    "page-light": "answer-light-en-desktop",
    "page-dark": "answer-dark-en-desktop",
    "page-phone": "answer-light-en-phone",
    "page-zh": "thought-open-light-zh-desktop",
    "page-moments": "thought-open-light-en-desktop",
    "page-vote": "vote-light-en-desktop",
    "page-teach": "rated-light-en-desktop",
    "page-compare": "compare-light-en-desktop",
    "page-data": "data-light-en-desktop",
}
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGS: tuple[Lang, ...] = ("en", "zh")
MODEL = "scripted:R1-Distill-Qwen-7B"
MODELS = ("R1-Distill-Qwen-7B", "Qwen3-1.7B", *(model for model, _ in FAMILIES.values()))
AWAY = "qwen3-8b"  # the model of the server that is down

THOUGHT = {
    "en": (
        "I need the area of the trapezium first. The parallel sides are 6 and 10 and the height is 4, so the area is "
        "$(6 + 10) \\cdot 4 = 64$.\n\n"
        "Wait, that forgot the half. The area of a trapezium is the mean of the parallel sides times the height, "
        "$\\frac{6 + 10}{2} \\cdot 4$.\n\n"
        "So my first result was wrong, and the area is 32.\n\n"
        "Now the tiles. One tile covers 0.25, so that would be `32 / 0.25 = 128` tiles.\n\n"
        "Hold on, let me read the question again. It asks for whole tiles that can be laid without cutting.\n\n"
        "Oh, so the slanted sides matter. On each row of height 0.5 the width shrinks by 0.5, from 10 down to 6.\n\n"
        "Row by row the upper edges are 9.5, 9, 8.5, 8, 7.5, 7, 6.5, 6. So the whole tiles are 19, 18, 17, 16, 15, 14, "
        "13, 12, which makes 124.\n\n"
        "Let me check the first row: at height 0.5 the width is 10 − 0.5 = 9.5, which holds 19 tiles.\n\n"
        "Alternatively, I could take the mean: 15.5 tiles in each of 8 rows, and that is 124 as well.\n\n"
        "Let me double-check against the area: 124 is a little below 128, as it must be."
    ),
    "zh": (
        "先求梯形的面积。上底 6，下底 10，高 4，所以面积是 $(6 + 10) \\cdot 4 = 64$。\n\n"
        "等等，忘了除以二。梯形面积等于上下底的平均值乘以高，即 $\\frac{6 + 10}{2} \\cdot 4$。\n\n"
        "所以我刚才的结果错了，面积是 32。\n\n"
        "接着算瓷砖。一块瓷砖的面积是 0.25，那么需要 `32 / 0.25 = 128` 块。\n\n"
        "等一下，让我重新看一下题目。题目要求的是不切割就能铺下的整块瓷砖。\n\n"
        "原来斜边才是关键。每升高 0.5，宽度就减少 0.5，从 10 减到 6。\n\n"
        "逐行来看，上边宽度依次是 9.5、9、8.5、8、7.5、7、6.5、6，整块瓷砖数是 19、18、17、16、15、14、13、12，"
        "合计 124 块。\n\n"
        "让我验证第一行：高度 0.5 处的宽度是 10 − 0.5 = 9.5，正好放下 19 块。\n\n"
        "换一种方法，取平均值：8 行，每行 15.5 块，也是 124 块。\n\n"
        "再检查一遍面积：124 比 128 略小，这是对的。"
    ),
}
ANSWER = {
    "en": (
        "**124 whole tiles** can be laid without cutting.\n\n"
        "Each row is as wide as its upper edge, and a row of height $0.5$ loses $0.5$ in width:\n\n"
        "$$N = \\sum_{k=1}^{8} \\left\\lfloor \\frac{10 - 0.5\\,k}{0.5} \\right\\rfloor "
        "= \\frac{(19 + 12) \\cdot 8}{2} = \\boxed{124}$$\n\n"
        "| Row | Upper edge | Whole tiles |\n|:--|--:|--:|\n| 1 | 9.5 | 19 |\n| 2 | 9.0 | 18 |\n| 8 | 6.0 | 12 |\n\n"
        "```python\nrows = [int((10 - 0.5 * k) / 0.5) for k in range(1, 9)]\nprint(sum(rows))  # 124\n```\n\n"
        "By area alone it would be $\\frac{32}{0.25} = 128$, but four of those are cut."
    ),
    "zh": (
        "不切割可以铺下 **124 块整砖**。\n\n"
        "每一行的可用宽度等于它的上边，高 $0.5$ 的一行宽度减少 $0.5$：\n\n"
        "$$N = \\sum_{k=1}^{8} \\left\\lfloor \\frac{10 - 0.5\\,k}{0.5} \\right\\rfloor "
        "= \\frac{(19 + 12) \\cdot 8}{2} = \\boxed{124}$$\n\n"
        "| 行 | 上边 | 整砖 |\n|:--|--:|--:|\n| 1 | 9.5 | 19 |\n| 2 | 9.0 | 18 |\n| 8 | 6.0 | 12 |\n\n"
        "```python\nrows = [int((10 - 0.5 * k) / 0.5) for k in range(1, 9)]\nprint(sum(rows))  # 124\n```\n\n"
        "只看面积是 $\\frac{32}{0.25} = 128$ 块，但其中四块需要切割。"
    ),
}
QUESTION = {
    "en": "A floor is a trapezium with parallel sides of 6 m and 10 m, 4 m apart. How many whole tiles of 0.5 m by "
    "0.5 m fit without cutting?",
    "zh": "地面是一个梯形，上底 6 米，下底 10 米，高 4 米。不切割的话，最多能铺多少块 0.5 米见方的整块瓷砖？",
}
EARLIER = {
    "en": ("Is 9.11 larger than 9.9?", "How many r are in strawberry?", "Plan a week of short runs"),
    "zh": ("9.11 和 9.9 哪个更大？", "strawberry 里有几个字母 r？", "制订一周的慢跑计划"),
}
SHORT = {"en": ("9.9 is larger.", "Three.", "Run on three days."), "zh": ("9.9 更大。", "三个。", "一周跑三天。")}
SUM_ANSWER = {"en": "$17 \\cdot 24 = \\boxed{408}$", "zh": "$17 \\cdot 24 = \\boxed{408}$"}
SUM = {"en": "17 · 24 = ?", "zh": "17 · 24 等于多少？"}


@dataclass
class Actor:
    """A scripted model in one language. While it is paused, it stops in the middle of a thought or of an answer."""

    lang: Lang
    pause: Literal["", "thought", "answer"] = ""

    def __post_init__(self) -> None:
        self.go_on = threading.Event()
        self.samples = itertools.cycle(["408", "408", "398", "408", "408"])

    def __call__(self, request: Request) -> Script:
        question = request.messages[-1].content
        if request.model in formats():
            return self._speak_as(request)
        if question == SUM[self.lang]:
            value = next(self.samples)
            return ["<think>", "17 · 20 = 340, 17 · 4 = 68.", "</think>", f"$17 \\cdot 24 = \\boxed{{{value}}}$"]
        if question in EARLIER[self.lang]:
            return ["<think>", "…", "</think>", SHORT[self.lang][EARLIER[self.lang].index(question)]]
        return self._speak()

    def _speak_as(self, request: Request) -> Iterator[BackendEvent | str]:
        """As a model of one of the families does: with the tags of its own template."""
        form = formats()[request.model]
        yield Began(form, form.opens_in_prompt and request.so_far is None)
        if request.so_far is not None:
            yield from _tokens(ANSWER[self.lang] if self.pause else SUM_ANSWER[self.lang])
            return
        if not form.opens_in_prompt:
            yield Raw(form.open_text, 0)
        yield from _tokens(THOUGHT[self.lang])
        while self.pause and not self.go_on.wait(0.05):  # until the person wants the answer
            yield ""
        yield from _tokens(form.close_text + ANSWER[self.lang])

    def _speak(self) -> Iterator[Raw | str]:
        thought, answer = THOUGHT[self.lang], ANSWER[self.lang]
        yield "<think>"
        if self.pause == "thought":
            yield from _tokens(thought[: len(thought) * 2 // 3])
            yield from self._wait()
            yield from _tokens(thought[len(thought) * 2 // 3 :])
        else:
            yield from _tokens(thought)
        yield "</think>"
        if self.pause == "answer":
            yield from _tokens(answer[: answer.index("|")])
            yield from self._wait()
            yield from _tokens(answer[answer.index("|") :])
        else:
            yield from _tokens(answer)

    def _wait(self) -> Iterator[str]:
        while not self.go_on.wait(0.05):
            yield ""


def _tokens(text: str) -> Iterator[Raw]:
    for start in range(0, len(text), 4):
        yield Raw(text[start : start + 4], 1)


@dataclass
class Stage:
    """The app in which the states are played, with conversations that were held before."""

    app: App
    actor: Actor
    address: Callable[[], str]  # a new one each time: it opens the page once

    def ask(self, text: str, verb: str = "ask", conversation: str = "", model: str = MODEL, budget: int = 0) -> str:
        """Send a message, with a thinking budget unless that is 0; the id of its conversation."""
        steered = ("own", budget) if budget else ("off", None)
        act = Act(verb, "", text, conversation, model, self.actor.lang, *steered)
        return str(perform(self.app, act)["conversation"])

    def finish(self, conversation: str) -> None:
        """Wait until nothing runs in a conversation."""
        while self.app.chat.running(conversation) is not None:
            time.sleep(0.02)

    def act(self, conversation: str, verb: str, subject: str, text: str = "") -> None:
        """Do something in a conversation."""
        perform(self.app, Act(verb, subject, text, conversation=conversation, model=MODEL, lang=self.actor.lang))

    def newest(self, conversation: str) -> tuple[str, str]:
        """The ids of the last message, and of the reply that shows."""
        turn = self.app.chat.conversation(conversation).turns[-1]
        assert turn.reply is not None
        return turn.id, turn.reply.id


def play(stage: Stage, state: str) -> str:
    """Bring the app into a state; the query of the page's address."""
    stage.actor.pause, stage.actor.go_on = "", threading.Event()
    if state == "start" or state in BESIDE:
        return ""
    if state in FAMILIES:
        return f"&c={answer_now_and_by_budget(stage, FAMILIES[state][0])}"
    if state == "server-down":
        return f"&model=openai:{AWAY}"
    if state in ("thought-live", "answer-live"):
        stage.actor.pause = "thought" if state == "thought-live" else "answer"
        conversation = stage.ask(QUESTION[stage.actor.lang])
        time.sleep(0.6)
        return f"&c={conversation}"
    if state == "compare":
        conversation = stage.ask(json.dumps({"prompt": QUESTION[stage.actor.lang]}), "ask-both")
        stage.finish(conversation)
        return f"&c={conversation}"
    conversation = stage.ask(SUM[stage.actor.lang] if state == "vote" else QUESTION[stage.actor.lang])
    stage.finish(conversation)
    turn, reply = stage.newest(conversation)
    if state == "vote":
        stage.act(conversation, "vote", turn, "5")
        time.sleep(0.3)
        stage.finish(conversation)
    if state in ("rated", "data"):
        stage.act(conversation, "rate", reply, '{"part": "answer", "thumb": "up"}')
        stage.act(conversation, "rate", reply, '{"part": "answer", "reason": "correct", "given": true}')
        stage.act(conversation, "refer", turn, '{"text": "124", "kind": "number"}')
    if state == "data":
        stage.app.teacher.set_consent(None, True)
    return f"&c={conversation}"


def measure_before(data_dir: Path) -> None:
    """Two runs of the same problems, one of them stopped, and a curve: what the page of evaluations shows."""
    task = load_task("sums", count=20)
    rights = {problem.question: problem.answer for problem in task.problems}

    def answers(request: Request) -> Script:
        seed, model = request.params.seed or 0, request.model
        right = rights[request.messages[0].content]
        is_right = (seed * 7 + seed // 32 * 13) % 10 < (8 if model == MODELS[0] else 5)
        thought = ["<think>", "\nLet me add them. ", "Wait, let me check that again. " * (seed % 3), "\n</think>\n\n"]
        return [*thought, f"It is $\\boxed{{{right if is_right else 0}}}$."]

    catalogue = Catalogue({"scripted": ScriptedBackend(answers, model_names=MODELS)})
    try:
        folder = data_dir / "evaluations"
        for number, model in enumerate(MODELS[1::-1]):
            name = f"sums-{model}-k4"
            Run(folder / name, task, RunSettings(f"scripted:{model}", k=4), catalogue).go_on()
            _date(folder / name, f"2026-11-2{number}T09:30:00+00:00")
        points = curve.measured(
            folder / "curve-sums", task, RunSettings(MODEL), curve.Axes((0, 16), (1,), (1, 4, 8)), catalogue
        )
        values = {"task": "sums", "model": MODEL, "points": [asdict(point) for point in points]}
        (folder / "curve-sums" / "curve.json").write_text(json.dumps(finite(values)))
        stopped = Run(folder / "products", load_task("products", count=20), RunSettings(MODEL), catalogue)
        _date(stopped.folder, "2026-11-19T09:30:00+00:00")
    finally:
        catalogue.close()


def _date(folder: Path, began: str) -> None:
    """Pictures show the same date every time."""
    file = folder / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "began": began}))


def answer_now_and_by_budget(stage: Stage, name: str) -> str:
    """A conversation whose first thought a person ends, and whose second one a budget; its id."""
    model, lang = f"scripted:{name}", stage.actor.lang
    stage.actor.pause = "thought"
    conversation = stage.ask(QUESTION[lang], model=model)
    running = stage.app.chat.running(conversation)
    while running is not None and not running.snapshots()[0].reasoning.endswith(THOUGHT[lang][-9:]):
        time.sleep(0.02)
    stage.act(conversation, "answer", "")
    stage.finish(conversation)
    stage.actor.pause = ""
    stage.ask(SUM[lang], conversation=conversation, model=model, budget=60)
    stage.finish(conversation)
    return conversation


def arrange(page: Page, state: str) -> None:
    """What a person would click to see the state."""
    page.wait_for_selector("#model-line", state="attached")
    if state not in ("start", "server-down", *BESIDE):
        page.wait_for_selector(".reply", timeout=20_000)
        page.wait_for_timeout(300)
    if state == "thought-open":
        page.locator("details.thought > summary").click()
        page.locator(".strip .line button").nth(1).click()
        page.locator(".scroll").evaluate("scroll => { scroll.scrollTop = 0; }")
    elif state == "menu":
        page.locator(".reply .more > summary").click()
    elif state == "rated":
        page.locator(".why > summary").click()
        page.locator("#jump").evaluate("button => button.click()")
    elif state == "data":
        page.goto(page.url.partition("?")[0] + "data/")
        page.wait_for_selector("#rows:not([aria-busy]) .judged")
    elif state in BESIDE:
        page.goto(page.url.partition("?")[0] + BESIDE[state])
        page.wait_for_load_state("networkidle")
        if state == "evaluation":
            page.locator("#side-by-side").evaluate("table => table.scrollIntoView()")
    elif state in FAMILIES:
        page.locator("details.thought > summary").last.click()
        page.locator(".scroll").evaluate("scroll => { scroll.scrollTop = scroll.scrollHeight; }")
    elif state == "answer" or state == "compare":
        page.locator(".scroll").evaluate("scroll => { scroll.scrollTop = 0; }")
    page.mouse.move(5, 60)  # over no button
    page.wait_for_timeout(500)


def shoot(
    browser: Browser, stage: Stage, state: str, folder: Path, names: Mapping[str, str], check: Check | None = None
) -> list[Path]:
    """The pictures of one state in one language that have a name in `names`; `check` gets each name and its page."""
    pictures: list[Path] = []
    picture_names = [name for name in names if name.startswith(f"{state}-") and f"-{stage.actor.lang}-" in name]
    if not picture_names:
        return pictures
    query = play(stage, state)
    for theme, (size, (width, height)) in itertools.product(THEMES, SIZES.items()):
        name = f"{state}-{theme}-{stage.actor.lang}-{size}"
        if name not in picture_names:
            continue
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            locale={"en": "en-GB", "zh": "zh-CN"}[stage.actor.lang],
            has_touch=size == "phone",
            is_mobile=size == "phone",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(stage.address() + query)
        arrange(page, state)
        pictures.append(folder / f"{names[name]}.png")
        page.screenshot(path=pictures[-1])
        if check is not None:
            check(name, page)
        context.close()
    stage.actor.go_on.set()
    if conversation := query.partition("&c=")[2]:  # so that the list holds other conversations in the next state
        stage.finish(conversation)
        stage.app.store.delete(conversation)
    return pictures


def run(folder: Path, names: Mapping[str, str], check: Check | None = None) -> list[Path]:
    """Play the states, and take the pictures that have a name in `names`: that of their files. `check`: see `shoot`."""
    from r1chat.ui.server import PageServer

    pictures: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for lang in (lang for lang in LANGS if any(f"-{lang}-" in name for name in names)):
            with tempfile.TemporaryDirectory() as data:
                actor = Actor(lang)
                model = ScriptedBackend(actor, model_names=MODELS, rate=400, formats=formats())
                away = OpenAIBackend("http://127.0.0.1:9/v1")
                settings = load(data_dir=data, port=0, open_browser=False, measure_speed=False)
                app = build(settings, {"scripted": model, "openai": away})
                server = PageServer(app)
                server.start()
                stage = Stage(app, actor, lambda server=server: server.address)  # type: ignore[misc]
                if any(name.startswith("evaluation-") for name in names):
                    measure_before(settings.data_dir)
                for question in EARLIER[lang]:
                    stage.finish(stage.ask(question))
                try:
                    for state in STATES:
                        pictures += shoot(browser, stage, state, folder, names, check)
                finally:
                    actor.go_on.set()
                    app.chat.close()
                    server.stop()
                    app.close()
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=STATES, action="append", help="one state; may be given more than once")
    parser.add_argument("--every", default="", metavar="TEXT", help="only pictures with this in their names: dark-en")
    parser.add_argument("--lang", choices=LANGS, action="append")
    parser.add_argument("--readme", action="store_true", help="those of the README, by their names in assets")
    parser.add_argument(
        "--axe", action="store_true", help="say what axe-core finds; the exit code is 1 if it finds something"
    )
    options = parser.parse_args()
    every = itertools.product(options.only or STATES, THEMES, options.lang or LANGS, SIZES)
    names = {name: name for name in map("-".join, every) if options.every in name}
    if options.readme:
        names = {picture: name for name, picture in README.items()}
    all_findings: list[str] = []

    def check(name: str, page: Page) -> None:
        for finding in findings(page):
            all_findings.append(finding)
            print(f"{name}: {finding}", flush=True)

    for path in run(options.folder, names, check if options.axe else None):
        print(path)
    sys.exit(1 if all_findings else 0)


if __name__ == "__main__":
    main()
