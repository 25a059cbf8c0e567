"""The Learn page as HTML. Pure: values in, HTML out; Markup.format escapes what is filled in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from r1chat.evaluation.measures import Estimate
from r1chat.learn.aspects import ASPECTS
from r1chat.learn.children import Liked
from r1chat.learn.defaults import MOST_TRIALS
from r1chat.learn.gather import APART, LEAST, SHOWS
from r1chat.learn.overview import Material
from r1chat.learn.proof import ProofExample, Side, read_proof
from r1chat.learn.recipe import RecipeStage, StageName
from r1chat.learn.runs import KINDS, UNFINISHED, RunStatus, TrainingRun
from r1chat.learn.trials import Tried, read_trials
from r1chat.sizes import readable_size
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat
from r1chat.ui.learn.curves import curves, stage_curves
from r1chat.ui.library.page import duration
from r1chat.ui.words.learn import LearnWords

WAYS = (*KINDS, *(f"kto:{aspect}" for aspect in ASPECTS))  # kinds, with the aspects of marks that label
RUNNING = ("preparing", "training", "proving")


@dataclass(frozen=True, slots=True)
class Child:
    """A child in the model list. `record`: what its run says; empty for one that was put in by hand."""

    name: str
    key: str
    record: Mapping[str, Any]
    liked: Liked
    note: str


@dataclass(frozen=True, slots=True)
class Family:
    """A base with its children."""

    base: str
    children: Sequence[Child]


def document(w: LearnWords) -> Markup:
    """The frame of the page; its script fetches what stands in it."""
    return Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>r1chat: {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><script src="../r1chat/scripts/settings/looks.js"></script>'
        '<link rel="stylesheet" href="../r1chat/learn/page.css">'
        '<script src="../r1chat/scripts/frame.js" type="module"></script></head>'
        '<body data-source="../r1chat/learn/whole" data-script="../r1chat/scripts/learn/learn.js"></body></html>'
    ).format(lang=w.lang, title=w.title)


def whole(
    materials: Sequence[Material],
    missing: Sequence[str],
    runs: Markup,
    families: Sequence[Family],
    stages: Sequence[RecipeStage],
    w: LearnWords,
) -> Markup:
    """Everything on the page."""
    return Markup(
        '<header><a href="../" id="back">{arrow}{back}</a><h1>{title}</h1><p>{intro}</p></header>'
        '<main><div id="trouble" role="alert" data-broken="{broken}"></div>'
        '<section aria-labelledby="h-gathered"><h2 id="h-gathered">{gathered}</h2>{form}</section>'
        '<section aria-labelledby="h-runs"><h2 id="h-runs">{runs_title}</h2><div id="runs">{runs}</div></section>'
        '<section aria-labelledby="h-family"><h2 id="h-family">{family}</h2><div id="family">{families}</div></section>'
        '<section aria-labelledby="h-recipe"><h2 id="h-recipe">{made}</h2><div id="recipe">{recipe}</div></section>'
        '</main><dialog id="blind" aria-labelledby="h-blind"><header><h2 id="h-blind">{blind}</h2>'
        '<button type="button" data-verb="close" aria-label="{close}">{cross}</button></header>'
        '<div class="card"></div></dialog>'
    ).format(
        arrow=icon("arrow-left"),
        back=w.back,
        blind=w.blind,
        close=w.close,
        cross=icon("x"),
        title=w.title,
        intro=w.intro,
        broken=w.broken,
        gathered=w.gathered,
        form=form(materials, missing, w),
        runs_title=w.runs,
        runs=runs,
        family=w.family,
        families=family(families, w),
        made=w.recipe,
        recipe=recipe(stages, w),
    )


# --- what there is ---------------------------------------------------------------------------------------------------


def form(materials: Sequence[Material], missing: Sequence[str], w: LearnWords) -> Markup:
    """Choose a model and a way, and train."""
    if missing:
        return Markup("<p>{}</p>").format(w.not_installed.format(names=", ".join(missing)))
    if not materials:
        between = "" if w.lang == "zh" else " "
        return Markup('<p>{}{}<a href="../models/">{}</a></p>').format(w.no_models, between, w.get_models)
    models = concat(
        Markup(
            '<li><label><input type="radio" name="model" value="{key}"{checked}><span><b>{title}</b>'
            "<small>{counts}</small><small>{suffices}</small></span></label></li>"
        ).format(
            key=material.model.key,
            checked=attributes(checked=not number),
            title=material.model.title or material.model.name,
            counts=w.counts.format(pairs=material.pairs, thumbs=material.thumbs, references=material.references),
            suffices=_suffices(material, w),
        )
        for number, material in enumerate(materials)
    )
    ways = concat(
        Markup('<option value="{}">{}</option>').format(kind, getattr(w, kind.replace(":", "_"))) for kind in WAYS
    )
    return Markup(
        '<form id="train"><fieldset><legend class="hidden">{model}</legend><ul class="rows">{models}</ul></fieldset>'
        '<div class="act"><label>{way} <select name="kind">{ways}</select></label>'
        '<label title="{about}">{trials} <select name="trials">{counts}</select></label>'
        '<button class="primary">{train}</button></div></form>'
    ).format(
        model=w.model,
        models=models,
        way=w.way,
        ways=ways,
        trials=w.trials,
        about=w.about_trials,
        counts=concat(Markup("<option>{}</option>").format(count) for count in range(1, MOST_TRIALS + 1)),
        train=w.train,
    )


def _suffices(material: Material, w: LearnWords) -> str:
    """What the judgements of a model are enough for."""
    expected = material.expected
    text = w.too_few.format(least=round(LEAST / (1 - APART)), shows=SHOWS)
    if material.enough:
        text = w.suffices.format(
            lift=material.lift, time=duration(expected.seconds, w.lang), memory=readable_size(expected.memory)
        )
    if not material.enough_answers:
        return text
    sampled = material.by_answers
    more = w.answers_suffice.format(time=duration(sampled.seconds, w.lang), memory=readable_size(sampled.memory))
    return " ".join((text, more))


# --- runs ------------------------------------------------------------------------------------------------------------


def run_cards(runs: Sequence[TrainingRun], child_names: Mapping[str, str], w: LearnWords) -> Markup:
    """All runs, newest first. `child_names`: those of their children in the model list, by the name of the run."""
    if not runs:
        return Markup("<p>{}</p>").format(w.no_runs)
    return concat(
        run_card(run, run.status, child_names.get(run.name, ""), w, opened=not number)
        for number, run in enumerate(runs)
    )


def run_card(run: TrainingRun, status: RunStatus, child: str, w: LearnWords, opened: bool) -> Markup:
    """A run: how far it is, its curves, and what came of it. `child`: its name in the model list, or ""."""
    running = status.state in RUNNING
    text = getattr(w, status.state).format(step=status.step, steps=status.steps)
    if running and status.left >= 1:
        text += " · " + w.left.format(time=duration(status.left, w.lang))
    why = status.sentence.pick(w.lang) if status.why[0] else ""
    progress = EMPTY
    if running:
        value = attributes(value=status.step, max=status.steps) if status.steps else EMPTY
        progress = Markup('<progress aria-label="{}"{}></progress>').format(run.name, value)
    about = w.about_run.format(rows=status.rows, held=status.held, rate=status.rate) if status.rate else ""
    return Markup(
        '<article class="run {state}" data-name="{name}"><h3>{name} '
        '<span class="state" role="status">{text}</span></h3>'
        '{progress}{about}{why}{trials}{curves}{proof}<div class="buttons">{buttons}</div></article>'
    ).format(
        state=status.state,
        name=run.name,
        text=text,
        progress=progress,
        about=Markup("<small>{}</small>").format(about) if about else EMPTY,
        why=Markup('<p class="why">{}</p>').format(why) if why else EMPTY,
        trials=_trials(read_trials(status.trials), w),
        curves=curves(run.log(), w) if opened or running else EMPTY,
        proof=proof(status, w, opened) if status.proof else EMPTY,
        buttons=_run_buttons(run, status, child, w),
    )


def _trials(trials: Sequence[Tried], w: LearnWords) -> Markup:
    """What each trial that has ended came to."""
    if not trials:
        return EMPTY
    items = concat(
        Markup("<li{}>{}</li>").format(attributes(class_="kept" if trial.kept else None), trial.sentence.pick(w.lang))
        for trial in trials
    )
    return Markup('<ol class="trials" aria-label="{}">{}</ol>').format(w.trials, items)


def _run_buttons(run: TrainingRun, status: RunStatus, child: str, w: LearnWords) -> Markup:
    if status.state in RUNNING:
        if run.is_stopping:
            return Markup("<span>{}</span>").format(w.cancelling if run.is_cancelled else w.pausing)
        return act("pause", run.name, w.pause) + act("cancel", run.name, w.cancel)
    buttons = EMPTY
    if status.state == "done" or (status.state == "cancelled" and run.adapter.exists()):
        if child:
            buttons += Markup('<span class="kept">{}</span>').format(w.kept.format(name=child))
        else:
            buttons += act("keep", run.name, w.keep, primary=True)
    if status.state in UNFINISHED:
        buttons += act("resume", run.name, w.go_on)
    return buttons + act("delete-run", run.name, w.delete, w.delete_run.format(name=run.name))


def proof(status: RunStatus, w: LearnWords, opened: bool) -> Markup:
    """Figures with their intervals, and answers before and after."""
    figures = read_proof(status.proof)
    if figures is None:
        return EMPTY
    rows = [_figure(w.agreed, figures.agreed, lambda x: f"{x:.0%}")]
    rows += [_figure(getattr(w, f"agreed_{name}"), getattr(figures, name), lambda x: f"{x:.0%}") for name in ASPECTS]
    rows += [
        _figure(
            getattr(w, name).format(k=figures.samples), getattr(figures, name), lambda x: w.points.format(value=100 * x)
        )
        for name in ("right", "majority", "ended", "form", "language")
    ]
    rows += [_figure(getattr(w, name), getattr(figures, name), lambda x: f"{x:+.0f}") for name in ("tokens", "thought")]
    rows.append(_figure(w.plain, Estimate(figures.plain, math.nan, math.nan), lambda x: f"{x:+.2f}"))
    return Markup(
        '<details class="proof"{opened}><summary>{title}</summary><table><thead><tr><th scope="col">{figure}</th>'
        '<th scope="col">{change}</th><th scope="col">{interval}</th></tr></thead><tbody>{rows}</tbody></table>'
        '<ul class="examples">{examples}</ul></details>'
    ).format(
        opened=attributes(open=opened),
        title=w.proof,
        figure=w.figure,
        change=w.change,
        interval=w.interval,
        rows=concat(rows),
        examples=concat(_example(example, w) for example in figures.examples[:6]),
    )


def _figure(name: str, estimate: Estimate, worded: Callable[[float], str]) -> Markup:
    if math.isnan(estimate.value):
        return EMPTY
    between = "" if math.isnan(estimate.low) else f"{worded(estimate.low)} … {worded(estimate.high)}"
    return Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>').format(
        name, worded(estimate.value), between
    )


def _example(example: ProofExample, w: LearnWords) -> Markup:
    same = example.before.answer == example.after.answer
    return Markup('<li><p class="prompt">{prompt}</p><div class="sides">{before}{after}</div></li>').format(
        prompt=example.prompt,
        before=_side(w.before, example.before, w, opened=same),
        after=_side(w.after, example.after, w, opened=same),
    )


def _side(title: str, side: Side, w: LearnWords, opened: bool) -> Markup:
    """One side; its thought unfolded where the answers do not differ."""
    mark = EMPTY
    if side.right is not None:
        mark = Markup('<span class="{}">{}</span>').format(
            "right" if side.right else "wrong", w.right_mark if side.right else w.wrong_mark
        )
    thought = EMPTY
    if side.reasoning:
        thought = Markup("<details{}><summary>{}</summary><p>{}</p></details>").format(
            attributes(open=opened), w.thinks, side.reasoning
        )
    return Markup("<section><h4>{} {}</h4>{}<p>{}</p></section>").format(title, mark, thought, side.answer)


# --- the family ------------------------------------------------------------------------------------------------------


def family(families: Sequence[Family], w: LearnWords) -> Markup:
    """Bases with their children."""
    if not families:
        return Markup("<p>{}</p>").format(w.no_children)
    return Markup('<ul class="tree">{}</ul>').format(
        concat(
            Markup("<li><b>{}</b><ul>{}</ul></li>").format(
                parent.base, concat(_child(child, w) for child in parent.children)
            )
            for parent in families
        )
    )


def _child(child: Child, w: LearnWords) -> Markup:
    record = child.record
    origin = w.put_in
    if record:
        origin = w.from_judgements.format(n=record["rows"] + record["held"], date=str(record["ended"])[:10])
    verdict = child.note or child.liked.verdict.pick(w.lang)
    chat = Markup('<a class="chat" href="../?{}">{}</a>').format(urlencode({"model": child.key}), w.chat)
    buttons = concat(
        (
            EMPTY if child.note else chat,
            EMPTY if child.note else act("compare", child.name, w.compare),
            act("rename", child.name, w.rename, ask=w.rename_to.format(name=child.name)),
            act("delete", child.name, w.delete, w.delete_child.format(name=child.name)),
        )
    )
    return Markup(
        "<li><div><b>{name}</b><small>{origin}</small><small>{verdict}</small></div><span>{buttons}</span></li>"
    ).format(name=child.name, origin=origin, verdict=verdict, buttons=buttons)


# --- R1's recipe -----------------------------------------------------------------------------------------------------


def recipe(stages: Sequence[RecipeStage], w: LearnWords) -> Markup:
    """What each stage of R1's recipe does to a model, with the curves of those that were run here."""
    texts: tuple[tuple[StageName, str, str], ...] = (
        ("cold-start", w.cold_start, w.about_cold_start),
        ("reject", w.reject, w.about_reject),
        ("grpo", w.grpo_stage, w.about_grpo),
        ("distill", w.distill, w.about_distill),
    )
    parts = []
    for name, title, about in texts:
        run = [stage for stage in stages if stage.name == name]
        cards = concat(_stage(stage, w, opened=not number) for number, stage in enumerate(run))
        parts.append(
            Markup('<article class="stage"><h3>{}</h3><p>{}</p>{}</article>').format(
                title, about, cards or _command(w.not_run, name)
            )
        )
    return Markup("<p>{}</p>{}{}").format(w.recipe_intro, _command("", "demo"), concat(parts))


def _command(before: str, stage: str) -> Markup:
    return Markup("<small>{} <code>r1chat train {} FOLDER</code></small>").format(before, stage)


def _stage(stage: RecipeStage, w: LearnWords, opened: bool) -> Markup:
    last = stage.log[-1]
    facts = [w.stage_steps.format(steps=int(last["step"]), tokens=last.get("tokens", 0) / 1e6)]
    if stage.samples:
        facts.append(w.stage_kept.format(kept=stage.kept, samples=stage.samples))
    if stage.tested is not None:
        facts.append(w.stage_tested.format(share=stage.tested))
    why = Markup('<p class="why">{}</p>').format(stage.verdict.pick(w.lang)) if stage.verdict else EMPTY
    return Markup(
        '<details{opened}><summary title="{folder}"><b>{title}</b> <small>{facts}</small></summary>'
        "{why}{curves}</details>"
    ).format(
        opened=attributes(open=opened, data_live=stage.live),
        folder=str(stage.folder),
        title=stage.title,
        facts=" · ".join(facts),
        why=why,
        curves=stage_curves(stage, w),
    )


def act(verb: str, name: str, text: str, sure: str = "", ask: str = "", primary: bool = False) -> Markup:
    """A button that does something with a run or a child; `sure` is asked before, `ask` asks for a text."""
    return Markup('<button type="button"{}>{}</button>').format(
        attributes(
            data_verb=verb,
            data_id=name,
            data_sure=sure or None,
            data_ask=ask or None,
            class_="primary" if primary else None,
            aria_label=f"{text}: {name}",
        ),
        text,
    )
