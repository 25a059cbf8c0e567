"""Ollama on the library page: what it has in memory until when, and what it is fetching. Pure: values in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from r1chat.backends.ollama_models import REGISTRY, InMemory
from r1chat.library.pulls import Pull
from r1chat.sizes import readable_size
from r1chat.ui.html.parts import EMPTY, concat, text_input
from r1chat.ui.library.buttons import act, chat_link
from r1chat.ui.words.library import LibraryWords


@dataclass(frozen=True, slots=True)
class Ollama:
    """An Ollama server: where it is, what it has in memory, and what it is fetching."""

    url: str
    in_memory: Sequence[InMemory]
    pulls: Sequence[Pull]


def ollama_section(ollama: Ollama, w: LibraryWords) -> Markup:
    return Markup(
        '<section aria-labelledby="h-ollama"><h2 id="h-ollama">Ollama</h2><p class="small">{about}</p>'
        '<div id="ollama" aria-live="polite">{state}</div><form id="pull">{box}<button>{pull}</button></form></section>'
    ).format(
        about=w.ollama_about.format(url=ollama.url, registry=REGISTRY),
        state=ollama_state(ollama, w),
        box=text_input(
            name="model", aria_label=w.pull_label, placeholder="deepseek-r1:1.5b", maxlength=200, required=True
        ),
        pull=w.pull,
    )


def ollama_state(ollama: Ollama, w: LibraryWords) -> Markup:
    """What an Ollama server is fetching, and what it has in memory until when."""
    pulls = concat(_pull(pull, w) for pull in ollama.pulls)
    rows = concat(_in_memory(model, w) for model in ollama.in_memory)
    return pulls + Markup('<ul class="rows">{}</ul>').format(rows)


def _in_memory(model: InMemory, w: LibraryWords) -> Markup:
    if model.until is None:
        until = Markup("{}").format(w.stays)
    else:  # the script writes the person's own time
        time = Markup('<time datetime="{iso}">{clock} UTC</time>').format(
            iso=model.until.isoformat(), clock=model.until.strftime("%H:%M")
        )
        until = Markup("{} {}").format(w.until, time)
    where = w.on_gpu.format(share=f"{100 * model.on_gpu / model.size:.0f}") if model.on_gpu and model.size else ""
    keep = EMPTY if model.until is None else act("keep", model.name, w.keep, w.keep_of.format(name=model.name))
    return Markup(
        "<li><div><b>{name}</b> <small>{size}{where} · {until}</small></div><span>{keep}{unload}</span></li>"
    ).format(
        name=model.name,
        size=w.in_memory.format(size=readable_size(model.size)),
        where=f" · {where}" if where else "",
        until=until,
        keep=keep,
        unload=act("unload", model.name, w.unload, w.unload_of.format(name=model.name)),
    )


def _pull(pull: Pull, w: LibraryWords) -> Markup:
    share = 100 * pull.done / pull.total if pull.total else 0
    done, total = readable_size(pull.done), readable_size(pull.total)
    status = {
        "running": w.pulling.format(done=done, total=total) if pull.total else w.asking,
        "done": w.done,
        "failed": pull.error.sentence(w.lang) if pull.error else w.failed,
    }[pull.state]
    if pull.checking:
        status = w.checking
    acts = {
        "running": [("stop-pull", w.cancel)],
        "failed": [("pull", w.again), ("stop-pull", w.dismiss)],
        "done": [("stop-pull", w.dismiss)],
    }[pull.state]
    buttons = concat(act(verb, pull.model, text, f"{text}: {pull.model}") for verb, text in acts)
    if pull.state == "done":
        buttons = chat_link(f"ollama:{pull.model}", pull.model, w) + buttons
    return Markup(
        '<div class="job {state}"><b>{name}</b><progress max="100" value="{share}" aria-label="{name}"></progress>'
        "<span>{status}</span><div>{buttons}</div></div>"
    ).format(state=pull.state, name=pull.model, share=f"{share:.1f}", status=status, buttons=buttons)
