"""The chat templates of the models that wrote the replies: where they come from, and what they make of a prompt.

A model that is a file of this machine brings its own in it, one of Ollama's, too. Other servers do not tell theirs: for
R1 and its distills it is known, for all others a person gives one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from r1chat.backends.catalogue import Catalogue
from r1chat.backends.chat_template import R1_ASSISTANT, R1_BOS, R1_EOS, R1_TEMPLATE, ChatTemplate, r1_prompt
from r1chat.backends.gguf import Header, read_header
from r1chat.backends.known_formats import format_by_name
from r1chat.both import Both
from r1chat.errors import BackendError, ExportError, ModelFileError
from r1chat.export.r1_models import is_r1
from r1chat.files import named_path, read_json, read_text
from r1chat.messages import Message
from r1chat.reasoning_format import OFF, R1_FORMAT, ReasoningFormat
from r1chat.think import SPECIAL_TOKENS


class NoTemplateError(ExportError):
    """The chat template of a model is not known."""


class Setting(NamedTuple):
    """What a reply was asked for with, as `ChatTemplate.prompt` takes it."""

    thinking: str = ""
    budget: int | None = None
    now: datetime | None = None


class Templates:
    """The templates of all models, each compiled once. `file` is a GGUF or a Jinja file, or None."""

    def __init__(self, catalogue: Catalogue | None, file: Path | None) -> None:
        """Raises ExportError for a `file` that cannot be used."""
        self._catalogue = catalogue
        self._given = None if file is None else _read(file)
        self._known: dict[str, _Template | _R1] = {}
        self._forms: dict[str, ReasoningFormat] = {}
        self._special: dict[str, tuple[str, ...]] = {}

    def like_r1(self, model: str) -> bool:
        """Whether the model behind a key `backend:name` is prompted as R1 is."""
        own = self._own(model)
        return R1_ASSISTANT in own.chat_template if own else is_r1(model)

    def form(self, model: str) -> ReasoningFormat:
        """How the model behind a key `backend:name` marks its thought; as R1 does where nothing tells."""
        if model not in self._forms:
            try:
                form = (self._own(model) or self._given) and self._template(model).form
            except (BackendError, ExportError):
                form = None
            self._forms[model] = form or format_by_name(model.partition(":")[2]) or R1_FORMAT
        return self._forms[model]

    def render(self, model: str, messages: Sequence[Message], setting: Setting = Setting()) -> str:  # noqa: B008  frozen
        """The prompt of a reply by the model behind a key `backend:name`, with the thought opened where it opens it.

        Without the begin-of-sentence that the model's tokenizer adds. Raises NoTemplateError where there is no
        template, ExportError where the template refuses the messages.
        """
        try:
            return self._template(model).render(messages, setting)
        except BackendError as error:
            sentence = Both("The prompts of {model} could not be rendered. {why}", "无法渲染 {model} 的提示。{why}")
            raise ExportError(sentence.format(model=model, why=error.text)) from None

    def special_tokens(self, model: str) -> tuple[str, ...]:
        """What the template of a model writes around messages and is spelled like a token, less the tags of thoughts.

        Empty where the template is not known.
        """
        if model not in self._special:
            try:
                self._special[model] = self._template(model).special_tokens()
            except (BackendError, ExportError):
                self._special[model] = ()
        return self._special[model]

    def _template(self, model: str) -> _Template | _R1:
        if model not in self._known:
            self._known[model] = self._find(model)
        return self._known[model]

    def _find(self, model: str) -> _Template | _R1:
        if own := self._own(model):
            return _from_header(own)
        if self._given:
            return self._given
        if is_r1(model):
            return _R1()
        sentence = Both(
            "The prompts of {model} cannot be rendered, since its chat template is not known here. Give it with "
            "--template (a GGUF file of that model, or its Jinja template), or export messages with --thoughts full.",
            "无法渲染 {model} 的提示，因为这里不知道它的对话模板。请用 --template 提供"
            "（该模型的 GGUF 文件或 Jinja 模板），或用 --thoughts full 导出消息。",
        )
        raise NoTemplateError(sentence.format(model=model))

    def _own(self, model: str) -> Header | None:
        header = self._catalogue.file_header(model) if self._catalogue else None
        return header if header and header.chat_template else None


# As templates spell tokens: <|im_end|>, <turn|>, <user>, [INST], ]~b]
TOKEN = re.compile(r"<[^\s<>]{1,60}>|\[/?[A-Z_]{2,40}\]|\]~\w?\]?|\[\w~\[")


class _Template:
    def __init__(self, source: str, bos: str, eos: str, adds_bos: bool = True) -> None:
        self._template = ChatTemplate(source, bos, eos, knows_think=True)
        self._bos = bos if adds_bos else ""
        self.form = self._template.form

    def render(self, messages: Sequence[Message], setting: Setting) -> str:
        prompt = self._template.prompt(messages, None, *setting)
        return "".join(piece.text for piece in (*prompt.head, *prompt.tail)).removeprefix(self._bos)

    def special_tokens(self) -> tuple[str, ...]:
        talk = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
        tags = (self.form.open_text, self.form.close_text) if self.form else ()
        spelled: set[str] = set()
        for messages in (talk, [Message("system", "d"), *talk]):
            with suppress(BackendError):  # some know no system prompt
                pieces = self._template.prompt(messages).head
                spelled.update(token for piece in pieces if piece.markup for token in TOKEN.findall(piece.text))
        return tuple(sorted(token for token in spelled if not any(token in tag for tag in tags)))


class _R1:
    """The template of R1 and its distills: R1_TEMPLATE."""

    form = R1_FORMAT

    def render(self, messages: Sequence[Message], setting: Setting) -> str:
        if setting.thinking == OFF or any(message.reasoning or message.role == "system" for message in messages):
            return _r1_template().render(messages, setting)
        return r1_prompt(messages)

    def special_tokens(self) -> tuple[str, ...]:
        return SPECIAL_TOKENS


@cache
def _r1_template() -> _Template:
    return _Template(R1_TEMPLATE, R1_BOS, R1_EOS)


def _from_header(header: Header) -> _Template:
    special = header.special_tokens
    adds_bos = header.metadata.get("tokenizer.ggml.add_bos_token") is not False
    return _Template(header.chat_template, special.get("bos", ""), special.get("eos", ""), adds_bos)


_NAMES_EOS = re.compile(r"\bset\s+eos_token\s*=(?!\s*eos_token\b)")  # itself
_NO_EOS = Both(
    "The template {file} writes eos_token, and nothing beside it says which token that is. Put the model's "
    "tokenizer_config.json into the same folder, or give a GGUF file of the model.",
    "模板 {file} 会写出 eos_token，但同一文件夹中没有说明它是哪个 token。"
    "请把该模型的 tokenizer_config.json 放到同一文件夹，或提供该模型的 GGUF 文件。",
)


def _special_tokens_beside(file: Path) -> dict[str, str]:
    """`bos_token` and `eos_token` as the files of a tokenizer in the same folder name them, where they do."""
    tokens: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        with suppress(OSError, ValueError):
            settings = read_json(file.with_name(name), follow=True)
            for kind in ("bos_token", "eos_token"):
                token = settings.get(kind) if isinstance(settings, dict) else None
                text = token.get("content") if isinstance(token, dict) else token
                if isinstance(text, str):
                    tokens[kind] = text
    return tokens


def _read(file: Path) -> _Template:
    try:
        if file.suffix.lower() == ".gguf":
            header = read_header(named_path(file))
            if not header.chat_template:
                sentence = Both(
                    "{file} has no chat template in it. Give the template itself, as a Jinja file.",
                    "{file} 中没有对话模板。请以 Jinja 文件提供模板。",
                )
                raise ExportError(sentence.format(file=file))
            return _from_header(header)
        source = read_text(named_path(file))
        if R1_ASSISTANT in source:
            return _Template(source, R1_BOS, R1_EOS)
        special = _special_tokens_beside(named_path(file))
        if "eos_token" in source and "eos_token" not in special and not _NAMES_EOS.search(source):
            raise ExportError(_NO_EOS.format(file=file))
        return _Template(source, special.get("bos_token", ""), special.get("eos_token", ""))
    except OSError as error:
        sentence = Both(
            "The template {file} cannot be read ({why}). Check the path.", "无法读取模板 {file}（{why}）。请检查路径。"
        )
        raise ExportError(sentence.format(file=file, why=error.strerror)) from None
    except ValueError:  # no UTF-8, or far more than a template has
        sentence = Both(
            "The template {file} is no text. Give a GGUF file, or a Jinja template in UTF-8.",
            "模板 {file} 不是文本。请提供 GGUF 文件，或 UTF-8 编码的 Jinja 模板。",
        )
        raise ExportError(sentence.format(file=file)) from None
    except ModelFileError as error:
        sentence = Both("The template {file} cannot be used. {why}", "模板 {file} 无法使用。{why}")
        raise ExportError(sentence.format(file=file, why=error.text)) from None
