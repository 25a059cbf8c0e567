"""The library page as HTML. Pure: values in, HTML out; Markup.format escapes what is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import psutil
from markupsafe import Markup

from r1chat.both import Both
from r1chat.config import NANO
from r1chat.library import CURATED, Curated, Job, Repository, Variant
from r1chat.library.curated import need, suitable
from r1chat.messages import ModelInfo
from r1chat.sizes import readable_size
from r1chat.ui.words.library import LibraryWords

EMPTY = Markup("")


@dataclass(frozen=True, slots=True)
class Machine:
    """What this computer has, in bytes."""

    memory: int
    free: int
    disk: int


def document(w: LibraryWords) -> Markup:
    """The frame of the page; its script fetches what stands in it."""
    return Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>r1chat: {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="../r1chat/library/page.css">'
        '<script src="../r1chat/scripts/frame.js" type="module"></script></head>'
        '<body data-source="../r1chat/library/whole" data-script="../r1chat/library/page.js"></body></html>'
    ).format(lang=w.lang, title=w.title)


def library(
    machine: Machine, models: Sequence[ModelInfo], jobs: Sequence[Job], removable: set[str], host: str, w: LibraryWords
) -> Markup:
    """Everything on the page."""
    suggested = suitable(machine.free)
    others = [model for model in CURATED if model not in suggested]
    return Markup(
        '<header><a href="../" id="back">{back}</a><h1>{title}</h1><p>{machine}</p><p class="privacy">{privacy}</p>'
        '</header><main><div id="trouble" role="alert" data-broken="{broken}"></div><section '
        'aria-labelledby="h-suggested"><h2 id="h-suggested">{suggested}</h2><div class="cards">{cards}</div></section>'
        '<section aria-labelledby="h-downloads" id="downloads"{hidden}><h2 id="h-downloads">{downloads}</h2>'
        '<div id="jobs" aria-live="polite">{jobs}</div></section>'
        '<section aria-labelledby="h-here"><h2 id="h-here">{here}</h2><div id="here">{models}</div></section>'
        '<section aria-labelledby="h-find"><h2 id="h-find">{search}</h2><form id="find" role="search">'
        '<input name="text" type="search" aria-labelledby="h-find" placeholder="{placeholder}" maxlength="300" '
        'required><button>{find}</button></form><div id="found" aria-live="polite"></div></section>'
        '<section aria-labelledby="h-more"><h2 id="h-more">{more}</h2><ul class="rows">{others}</ul></section></main>'
    ).format(
        back=w.back,
        title=w.title,
        machine=w.machine.format(
            memory=readable_size(machine.memory), free=readable_size(machine.free), disk=readable_size(machine.disk)
        ),
        privacy=w.privacy.format(host=host),
        broken=w.broken,
        suggested=w.suggested,
        cards=_joined(card(model, machine, w) for model in suggested),
        downloads=w.downloads,
        hidden=EMPTY if jobs else Markup(" hidden"),
        jobs=downloads(jobs, w),
        here=w.here,
        models=installed(models, removable, w),
        search=w.search.format(host=host),
        placeholder=w.placeholder,
        find=w.find,
        more=w.more,
        others=_joined(row(model, machine, w) for model in others),
    )


def card(model: Curated, machine: Machine, w: LibraryWords) -> Markup:
    """A suggested model, with what it needs and the button that brings it."""
    return Markup(
        '<article class="card" id="{name}"><h3>{name}</h3><p>{text}</p><p class="forecast">{forecast}</p>'
        '<p class="small">{size} · {licence}</p>{button}</article>'
    ).format(
        name=model.name,
        text=model.text.pick(w.lang),
        forecast=forecast(model, machine, w),
        size=readable_size(model.size),
        licence=w.licence.format(licence=model.licence),
        button=_button(model, w, primary=True),
    )


def suggestions() -> list[tuple[str, str]]:
    """Names and sizes of the models that suit this computer, for the empty conversation."""
    free = psutil.virtual_memory().available
    return [(model.name, readable_size(model.size)) for model in suitable(free)]


def row(model: Curated, machine: Machine, w: LibraryWords) -> Markup:
    """Another model of the curated list."""
    return Markup(
        '<li id="{name}"><div><b>{name}</b> <span>{text}</span><small>{size} · {licence} · {forecast}</small></div>'
        "{button}</li>"
    ).format(
        name=model.name,
        text=model.text.pick(w.lang),
        size=readable_size(model.size),
        licence=model.licence,
        forecast=forecast(model, machine, w),
        button=_button(model, w),
    )


def forecast(model: Curated, machine: Machine, w: LibraryWords) -> str:
    """Whether the model fits into memory."""
    needed = need(model)
    text = w.fits if needed <= machine.free else w.tight if needed <= machine.memory else w.too_large
    return text.format(need=readable_size(needed))


def downloads(jobs: Iterable[Job], w: LibraryWords) -> Markup:
    """The downloads, with how far each is and what can be done with it."""
    return _joined(_download(job, w) for job in jobs)


def _download(job: Job, w: LibraryWords) -> Markup:
    share = 100 * job.done / job.total if job.total else 0
    done, total = readable_size(job.done), readable_size(job.total)
    told = {
        "waiting": w.waiting,
        "running": w.running.format(done=done, total=total, speed=readable_size(job.speed)),
        "checking": w.checking,
        "paused": w.paused.format(done=done, total=total),
        "done": f"{w.done} · {total}",
        "failed": job.error.sentence(w.lang) if job.error else w.failed,
    }[job.state]
    if job.state == "running" and job.left is not None:
        told += " · " + w.left.format(time=duration(job.left, w.lang))
    acts = {
        "waiting": ("pause", "cancel"),
        "running": ("pause", "cancel"),
        "checking": (),
        "paused": ("resume", "cancel"),
        "failed": ("resume", "cancel"),
        "done": (),
    }[job.state]
    buttons = _joined(
        Markup('<button type="button" data-verb="{verb}" data-id="{id}">{text}</button>').format(
            verb=verb, id=job.id, text=getattr(w, verb)
        )
        for verb in acts
    )
    if job.state == "done":
        buttons = _chat_link(f"llama.cpp:{job.variant.files[0].name.removesuffix('.gguf')}", job.variant.name, w)
    return Markup(
        '<div class="job {state}"><b>{name}</b><progress max="100" value="{share}" aria-label="{name}"></progress>'
        "<span>{told}</span><div>{buttons}</div></div>"
    ).format(state=job.state, name=job.variant.name, share=f"{share:.1f}", told=told, buttons=buttons)


def installed(models: Sequence[ModelInfo], removable: set[str], w: LibraryWords) -> Markup:
    """The models that can be chatted with now. `removable` has the keys of those that r1chat may delete."""
    rows = []
    for model in models:
        name = model.name
        remove = EMPTY
        if model.key in removable:
            remove = Markup(
                '<button type="button" data-verb="remove" data-id="{key}" data-sure="{sure}" aria-label="{label}">'
                "{text}</button>"
            ).format(
                key=model.key,
                sure=w.really.format(name=name, size=readable_size(model.size)),
                label=w.remove_of.format(name=name),
                text=w.remove,
            )
        note = Both.of(model.note).pick(w.lang)
        size = readable_size(model.size) if model.size else ""
        details = " · ".join(part for part in (model.backend, size, model.quantisation, note) if part)
        rows.append(
            Markup("<li><div><b>{name}</b> <small>{details}</small></div><span>{chat}{remove}</span></li>").format(
                name=name,
                details=details,
                chat=_chat_link(model.key, name, w) if model.ready else EMPTY,
                remove=remove,
            )
        )
    only_nano = all(model.name == NANO for model in models)
    hint = Markup("<p>{}</p>").format(w.none_here) if only_nano else EMPTY
    return hint + Markup('<ul class="rows">{}</ul>').format(_joined(rows))


def found(repositories: Sequence[Repository], w: LibraryWords) -> Markup:
    """What a search has found."""
    if not repositories:
        return Markup("<p>{}</p>").format(w.nothing)
    return Markup('<ul class="rows">{}</ul>').format(
        _joined(
            Markup(
                "<li><div><b>{name}</b> <small>{gated}↓ {downloads:,}</small></div><span>"
                '<button type="button" data-verb="files" data-id="{name}">{files}</button></span></li>'
            ).format(
                name=item.name,
                gated=f"{w.gated} · " if item.gated else "",
                downloads=item.downloads,
                files=w.files,
            )
            for item in repositories
        )
    )


def variants(repo: str, items: Sequence[Variant], machine: Machine, w: LibraryWords) -> Markup:
    """The files of a repository, each with a button that brings it."""
    return Markup('<h3>{repo}</h3><ul class="rows">{rows}</ul>').format(
        repo=repo,
        rows=_joined(
            Markup(
                "<li><div><b>{name}</b> <small>{size}{large}</small></div><span>"
                '<button type="button" data-verb="get" data-id="{repo}" data-file="{file}" aria-label="{label}">{text}'
                "</button></span></li>"
            ).format(
                name=item.quantisation or item.name,
                size=readable_size(item.size),
                large="" if item.size < machine.free else f" · {w.tight.format(need=readable_size(item.size))}",
                repo=repo,
                file=item.files[0].path,
                label=w.download_of.format(name=item.name, size=readable_size(item.size)),
                text=w.download,
            )
            for item in items
        ),
    )


def _button(model: Curated, w: LibraryWords, primary: bool = False) -> Markup:
    return Markup(
        '<button type="button" data-verb="get" data-id="{repo}" data-file="{file}" aria-label="{label}"{primary}>'
        "{text}</button>"
    ).format(
        repo=model.repo,
        file=model.quantisations[0].file,
        label=w.download_of.format(name=model.name, size=readable_size(model.size)),
        primary=Markup(' class="primary"') if primary else EMPTY,
        text=w.download,
    )


def _chat_link(key: str, name: str, w: LibraryWords) -> Markup:
    return Markup('<a class="chat" href="../?{query}" aria-label="{label}">{text}</a>').format(
        query=urlencode({"model": key}), label=w.chat_with.format(name=name), text=w.chat
    )


def duration(seconds: float, lang: str) -> str:
    """A time for a person: 40 s, 6 min, 1 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} 秒" if lang == "zh" else f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} 分钟" if lang == "zh" else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} 小时 {rest} 分钟" if lang == "zh" else f"{hours} h {rest} min"


def _joined(parts: Iterable[Markup]) -> Markup:
    return EMPTY.join(parts)
