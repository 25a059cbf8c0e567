"""TextGen (text-generation-webui): a history of pairs, `internal` as the model saw them and `visible` as drawn. Pure.

`metadata` has the time of each message, and since 2025 its earlier versions. A file has no id, and no title.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ForeignRole, reply_of
from r1chat.archive.untrusted import clean, first_text, mapping, moment, sequence

_NAMESPACE = uuid5(NAMESPACE_URL, "https://github.com/oobabooga/textgen")
_GREETING = "<|BEGIN-VISIBLE-CHAT|>"  # in place of the person's message before a character's first one
_PAIRS = (("internal", "visible"), ("data", "data_visible"))


def is_textgen(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a history: two lists of pairs."""
    return any(
        isinstance(entry.get(name), list) and all(isinstance(pair, list) and len(pair) == 2 for pair in entry[name])
        for name, _ in _PAIRS
    ) and any(isinstance(entry.get(visible), list) for _, visible in _PAIRS)


def read_textgen(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of a history."""
    chat = ForeignChat("textgen", namespace=_NAMESPACE)
    internal, visible = next((name, other) for name, other in _PAIRS if isinstance(entry.get(name), list))
    metadata = mapping(entry.get("metadata"))
    visible_pairs = sequence(entry.get(visible))
    parent: str | None = None
    for place, pair in enumerate(sequence(entry.get(internal))):
        visible_pair = sequence(visible_pairs[place]) if place < len(visible_pairs) else ()
        for side, role in enumerate(("user", "assistant")):
            about = mapping(metadata.get(f"{role}_{place}"))
            parent = _add(chat, f"{role}_{place}", parent, _text(pair, visible_pair, side), about) or parent
    chat.current = parent or ""
    return chat


def _text(pair: Sequence[Any], visible_pair: Sequence[Any], side: int) -> str:
    """What was said; the visible text, whose HTML is escaped, only where there is no other one."""
    text = clean(pair[side])
    return text or (html.unescape(clean(visible_pair[side])) if side < len(visible_pair) else "")


def _add(chat: ForeignChat, key: str, parent: str | None, text: str, about: Mapping[str, Any]) -> str | None:
    """Add a message with its earlier versions; the id of the one that was shown, None where there is none."""
    role: ForeignRole = "user" if key.startswith("user") else "assistant"
    if text in ("", _GREETING):
        return None
    files = len(sequence(about.get("attachments")))
    chat.parts["files"] += files
    versions = [mapping(version) for version in sequence(about.get("versions"))]
    index = about.get("current_version_index")
    if type(index) is int and 0 <= index < len(versions):
        current = index  # the one that stands in the history, which may have been edited
    else:
        current = next((at for at, version in enumerate(versions) if version.get("content") == text), len(versions))
        versions += [{}] if current == len(versions) else []
    default_model = first_text(about, "model_name", "model")
    for at, version in enumerate(versions or [{}]):
        content = text if at == current else clean(version.get("content"))
        own = key if at == current else f"{key}.{at}"
        created = moment(version.get("timestamp"), about.get("timestamp") if at == current else None)
        message = ForeignMessage(own, parent, role, created, incomplete=bool(files))
        model = first_text(version, "model_name", "model") or default_model
        if role == "user":
            chat.add(replace(message, text=content))
        else:
            thought = first_text(version, "reasoning") if at != current else first_text(about, "reasoning")
            chat.add(replace(message, reply=reply_of(content, thought), model=model))
    return key
