"""The Evaluation page as HTML: its frame, the form, the list of runs and the curves. Pure: values in, HTML out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from r1chat.chat import MOST_SAMPLES
from r1chat.evaluation.curve import LARGEST, Point, label
from r1chat.evaluation.generated import TASKS
from r1chat.evaluation.listing import Curve, StoredRun
from r1chat.evaluation.picture import curve as draw_curve
from r1chat.evaluation.published import DATA_SETS
from r1chat.evaluation.starting import MOST_PROBLEMS
from r1chat.messages import ModelInfo
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, text_input
from r1chat.ui.learn.page import act
from r1chat.ui.library.page import duration
from r1chat.ui.words.evaluation import TASK_NAMES, EvaluationWords

FILE = "file"  # the choice of a file of problems


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows: runs, curves, the names of the runs that are chosen, and of the data sets that are here."""

    runs: Sequence[StoredRun]
    curves: Sequence[Curve]
    chosen: Collection[str]
    data_sets: Collection[str]


def document(w: EvaluationWords) -> Markup:
    """The frame of the page; its script fetches what stands in it."""
    return Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>r1chat: {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><script src="../r1chat/scripts/settings/looks.js"></script>'
        '<link rel="stylesheet" href="../r1chat/evaluation/page.css">'
        '<script src="../r1chat/scripts/frame.js" type="module"></script></head>'
        '<body data-source="../r1chat/evaluation/whole" data-script="../r1chat/scripts/evaluation/evaluation.js">'
        "</body></html>"
    ).format(lang=w.lang, title=w.title)


def whole(overview: Overview, models: Sequence[ModelInfo], table: Markup, w: EvaluationWords) -> Markup:
    """Everything on the page."""
    return Markup(
        '<header><a href="../" id="back">{arrow}{back}</a><h1>{title}</h1><p>{intro}</p></header>'
        '<main><div id="trouble" role="alert" data-broken="{broken}"></div>'
        '<section aria-labelledby="h-measure"><h2 id="h-measure">{measure}</h2>{form}</section>'
        '<section aria-labelledby="h-runs"><h2 id="h-runs">{runs_title}</h2><div id="runs">{runs}</div></section>'
        '<div id="side-by-side">{table}</div><div id="curves">{curves}</div></main>'
    ).format(
        arrow=icon("arrow-left"),
        back=w.back,
        title=w.title,
        intro=w.intro,
        broken=w.broken,
        measure=w.measure,
        form=form(models, overview.data_sets, w),
        runs_title=w.runs,
        runs=run_list(overview, w),
        table=table,
        curves=curves(overview.curves, w),
    )


# --- a new one -------------------------------------------------------------------------------------------------------


def form(models: Sequence[ModelInfo], data_sets: Collection[str], w: EvaluationWords) -> Markup:
    """Choose a task and a model, and start; or copy the command. `data_sets`: the names of those that are here."""
    name = models[0].name if models else "NAME"
    command = Markup(
        '<p class="command">{label} <code>{command}</code> '
        '<button type="button" data-verb="copy" data-done="{copied}">{copy}</button></p>'
    ).format(label=w.in_a_terminal, command=_command(name), copied=w.copied, copy=w.copy)
    if not models:
        return Markup("<p>{}</p>").format(w.no_model) + command
    tasks = concat(
        Markup('<option value="{}">{}</option>').format(task, TASK_NAMES[task].pick(w.lang)) for task in TASKS
    )
    published = concat(
        Markup('<option value="{}">{}</option>').format(
            name, data_set.title if name in data_sets else w.not_here.format(title=data_set.title)
        )
        for name, data_set in DATA_SETS.items()
    )
    options = concat(
        Markup('<option value="{}">{}</option>').format(model.key, model.title or model.name) for model in models
    )
    return Markup(
        '<form id="start"><div class="fields"><label>{task_label} <select name="task"><optgroup label="{made_up}">'
        '{tasks}</optgroup><optgroup label="{sets_label}">{published}</optgroup>'
        '<option value="{file}">{from_file}</option></select></label>'
        '<label>{model_label} <select name="model">{models}</select></label>'
        "{count}{k}{budget}</div>"
        '<div class="of-file" hidden><label>{path} {path_box}</label><small id="path-hint">{path_hint}</small>'
        '<label class="check"><input type="checkbox" name="run_code" aria-describedby="run-code-hint"> {run_code}'
        '</label><small id="run-code-hint">{run_code_hint}</small></div>'
        '<div class="act">{command}<button class="primary">{start}</button></div></form>'
    ).format(
        task_label=w.task,
        made_up=w.made_up,
        tasks=tasks,
        sets_label=w.data_sets,
        published=published,
        file=FILE,
        from_file=w.from_file,
        model_label=w.model,
        models=options,
        count=_number("count", w.problems, 50, 1, MOST_PROBLEMS),
        k=_number("k", w.samples_each, 1, 1, MOST_SAMPLES),
        budget=_number("budget", w.budget_asked, None, 0, LARGEST, w.budget_hint),
        path=w.path,
        path_box=text_input(name="path", maxlength=1000, spellcheck="false", aria_describedby="path-hint"),
        path_hint=w.path_hint,
        run_code=w.run_code,
        run_code_hint=w.run_code_hint,
        command=command,
        start=w.start,
    )


def _number(name: str, caption: str, value: int | None, least: int, most: int, hint: str = "") -> Markup:
    box = text_input(
        type="number",
        step=1,
        name=name,
        min=least,
        max=most,
        value=value,
        required=value is not None,
        placeholder=hint or None,
    )
    return Markup("<label>{} {}</label>").format(caption, box)


def _command(model: str) -> str:
    quoted = f'"{model}"' if " " in model else model
    return f"r1chat eval sums --model {quoted} -n 50"


# --- runs ------------------------------------------------------------------------------------------------------------


def run_list(overview: Overview, w: EvaluationWords) -> Markup:
    """All runs, newest first, each with a box to choose it."""
    if not overview.runs:
        return Markup("<p>{}</p>").format(w.no_runs)
    rows = concat(_run(run, run.name in overview.chosen, w) for run in overview.runs)
    return Markup('<p>{}</p><ul class="rows">{}</ul>').format(w.choose, rows)


def _run(run: StoredRun, chosen: bool, w: EvaluationWords) -> Markup:
    state = "running" if run.running else "done" if run.complete else "halted"
    status = getattr(w, state).format(done=run.done, all=run.problems)
    share = "" if math.isnan(run.share) else f"pass@1 {w.share.format(n=100 * run.share)}"
    buttons = EMPTY
    if run.running:
        buttons = act("stop", run.name, w.stop)
    elif not run.complete:
        buttons = act("resume", run.name, w.resume, sure=w.may_run_again if run.asked.get("code") is True else "")
    left = progress = EMPTY
    if run.running and run.left >= 1:  # outside of the state: figures are asked for anew whenever that changes
        left = Markup('<span class="left"> · {}</span>').format(w.left.format(time=duration(run.left, w.lang)))
    if run.running:
        marks = attributes(value=run.done, max=max(run.problems, 1), aria_label=run.name)
        progress = Markup("<progress{}></progress>").format(marks)
    return Markup(
        '<li class="run-row {state}" data-name="{name}"><label>'
        '<input type="checkbox" name="run" value="{name}"{checked}><span><b>{name}</b> '
        '<span class="state">{status}</span>{left}<small>{about}</small></span></label>'
        '<span class="share">{share}</span><span class="buttons">{buttons}</span>{why}{progress}</li>'
    ).format(
        state=state,
        name=run.name,
        checked=attributes(checked=chosen),
        status=status,
        left=left,
        about=w.about.format(
            model=run.asked["title"],
            problems=run.problems,
            k=run.asked["k"],
            date=f"{run.began.astimezone():%Y-%m-%d %H:%M}",
        ),
        share=share,
        buttons=buttons,
        why=Markup('<small class="why">{}</small>').format(run.failure.pick(w.lang))
        if state == "halted" and run.failure
        else EMPTY,
        progress=progress,
    )


# --- curves ----------------------------------------------------------------------------------------------------------


def curves(all_curves: Sequence[Curve], w: EvaluationWords) -> Markup:
    """The curves, each with its figures as a table."""
    if not all_curves:
        return EMPTY
    return Markup('<section aria-labelledby="h-curves"><h2 id="h-curves">{}</h2>{}</section>').format(
        w.curves, concat(_curve(curve, w) for curve in all_curves)
    )


def _curve(curve: Curve, w: EvaluationWords) -> Markup:
    state = Markup('<span class="state">{}</span>').format(w.curve_running) if curve.running else EMPTY
    figure = EMPTY
    if curve.points:
        title = f"{curve.task} · {curve.model}"
        svg = Markup(draw_curve(title, curve.points, w.lang, style=False))  # noqa: S704  it escapes all text
        rows = concat(_point(point, w) for point in curve.points)
        figure = Markup(
            '<div class="scrolled" tabindex="0" role="group" aria-label="{name}">{svg}</div><details><summary>{points}'
            '</summary><table><thead><tr><th scope="col">{setting}</th><th scope="col">{tokens}</th>'
            '<th scope="col">{right}</th></tr></thead><tbody>{rows}</tbody></table></details>'
        ).format(
            name=curve.name,
            svg=svg,
            points=w.points.format(name=curve.name),
            setting=w.setting,
            tokens=w.thinking,
            right=w.accuracy,
            rows=rows,
        )
    return Markup('<article class="run curve" data-name="{}"><h3>{} {}</h3>{}</article>').format(
        curve.name, curve.name, state, figure
    )


def _point(point: Point, w: EvaluationWords) -> Markup:
    share = point.accuracy
    text = (
        "–"
        if math.isnan(share.value)
        else f"{w.share.format(n=100 * share.value)} ({100 * share.low:.1f} … {100 * share.high:.1f})"
    )
    tokens = "–" if math.isnan(point.tokens) else f"{point.tokens:,.0f}"
    name = label(point).pick(w.lang)
    return Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>').format(
        w.budget_of.format(n=name) if point.kind == "budget" else name, tokens, text
    )
