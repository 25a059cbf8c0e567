"""The words of an Ollama server: its address, the forms of its answers, and what its refusals mean. Sends nothing."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import httpx
from pydantic import BeforeValidator, Field

from r1chat.backends import wire
from r1chat.backends.message_part import MessagePart
from r1chat.both import Both, Wording
from r1chat.errors import BackendError, ConfigError, GenerationError, UnknownModelError, UnreachableError
from r1chat.messages import LONGEST_NAME, TOOL_CALLS, Finish, Message, Params

NEVER_CUTS = (0, 12, 6)  # the first version that knows `truncate` and `shift`
RENDERS = (0, 11, 5)  # the first that renders a prompt without running the model
_PORTS = {"http": 80, "https": 443}

TOO_OLD = Both(
    "This Ollama is too old to continue a reply. Update it to 0.12.6 or newer.",
    "此 Ollama 版本过旧，不能续写回复。请更新到 0.12.6 或更高版本。",
)
_NO_ADDRESS = Both(
    "{value!r} is no address of an Ollama server. Write OLLAMA_HOST as 127.0.0.1:11434 or as http://127.0.0.1:11434.",
    "{value!r} 不是 Ollama 服务器的地址。请将 OLLAMA_HOST 写成 127.0.0.1:11434 或 http://127.0.0.1:11434。",
)
_NO_MODEL = Both(
    "Ollama does not have the model {model!r}. Get it with `ollama pull {model}`, or choose another one.",
    "Ollama 中没有模型 {model!r}。请用 `ollama pull {model}` 获取，或另选一个。",
)
_DENIED = Both(
    "Ollama at {url} refuses r1chat ({reason}). Use an address that it "
    "accepts, such as 127.0.0.1; where a key is needed, put it into OLLAMA_API_KEY.",
    "{url} 的 Ollama 拒绝了 r1chat（{reason}）。请使用它接受的地址，例如 127.0.0.1；"
    "如果需要密钥，请写入 OLLAMA_API_KEY。",
)
_OTHER_PROGRAM = Both(
    "What answers at {url} is no Ollama server (status {status}). Check the address (OLLAMA_HOST).",
    "在 {url} 应答的不是 Ollama 服务器（状态码 {status}）。请检查地址（OLLAMA_HOST）。",
)
_BUSY = Both("Ollama is busy ({sentence}). Try again in a moment.", "Ollama 正忙（{sentence}）。请稍后重试。")
_CANNOT_RUN = Both(
    "Ollama cannot run {model!r}: {sentence}. Choose another model, or see Ollama's log.",
    "Ollama 无法运行 {model!r}：{sentence}。请另选模型，或查看 Ollama 的日志。",
)
_BROKE_OFF = Both(
    "Ollama broke off: {reason}. What came is kept. Continue the reply or try "
    "again; if it happens again, see Ollama's log.",
    "Ollama 中途停止：{reason}。已收到的内容已保留。请继续回复或重试；若再次发生，请查看 Ollama 的日志。",
)


# --- what the server sends -------------------------------------------------------------------------------------------


_Count = Annotated[int | None, BeforeValidator(wire.counted)]
Size = Annotated[int, BeforeValidator(wire.sized)]
ModelName = Annotated[str, Field(max_length=LONGEST_NAME)]


class _Details(wire.Tolerant):
    family: str = ""
    parent_model: Any = ""  # the name in the FROM of its Modelfile
    quantization_level: str = ""


class Tag(wire.Tolerant):
    """A model, in `/api/tags` and `/api/ps`. Size in bytes."""

    name: ModelName
    size: Size = 0
    digest: str = ""
    remote_host: wire.Name = ""
    details: _Details = _Details()


class Tags(wire.Tolerant):
    models: Annotated[list[Tag], wire.entries_of(Tag)]


class Show(wire.Tolerant):
    """A model's details, in `/api/show`."""

    template: str = ""
    modelfile: Any = ""
    capabilities: list[str] = Field(default_factory=list)
    model_info: dict[str, Any] | None = None

    def fact(self, key: str) -> Any:
        return (self.model_info or {}).get(key)

    @property
    def adapted(self) -> bool:
        """Whether an adapter belongs to it."""
        return re.search(r"^ADAPTER ", wire.as_text(self.modelfile), re.MULTILINE) is not None

    def number(self, key: str) -> int:
        return wire.counted(self.fact(key)) or 0


class Version(wire.Tolerant):
    version: wire.Name


class _Debug(wire.Tolerant):
    rendered_template: str


class StreamLine(wire.Tolerant):
    """One line of `/api/chat` or `/api/generate`. Durations in nanoseconds."""

    carries_text: ClassVar[frozenset[str]] = frozenset(["message"])

    message: MessagePart = MessagePart()
    response: Any = ""
    error: Any = ""
    done: bool = False
    done_reason: Any = ""
    load_duration: _Count = None
    prompt_eval_count: _Count = None  # with the cached ones
    prompt_eval_duration: _Count = None  # without them
    eval_count: _Count = None
    eval_duration: _Count = None
    debug: _Debug | None = Field(None, alias="_debug_info")

    def finish(self, context: int, key: str, calls_tool: bool) -> Finish:
        """The last line as the last event. `key` went with the request. `calls_tool`: the reply has a tool called."""
        reason = TOOL_CALLS if calls_tool else wire.as_text(self.done_reason)
        return Finish(
            wire.finish_of(reason or "stop"),  # older ones do not say
            raw_reason=wire.without_key(reason, key),
            prompt_tokens=self.prompt_eval_count,
            completion_tokens=self.eval_count,
            context=context,
            load=_seconds(self.load_duration),
            prefill=_seconds(self.prompt_eval_duration),
            decode=_seconds(self.eval_duration),
        )


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9


# --- what it is sent -------------------------------------------------------------------------------------------------


def parse_host(value: str) -> str:
    """The URL that a value of OLLAMA_HOST means to a client: `host`, `host:port`, `:port` or a URL. "" is the default.

    The addresses with which a server listens everywhere (0.0.0.0, ::) mean this machine. Raises ConfigError.
    """
    text = value.strip().strip("\"'").strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    with suppress(ValueError):
        rest = f"[{ipaddress.IPv6Address(rest.rstrip('/'))}]"
    try:
        default_port = _PORTS[scheme] if separator else 11434
        parts = urlsplit(f"//{rest}")
        host = parts.hostname or "127.0.0.1"
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{parts.port or default_port}{parts.path.rstrip('/')}"
        _ = httpx.URL(url).host  # a ValueError for one such as `xn--`
    except (ValueError, KeyError, httpx.InvalidURL):
        raise ConfigError(_NO_ADDRESS.format(value=value)) from None
    return url


def chat_messages(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Messages in Ollama's form; a thought only where the message carries one."""
    return [
        {"role": message.role, "content": message.content}
        | ({"thinking": message.reasoning} if message.reasoning else {})
        for message in messages
    ]


def sampling(params: Params) -> dict[str, Any]:
    """Sampling parameters as Ollama's options, all of them: its defaults differ from ours and between versions."""
    options: dict[str, Any] = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "top_k": params.top_k,
        "min_p": params.min_p,
        "repeat_penalty": params.repeat_penalty,
        "presence_penalty": params.presence_penalty,
    }
    if params.seed is not None:
        options["seed"] = params.seed
    if params.max_tokens:
        options["num_predict"] = params.max_tokens
    return options


# --- what it means ---------------------------------------------------------------------------------------------------


def at_least(version: str, minimum: tuple[int, int, int]) -> bool:
    """Whether `version` is not older than `minimum`. Unreadable ones, and 0.0.0 (built by hand), are taken as new."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    return len(numbers) < 3 or numbers == (0, 0, 0) or numbers >= minimum


_REMOTE = Both(
    "Runs at {host}, not on this machine: what you write leaves it.",
    "在 {host} 上运行，不在本机：你写的内容会离开本机。",
)
_ADAPTER = Both("An adapter of {base}.", "{base} 的适配器。")
_OLD = Both(
    "Ollama {version} is old: it cuts long conversations without a word. Update it to 0.12.6 or newer.",
    "Ollama {version} 版本过旧：它会不加提示地截断长对话。请更新到 0.12.6 或更新版本。",
)


def note(tag: Tag, version: str, base: str) -> Wording:
    """What a person should know before choosing this model, an adapter of `base` unless that is ""; "" for nothing."""
    if tag.remote_host:
        return _REMOTE.format(host=tag.remote_host)
    if not at_least(version, NEVER_CUTS):
        return _OLD.format(version=version)
    return _ADAPTER.format(base=base.removesuffix(":latest")) if base else ""


def broken_off(error: Any, key: str) -> BackendError:
    """The error that an `error` in mid-stream stands for. `key` went with the request."""
    reason = wire.said_in(error, key).rstrip(".")
    return GenerationError(_BROKE_OFF.format(reason=reason or wire.NO_REASON))


def refused(refusal: wire.Refusal, url: str, model: str, context: int) -> BackendError:
    """The error that a refusal stands for. `context` is the window of `model`, 0 where it is not known."""
    status, sentence = refusal.status, refusal.sentence.rstrip(".")
    if too_long := wire.too_long(refusal.text, context):
        return too_long
    if status == 404 and model and "model" in sentence:
        return UnknownModelError(_NO_MODEL.format(model=model))
    if status in (401, 403):
        return UnreachableError(_DENIED.format(url=url, reason=f"{status}: {sentence}" if sentence else status))
    if not sentence or status in (404, 405):
        return UnreachableError(_OTHER_PROGRAM.format(url=url, status=status))
    if status == 503:
        return GenerationError(_BUSY.format(sentence=sentence))
    return GenerationError(_CANNOT_RUN.format(model=model, sentence=sentence))
