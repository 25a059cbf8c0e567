"""`r1chat eval`: runs a task, lists runs, compares two."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from r1chat.app import connect_all
from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.cli.fetching import bring
from r1chat.cli.process import harmless, polite_signals
from r1chat.config import Settings
from r1chat.errors import EvaluationError
from r1chat.evaluation import Problem, Run, RunSettings, Solved, Task, curve, load_task, measure
from r1chat.evaluation.judging import is_of_today, renew
from r1chat.evaluation.listing import FOLDER, sound_specification
from r1chat.evaluation.loading import DATA_FOLDER, missing
from r1chat.evaluation.measures import bootstrap, compare_runs, pass_at
from r1chat.evaluation.picture import curve as draw_curve
from r1chat.evaluation.picture import picture
from r1chat.evaluation.published import DATA_SETS, known_name
from r1chat.evaluation.record import SPECIFICATION, read_solved, read_specification, runs
from r1chat.evaluation.report import as_values, finite, lines, paired_lines
from r1chat.evaluation.starting import load_again, name_of, settings_of
from r1chat.files import replacing
from r1chat.rewards.programs import unprotected


def evaluate(settings: Settings, words: list[str], flags: Mapping[str, Any]) -> int:
    """Do what `r1chat eval` was asked: a task by name or file, or one of `list`, `fetch`, `compare`, `resume`, `curve`.

    Raises R1ChatError.
    """
    folder = settings.data_dir / FOLDER
    if words == ["list"]:
        return _list(folder)
    if words[0] == "compare":
        if len(words) != 3:
            raise EvaluationError(_TWO_RUNS)
        return _compare([_existing(folder, name) for name in words[1:]], flags["as_json"])
    if words[0] == "fetch":
        if len(words) != 2:
            raise EvaluationError(_FETCH_WHAT)
        return _fetch(settings, words[1], flags)
    if words[0] == "resume":
        if len(words) != 2:
            raise EvaluationError(_ONE_RUN)
        return _resume(settings, _existing(folder, words[1]), flags)
    if words[0] == "curve":
        if len(words) != 2:
            raise EvaluationError(_CURVE_OF)
        return _curve(settings, folder, words[1], flags)
    if len(words) > 1:
        raise EvaluationError(_ONE_TASK.format(words=" ".join(words)))
    return _run(settings, folder, words[0], flags)


def _run(settings: Settings, folder: Path, name: str, flags: Mapping[str, Any]) -> int:
    count = flags["count"]
    if count < 1:
        raise EvaluationError(_NO_COUNT.format(count=count))
    task = _loaded(settings, name, count, flags)
    with polite_signals(), closing(connect_all(settings)) as catalogue:
        run_settings = _asked(settings, catalogue, flags)
        run = Run(folder / _checked(flags["name"] or name_of(task, run_settings)), task, run_settings, catalogue)
        solved = _with_progress(run, quiet=flags["as_json"])
    return _report(run.folder, solved, flags["as_json"])


def _resume(settings: Settings, folder: Path, flags: Mapping[str, Any]) -> int:
    """Go on with a run, whatever flags it was begun with."""
    task = load_again(folder)
    _check_code(task, flags["run_code"])
    with polite_signals(), closing(connect_all(settings)) as catalogue:
        solved = _with_progress(Run(folder, task, settings_of(folder), catalogue), quiet=flags["as_json"])
    return _report(folder, solved, flags["as_json"])


def _report(folder: Path, solved: Sequence[Solved], as_json: bool) -> int:
    """Write and print what a run found."""
    specification = read_specification(folder)
    measures = measure(solved)
    report = _write_report(folder, solved)
    if as_json:
        print(harmless(report, sys.stdout))
        return 0
    for line in lines(specification, measures):
        print(harmless(line, sys.stdout))
    print(f"Every sample: r1chat serve --data-dir {folder}\nThe picture: {folder / 'report.svg'}")
    return 0


def _write_report(folder: Path, solved: Sequence[Solved]) -> str:
    """Write what a run found into its folder; the report as JSON. Raises ExportError."""
    specification, measures = read_specification(folder), measure(solved)
    report = json.dumps(as_values(specification, measures), ensure_ascii=False, indent=2)
    for file, text in (("report.json", report), ("report.svg", picture([(specification, measures)]))):
        with replacing(folder / file, follow=False) as stream:
            stream.write(text.encode())
    return report


def _fetch(settings: Settings, name: str, flags: Mapping[str, Any]) -> int:
    """Bring the file of a task, and say what it is."""
    source = flags["source"] or ""
    if missing(name, settings.data_dir / DATA_FOLDER, source) is None and not source and not known_name(name):
        raise EvaluationError(_NOTHING_TO_FETCH.format(name=name, names=", ".join(DATA_SETS)))
    folder = bring(settings, name, source, agreed=True, quiet=flags["as_json"])
    task = load_task(name, folder=folder, hub=source)
    print(harmless(f"{task.name}: {len(task.problems)} problems ({task.source}) in {folder}", sys.stdout))
    return 0


def _loaded(settings: Settings, name: str, count: int, flags: Mapping[str, Any]) -> Task:
    """The task. Raises EvaluationError where it holds programs to run and nobody said that they may be."""
    source = flags["source"] or ""
    folder = bring(settings, name, source, agreed=flags["fetch"] or bool(source), quiet=flags["as_json"])
    task = load_task(name, flags["split"], count, flags["language"] or "", folder, source)
    _check_code(task, flags["run_code"])
    return task


def _check_code(task: Task, run_code: bool) -> None:
    """Say what is not confined where programs will be run. Raises EvaluationError where nobody allowed that."""
    if not task.code:
        return
    if not run_code:
        raise EvaluationError(_MAY_RUN.format(task=task.name, missing=unprotected()))
    print(_WILL_RUN.format(missing=unprotected()), file=sys.stderr)


def _curve(settings: Settings, folder: Path, name: str, flags: Mapping[str, Any]) -> int:
    if flags["count"] < 1:
        raise EvaluationError(_NO_COUNT.format(count=flags["count"]))
    numbers = {key: _numbers(key, flags[key]) for key in ("budgets", "waits", "votes") if flags[key] is not None}
    axes = curve.checked(curve.Axes(**numbers))
    task = _loaded(settings, name, flags["count"], flags)
    if task.code and axes.votes[1:]:
        raise EvaluationError(_NO_VOTES)
    with polite_signals(), closing(connect_all(settings)) as catalogue:
        run_settings = _asked(settings, catalogue, flags)
        title = flags["name"] or re.sub(r"[^\w.-]+", "-", f"curve-{task.name}-{run_settings.model.partition(':')[2]}")

        def work(name: str, run: Run) -> list[Solved]:
            return _with_progress(run, flags["as_json"], name)

        points = curve.measured(folder / _checked(title), task, run_settings, axes, catalogue, work)
    heading = f"{task.name}: {len(task.problems)} problems, {run_settings.model}"
    values = json.dumps(finite({"task": task.name, "model": run_settings.model, "points": [asdict(p) for p in points]}))
    for file, text in (("curve.json", values), ("curve.svg", draw_curve(heading, points))):
        with replacing(folder / title / file, follow=False) as stream:
            stream.write(text.encode())
    if flags["as_json"]:
        print(values)
        return 0
    for line in (heading, *curve.lines(points), f"The picture: {folder / title / 'curve.svg'}"):
        print(harmless(line, sys.stdout))
    return 0


def _numbers(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise EvaluationError(_NO_NUMBERS.format(name=name, text=text)) from None


def _asked(settings: Settings, catalogue: Catalogue, flags: Mapping[str, Any]) -> RunSettings:
    values = [(name, value) for name, value in settings.preferred_sampling.items() if name != "seed"]
    return RunSettings(
        model=catalogue.default(settings.model, settings.backend or "").key,
        k=flags["samples"],
        seed=flags["seed"] or 0,
        sampling=tuple(sorted(values)),
        thinking=settings.thinking,
        system=settings.system,
        budget=flags["budget"],
    )


def _with_progress(run: Run, quiet: bool, name: str = "") -> list[Solved]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        bar = progress.add_task("", total=len(run.task.problems))

        def tell(problem: Problem, done: list[Solved]) -> None:
            decided = [sample.correct for solved in done for sample in solved.samples if sample.correct is not None]
            right = f"{sum(decided) / len(decided):.0%} right" if decided else "…"
            description = harmless(f"{name or run.task.name}: {right}", sys.stderr)
            progress.update(bar, completed=len(done), description=description)

        solved = run.go_on(tell)
        progress.update(bar, completed=len(solved))
    return solved


def _list(folder: Path) -> int:
    listing = list(runs(folder))
    for place, specification in listing:
        done = read_solved(place)
        share = bootstrap([pass_at(1, solved) for solved in done]).value
        state = (
            ""
            if len(done) == specification.get("problems")
            else f"  {len(done)} of {specification.get('problems')} done"
        )
        if done and not is_of_today(place):
            state += "  judged by the rules of another version; eval resume or compare judges it anew"
        print(harmless(f"{place.name:<44}  pass@1 {100 * share:5.1f} %{state}", sys.stdout))
    if not listing:
        print("There is no run yet: r1chat eval sums --model NAME makes one.")
    return 0


def _compare(folders: list[Path], as_json: bool) -> int:
    specifications = [sound_specification(folder) for folder in folders]
    if specifications[0]["digest"] != specifications[1]["digest"]:
        raise EvaluationError(_OTHER_TASK.format(one=folders[0].name, other=folders[1].name))
    for folder in folders:
        if renew(folder):
            _write_report(folder, read_solved(folder))
    specifications = [sound_specification(folder) for folder in folders]
    solved = [read_solved(folder) for folder in folders]
    paired = compare_runs(*solved)
    if as_json:
        values = {"runs": specifications, "paired": asdict(paired)}
        print(harmless(json.dumps(values, ensure_ascii=False, indent=2), sys.stdout))
        return 0
    for specification, done in zip(specifications, solved, strict=True):
        for line in lines(specification, measure(done)):
            print(harmless(line, sys.stdout))
    for line in paired_lines(paired, [folder.name for folder in folders]):
        print(harmless(line, sys.stdout))
    return 0


def _checked(name: str) -> str:
    """The name of a folder, and no way out of the one in which it lies. Raises EvaluationError."""
    if Path(name).name != name or "\0" in name or name.startswith("."):
        raise EvaluationError(_NO_NAME.format(name=name))
    return name


def _existing(folder: Path, name: str) -> Path:
    place = folder / Path(name).name
    if not (place / SPECIFICATION).exists():
        known = ", ".join(path.name for path, _ in runs(folder))
        raise EvaluationError(_NO_RUN.format(name=name, names=known) if known else _NO_RUNS.format(name=name))
    return place


_NO_NAME = Both(
    "--name {name}: a run's name is that of a folder, without / and without a dot at its beginning.",
    "--name {name}：运行的名称是文件夹名，不含 /，也不以点开头。",
)
_CURVE_OF = Both("A curve is of one task: r1chat eval curve TASK.", "曲线只针对一个任务：r1chat eval curve 任务。")
_NO_NUMBERS = Both(
    "--{name} {text}: give whole numbers with commas between them, such as 1,4,8.",
    "--{name} {text}：请给出用逗号隔开的整数，例如 1,4,8。",
)
_MAY_RUN = Both(
    "{task} asks for programs. To judge them, what the model writes is run on this computer: without network, in a "
    "folder of its own, with limits on time, memory and files.{missing} Say that you want this with --run-code.",
    "{task} 要求编写程序。评判时会在本机运行模型写的程序：无网络，在单独的文件夹里，并限制时间、内存和文件。{missing}"
    "如果同意，请加上 --run-code。",
)
_WILL_RUN = Both("What the model writes is run on this computer.{missing}", "将在本机运行模型写的程序。{missing}")
_NO_VOTES = Both(
    "Programs do not vote: there is no majority of them. Give --votes 1.", "程序之间没有多数票。请用 --votes 1。"
)
_TWO_RUNS = Both(
    "Compare takes two runs: r1chat eval compare RUN RUN. `r1chat eval list` names them.",
    "compare 需要两次运行：r1chat eval compare RUN RUN。`r1chat eval list` 会列出它们。",
)
_ONE_RUN = Both(
    "Resume takes one run: r1chat eval resume RUN. `r1chat eval list` names them.",
    "resume 需要一次运行：r1chat eval resume RUN。`r1chat eval list` 会列出它们。",
)
_ONE_TASK = Both(
    "“{words}” is more than one task. Give one; options begin with --.",
    "“{words}”不止一个任务。请只给一个；选项以 -- 开头。",
)
_FETCH_WHAT = Both(
    "Fetch takes one task: r1chat eval fetch gsm8k, or a name of yours with --from OWNER/NAME:FILE.",
    "fetch 需要一个任务：r1chat eval fetch gsm8k，或自定名称并加上 --from OWNER/NAME:FILE。",
)
_NOTHING_TO_FETCH = Both(
    "{name} needs nothing from a hub. What can be fetched: {names}; or a name of yours with --from OWNER/NAME:FILE.",
    "{name} 不需要从站点获取。可获取：{names}；或自定名称并加上 --from OWNER/NAME:FILE。",
)
_NO_COUNT = Both(
    "-n {count} is no number of problems. Give 1 or more.", "-n {count} 不是题目数量。请给出 1 或更大的数。"
)
_OTHER_TASK = Both(
    "{one} and {other} are runs of different problems, and cannot be compared.",
    "{one} 和 {other} 的题目不同，无法比较。",
)
_NO_RUNS = Both(
    "There is no run “{name}”, and no other. `r1chat eval TASK --model NAME` makes one.",
    "没有名为“{name}”的运行，也没有其他运行。`r1chat eval TASK --model NAME` 会产生一次运行。",
)
_NO_RUN = Both("There is no run “{name}”. There are: {names}.", "没有名为“{name}”的运行。现有：{names}。")
