"""The list of conversations and the state of the models, as HTML. Pure: values and words in, a string out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from r1chat.app import KEPT_AFTER_DELETION
from r1chat.backends.catalogue import BackendStatus
from r1chat.config import NANO
from r1chat.messages import ConversationInfo, ModelInfo, Progress
from r1chat.ui.words.page import Words

BACKEND_TITLES = {"llama.cpp": "llama.cpp", "ollama": "Ollama", "openai": "OpenAI-compatible server"}


def conversations(
    infos: Sequence[ConversationInfo],
    current: str,
    words: Words,
    deleted: ConversationInfo | None = None,
    found: bool = False,
) -> str:
    """The list, newest first, under "today" and "earlier"; `found`: a search found it. Offers to undo `deleted`."""
    parts = []
    if deleted is not None:
        told = words.deleted.format(days=KEPT_AFTER_DELETION.days)
        parts.append(
            f'<div class="undo" role="status">{escape(told)} '
            f'<button data-verb="undo" data-id="{escape(deleted.id)}">{escape(words.undo)}</button></div>'
        )
    if not infos:
        parts.append(f'<div class="none">{escape(words.nothing_found if found else words.no_conversations)}</div>')
    today = datetime.now().astimezone().date()
    heading = ""
    for info in infos:
        day = words.today if info.updated.astimezone().date() == today else words.earlier
        if day != heading and not found:
            heading = day
            parts.append(f"<h2>{escape(day)}</h2>")
        parts.append(_row(info, current, words))
    return "".join(parts)


def _row(info: ConversationInfo, current: str, words: Words) -> str:
    name = escape(info.title or words.untitled)
    shown, marked = (" current", ' aria-current="page"') if info.id == current else ("", "")
    row = f'<div class="row{shown}"><button data-verb="open" data-id="{info.id}" title="{name}"{marked}>{name}</button>'
    for verb, glyph, label in (("rename", "✎", words.rename), ("delete", "✕", words.delete)):
        row += (
            f'<button class="tool" data-verb="{verb}" data-id="{info.id}" title="{escape(label)}" '
            f'aria-label="{escape(label)}: {name}">{glyph}</button>'
        )
    row += "</div>"
    if info.excerpt:
        row += f'<div class="excerpt">{escape(info.excerpt)}</div>'
    return row


def model_label(model: ModelInfo) -> str:
    """A model's line in the picker."""
    named = model.name if model.name == NANO else model.title or model.name
    parts = [named, model.quantisation, BACKEND_TITLES.get(model.backend, model.backend)]
    label = " · ".join(part for part in parts if part)
    return label if model.ready else f"⚠ {label}"


def model_state(model: ModelInfo | None, why: str, words: Words) -> str:
    """The line beside the picker: a dot, and what the chosen model is doing."""
    if model is None:
        kind, text = "away", why
    elif not model.ready:
        kind, text = "away", model.note
    else:
        kind, text = "ready", words.model_ready
    window = words.model_window.format(context=f"{model.context:,}") if model and model.context else ""
    title = escape(f"{text} · {window}" if window else text)
    return f'<span id="model-line" title="{title}"><span class="dot {kind}"></span>{escape(text)}</span>'


def loading(progress: Progress | None, words: Words) -> str:
    """What stands in that line while a reply is made: how far the model is loaded, then that it is ready."""
    if progress is None or progress.stage != "loading":
        return f'<span class="dot ready"></span>{escape(words.model_ready)}'
    percent = 100 * progress.done // progress.total if progress.total else 0
    return f'<span class="dot loading"></span>{escape(words.model_loading.format(percent=percent))}'


def backends(statuses: Sequence[BackendStatus], folder: str, words: Words) -> str:
    """Every backend with its models, or why it has none, and how to get a model."""
    parts = []
    for status in statuses:
        title = escape(BACKEND_TITLES.get(status.name, status.name))
        if status.failure is not None:
            parts.append(
                f'<p><span class="dot away"></span><b>{title}</b><br>{escape(status.failure.sentence(words.lang))}</p>'
            )
            continue
        ready = sum(model.ready for model in status.models)
        parts.append(
            f'<p><span class="dot ready"></span><b>{title}</b> · {escape(words.models_ready.format(n=ready))}</p>'
        )
        bad = [model for model in status.models if not model.ready]
        parts += [f'<p><span class="dot away"></span>{escape(model.name)}: {escape(model.note)}</p>' for model in bad]
    parts.append(f"<p>{escape(words.get_models.format(path=folder))}</p>")
    return f'<div class="models">{"".join(parts)}</div>'
