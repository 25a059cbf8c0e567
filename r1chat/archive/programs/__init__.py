"""The programs whose chats r1chat takes in: a table of how each form is recognised, and a module that reads it.

A form is recognised by what an entry has, never by the name of its file. The first form in the table that fits is it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from r1chat.archive.foreign import ForeignChat
from r1chat.archive.openwebui import is_openwebui, read_openwebui
from r1chat.archive.programs import chatgpt, claude, deepseek, jan, llamacpp, lmstudio, messages, textgen

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which a program writes chats; an entry is an object of JSON. `read` takes one that is a whole chat."""

    program: str
    recognises: Callable[[Entry], bool]
    read: Callable[[Entry], ForeignChat]


@dataclass(frozen=True, slots=True)
class LineForm:
    """A form in which a chat is several entries: those of one `chat_id`, "" for that of the entry before.

    `begins`: whether no entry of the chats before comes any more. `scattered`: entries of a chat may be in several
    files of a zip.
    """

    program: str
    recognises: Callable[[Entry], bool]
    read: Callable[[Sequence[Entry]], ForeignChat]
    chat_id: Callable[[Entry], str]
    begins: Callable[[Entry], bool] = lambda entry: False
    scattered: bool = False


FORMS: tuple[Form | LineForm, ...] = (
    Form("Open WebUI", is_openwebui, read_openwebui),
    Form("llama.cpp", llamacpp.is_llamacpp, llamacpp.read_llamacpp),
    Form("DeepSeek", deepseek.is_deepseek, deepseek.read_deepseek),
    Form("ChatGPT", chatgpt.is_chatgpt, chatgpt.read_chatgpt),
    Form("Claude", claude.is_claude, claude.read_claude),
    Form("LM Studio", lmstudio.is_lmstudio, lmstudio.read_lmstudio),
    Form("TextGen", textgen.is_textgen, textgen.read_textgen),
    Form("ShareGPT", messages.is_sharegpt, messages.read_sharegpt),
    LineForm("Jan", jan.is_jan, jan.read_jan, jan.jan_thread, scattered=True),
    LineForm(
        "llama.cpp",
        llamacpp.is_llamacpp_line,
        llamacpp.read_llamacpp_lines,
        llamacpp.llamacpp_conversation,
        llamacpp.begins_llamacpp,
    ),
    Form("OpenAI messages", messages.is_messages, messages.read_messages),
    LineForm("OpenAI messages", messages.is_message, messages.read_message_list, lambda entry: ""),
    LineForm("ShareGPT", messages.is_sharegpt_message, messages.read_message_list, lambda entry: ""),
)


_LISTS = ("conversations", "chats", "threads", "data")  # of an object around all chats


def form_of(entry: Any) -> Form | LineForm | None:
    """The form of an entry; None where it is of none that is known."""
    return next((form for form in FORMS if form.recognises(entry)), None) if isinstance(entry, dict) else None


def unwrapped(value: Any) -> Sequence[Any]:
    """The entries that a value of a file is: itself, or those of the list that it is put around."""
    if form_of(value) is None and isinstance(value, dict):
        for name in _LISTS:
            inner = value.get(name)
            if isinstance(inner, list) and any(isinstance(form_of(entry), Form) for entry in inner):
                return inner
    if isinstance(value, list) and any(form_of(entry) for entry in value):  # a line of JSON Lines, or a list of lists
        return value
    return (value,)
