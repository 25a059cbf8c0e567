"""The library page as HTML. Pure: values in, HTML out; Markup.format escapes what is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from r1chat.backends.gguf import Header
from r1chat.both import Both
from r1chat.config import NANO
from r1chat.errors import BackendError
from r1chat.library import CURATED, Curated, DownloadJob, Repository, Variant
from r1chat.library.curated import expect, suitable
from r1chat.library.forecast import Forecast, Resources, Speeds, forecast
from r1chat.messages import ModelInfo
from r1chat.sizes import readable_size
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, concat, text_input
from r1chat.ui.library.buttons import act, chat_link
from r1chat.ui.library.ollama import Ollama, ollama_section
from r1chat.ui.words.library import LibraryWords


@dataclass(frozen=True, slots=True)
class Machine:
    """What this computer has, in bytes; `speeds` None: not measured yet, `measuring` says that it is being done.

    `window` is the context in tokens that models will run with. `failure`: why no file can run here.
    """

    memory: int
    disk: int
    resources: Resources
    window: int
    speeds: Speeds | None = None
    measuring: bool = False
    failure: BackendError | None = None

    def expect(self, model: Curated) -> Forecast:
        """What to expect of a model of the curated list."""
        return expect(model, self.resources, self.speeds, self.window)

    def of_file(self, header: Header, file_size: int) -> Forecast:
        """What to expect of a file."""
        return forecast(header, file_size, self.window, self.resources, self.speeds)


def document(w: LibraryWords) -> Markup:
    """The frame of the page; its script fetches what stands in it."""
    return Markup(
        '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>r1chat: {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><script src="../r1chat/scripts/settings/looks.js"></script>'
        '<link rel="stylesheet" href="../r1chat/library/page.css">'
        '<script src="../r1chat/scripts/frame.js" type="module"></script></head>'
        '<body data-source="../r1chat/library/whole" data-script="../r1chat/scripts/library/library.js"></body></html>'
    ).format(lang=w.lang, title=w.title)


@dataclass(frozen=True, slots=True)
class Here:
    """The models that there are, by key: those that can be deleted here, and what to expect of them.

    Of those, `linked` ones lie elsewhere: only the link is deleted.
    """

    models: Sequence[ModelInfo]
    removable: set[str]
    linked: set[str]
    expected: Mapping[str, Forecast]


def library(machine: Machine, here: Here, jobs: Markup, ollama: Ollama | None, host: str, w: LibraryWords) -> Markup:
    """Everything on the page."""
    return Markup(
        '<header><a href="../" id="back">{arrow}{back}</a><h1>{title}</h1><p>{machine}</p>'
        '<p class="privacy">{privacy}</p>{failure}</header>'
        '<main><div id="trouble" role="alert" data-broken="{broken}"></div>'
        '<section aria-labelledby="h-suggested"><h2 id="h-suggested">{suggested}</h2>{measuring}'
        '<div class="cards" id="cards">{cards}</div></section>'
        '<section aria-labelledby="h-downloads" id="downloads"{hidden}><h2 id="h-downloads">{downloads}</h2>'
        '<div id="jobs" aria-live="polite">{jobs}</div></section>'
        '<section aria-labelledby="h-here"><h2 id="h-here">{here}</h2><div id="here">{models}</div></section>'
        '{ollama}<section aria-labelledby="h-find"><h2 id="h-find">{search}</h2><form id="find" role="search">'
        '{box}<button>{find}</button></form><div id="found" aria-live="polite"></div></section>'
        '<section aria-labelledby="h-more"><h2 id="h-more">{more}</h2>'
        '<ul class="rows" id="others">{others}</ul></section></main>'
    ).format(
        arrow=icon("arrow-left"),
        back=w.back,
        title=w.title,
        machine=w.machine.format(
            memory=readable_size(machine.memory),
            free=readable_size(machine.resources.free),
            disk=readable_size(machine.disk),
        ),
        privacy=w.privacy.format(host=host),
        failure=Markup('<p class="failure">{}</p>').format(machine.failure.sentence(w.lang))
        if machine.failure
        else EMPTY,
        broken=w.broken,
        suggested=w.suggested,
        measuring=Markup('<p id="measuring" role="status">{}</p>').format(w.measuring) if machine.measuring else EMPTY,
        cards=cards(machine, w),
        downloads=w.downloads,
        hidden=EMPTY if jobs else Markup(" hidden"),
        jobs=jobs,
        here=w.here,
        models=installed(here, w),
        ollama=ollama_section(ollama, w) if ollama else EMPTY,
        search=w.search.format(host=host),
        box=text_input(
            name="text",
            type="search",
            aria_labelledby="h-find",
            placeholder=w.placeholder,
            maxlength=300,
            required=True,
        ),
        find=w.find,
        more=w.more,
        others=others(machine, w),
    )


def cards(machine: Machine, w: LibraryWords) -> Markup:
    """The models that suit this computer."""
    return concat(card(model, machine, w) for model in suitable(machine.resources, machine.speeds))


def others(machine: Machine, w: LibraryWords) -> Markup:
    """The rest of the curated list."""
    suggested = suitable(machine.resources, machine.speeds)
    return concat(row(model, machine, w) for model in CURATED if model not in suggested)


def forecasts(machine: Machine, w: LibraryWords) -> Markup:
    """What changes on the page when the speed of this computer has been measured."""
    return Markup('<div data-for="cards">{cards}</div><ul data-for="others">{others}</ul>').format(
        cards=cards(machine, w), others=others(machine, w)
    )


def card(model: Curated, machine: Machine, w: LibraryWords) -> Markup:
    """A suggested model, with what it needs and the button that brings it."""
    return Markup(
        '<article class="card" id="{name}"><h3>{name}</h3><p>{text}</p><p class="forecast">{forecast}</p>'
        '<p class="small">{size} · {licence}</p>{button}</article>'
    ).format(
        name=model.name,
        text=model.text.pick(w.lang),
        forecast=machine.expect(model).sentence(w.lang),
        size=readable_size(model.size),
        licence=w.licence.format(licence=model.licence),
        button=_button(model, w, primary=True),
    )


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
        forecast=machine.expect(model).sentence(w.lang),
        button=_button(model, w),
    )


def downloads(jobs: Iterable[DownloadJob], ready: Mapping[str, str], w: LibraryWords) -> Markup:
    """The downloads, with how far each is and what can be done with it. `ready`: by ids, the keys of the models."""
    return concat(_download(job, ready.get(job.id, ""), w) for job in jobs)


def _download(job: DownloadJob, key: str, w: LibraryWords) -> Markup:
    share = 100 * job.done / job.total if job.total else 0
    done, total = readable_size(job.done), readable_size(job.total)
    status = {
        "waiting": w.waiting,
        "running": w.running.format(done=done, total=total, speed=readable_size(job.speed)),
        "checking": w.checking,
        "paused": w.paused.format(done=done, total=total),
        "done": f"{w.done} · {total}",
        "failed": job.error.sentence(w.lang) if job.error else w.failed,
    }[job.state]
    if job.state == "running" and job.left is not None:
        status += " · " + w.left.format(time=duration(job.left, w.lang))
    acts = {
        "waiting": ("pause", "cancel"),
        "running": ("pause", "cancel"),
        "checking": (),
        "paused": ("resume", "cancel"),
        "failed": ("resume", "cancel"),
        "done": (),
    }[job.state]
    buttons = concat(
        Markup('<button type="button" data-verb="{verb}" data-id="{id}">{text}</button>').format(
            verb=verb, id=job.id, text=getattr(w, verb)
        )
        for verb in acts
    )
    if job.state == "done":
        buttons = chat_link(key, job.variant.name, w) if key else EMPTY
    return Markup(
        '<div class="job {state}"><b>{name}</b><progress max="100" value="{share}" aria-label="{name}"></progress>'
        "<span>{status}</span><div>{buttons}</div></div>"
    ).format(state=job.state, name=job.variant.name, share=f"{share:.1f}", status=status, buttons=buttons)


def installed(here: Here, w: LibraryWords) -> Markup:
    """The models that can be chatted with now."""
    rows = []
    for model in here.models:
        name = model.name
        remove = EMPTY
        if model.key in here.removable:
            linked = model.key in here.linked
            sure = (
                w.really_unlink.format(name=name)
                if linked
                else w.really.format(name=name, size=readable_size(model.size))
            )
            remove = act("remove", model.key, w.remove, w.remove_of.format(name=name), sure)
        note = Both.of(model.note).pick(w.lang)
        parts = [model.backend, readable_size(model.size) if model.size else "", model.quantisation, note]
        if expected := here.expected.get(model.key):
            parts.append(expected.sentence(w.lang))
        rows.append(
            Markup("<li><div><b>{name}</b> <small>{details}</small></div><span>{chat}{remove}</span></li>").format(
                name=name,
                details=" · ".join(filter(None, parts)),
                chat=chat_link(model.key, name, w) if model.ready else EMPTY,
                remove=remove,
            )
        )
    only_nano = all(model.name == NANO for model in here.models)
    hint = Markup("<p>{}</p>").format(w.none_here) if only_nano else EMPTY
    return hint + Markup('<ul class="rows">{}</ul>').format(concat(rows))


def local_file(path: str, header: Header, file_size: int, expected: Forecast, w: LibraryWords) -> Markup:
    """A file of this computer that can be added to the list."""
    return Markup(
        '<ul class="rows"><li><div><b>{name}</b> <small>{about}</small></div><span>{button}</span></li></ul>'
    ).format(
        name=header.name or header.path.name,
        about=" · ".join(
            filter(None, (path, readable_size(file_size), header.quantisation, expected.sentence(w.lang)))
        ),
        button=act("link", path, w.use_file, f"{w.use_file}: {header.path.name}"),
    )


def found(repositories: Sequence[Repository], w: LibraryWords) -> Markup:
    """What a search has found."""
    if not repositories:
        return Markup("<p>{}</p>").format(w.nothing)
    return Markup('<ul class="rows">{}</ul>').format(
        concat(
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


def variants(
    repo: str, items: Sequence[Variant], machine: Machine, w: LibraryWords, header: Header | None = None
) -> Markup:
    """The files of a repository, each with a button that brings it; with a header, with what to expect of each.

    Without one the script asks for that.
    """

    def about(item: Variant) -> str:
        if header is not None:
            return machine.of_file(header, item.size).sentence(w.lang)
        return "" if item.size < machine.resources.free else w.tight.format(need=readable_size(item.size))

    return Markup('<div{wanted}><h3>{repo}</h3><ul class="rows">{rows}</ul></div>').format(
        wanted=EMPTY if header is not None else Markup(' data-forecast="{}"').format(repo),
        repo=repo,
        rows=concat(
            Markup(
                "<li><div><b>{name}</b> <small>{size}{large}</small></div><span>"
                '<button type="button" data-verb="get" data-id="{repo}" data-file="{file}" aria-label="{label}">{text}'
                "</button></span></li>"
            ).format(
                name=item.quantisation or item.name,
                size=readable_size(item.size),
                large=f" · {text}" if (text := about(item)) else "",
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


def duration(seconds: float, lang: str) -> str:
    """A time for a person: 40 s, 6 min, 1 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} 秒" if lang == "zh" else f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} 分钟" if lang == "zh" else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} 小时 {rest} 分钟" if lang == "zh" else f"{hours} h {rest} min"
