"""The words of OpenAI-compatible servers: their kinds, their answers, what refusals mean. Sends nothing."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, ClassVar

import httpx
from pydantic import BeforeValidator, Field

from r1chat.backends import wire
from r1chat.backends.message_part import MessagePart
from r1chat.backends.prompt import continued
from r1chat.both import Both
from r1chat.config import LAST_PORT
from r1chat.errors import (
    BackendError,
    ConfigError,
    GenerationError,
    UnknownModelError,
    UnreachableError,
    UnsupportedError,
)
from r1chat.messages import (
    TOOL_CALLS,
    Answer,
    BackendEvent,
    Finish,
    Message,
    Params,
    Progress,
    Raw,
    Reasoning,
    ReplySoFar,
    segments,
)
from r1chat.reasoning_format import R1_FORMAT, ReasoningFormat

_SECRET_IN_ADDRESS = Both(
    "The address of a server holds a name or password before the @. Leave it out, and give the key as the key.",
    "服务器地址的 @ 之前有用户名或密码。请去掉它，并把密钥填在密钥一栏。",
)
_NO_ADDRESS = Both(
    "{value!r} is no address of an OpenAI-compatible server. Write --base-url as http://127.0.0.1:8080/v1.",
    "{value!r} 不是 OpenAI 兼容服务器的地址。请将 --base-url 写成 http://127.0.0.1:8080/v1。",
)
_NOT_WITHOUT_THOUGHT = Both(
    "This server cannot continue a reply that has no thought: it is too old, or another program stands before it. "
    "Ask again for a fresh one.",
    "此服务器不能续写没有思考的回复：它版本过旧，或前面还有另一个程序。请重新生成。",
)
_BROKE_OFF = Both(
    "The server broke off: {reason}. What came is kept. Continue the reply or try again; "
    "if it happens again, see the server's log.",
    "服务器中途停止：{reason}。已收到的内容已保留。请继续回复或重试；若再次发生，请查看服务器日志。",
)
_WRONG_KEY = Both(
    "The server at {url} wants another key ({reason}). Put the right one into the variable R1CHAT_API_KEY.",
    "{url} 的服务器不接受现在的密钥（{reason}）。请将正确的密钥写入变量 R1CHAT_API_KEY。",
)
_NO_MODEL = Both(
    "The server at {url} does not have the model {model!r}. Choose another one.",
    "{url} 的服务器没有模型 {model!r}。请另选一个。",
)
_OTHER_PROGRAM = Both(
    "What answers at {url} is no OpenAI-compatible server (status {status}). Check the address; it often ends in /v1.",
    "在 {url} 应答的不是 OpenAI 兼容服务器（状态码 {status}）。请检查地址；它通常以 /v1 结尾。",
)
_NOT_CONTINUED = Both(
    "The server cannot continue this reply with its model's template ({sentence}). Ask again for a fresh one.",
    "服务器无法用该模型的模板续写这个回复（{sentence}）。请重新生成。",
)
_BUSY = Both(
    "The server is busy or still loading ({sentence}). Try again in a moment.",
    "服务器正忙或仍在加载（{sentence}）。请稍后重试。",
)
_REFUSED = Both(
    "The server refuses: {sentence}. Change the settings or the model, or see its log.",
    "服务器拒绝了请求：{sentence}。请更改设置或模型，或查看服务器日志。",
)

_Count = Annotated[int | None, BeforeValidator(wire.counted)]
_CountOrZero = Annotated[int, BeforeValidator(lambda value: wire.counted(value) or 0)]


class ServerKind(Enum):
    """What a server is; what it can do beyond the common ground follows from that."""

    LLAMA_SERVER = "llama-server"
    VLLM = "vLLM"
    OTHER = "another server"


# --- what the server sends -------------------------------------------------------------------------------------------


class _Meta(wire.Tolerant):
    """What llama-server says of a model's file."""

    n_ctx: _CountOrZero = 0
    n_ctx_train: _CountOrZero = 0
    n_params: _CountOrZero = 0
    size: _CountOrZero = 0
    ftype: str = ""


class ModelStatus(wire.Tolerant):
    value: str = ""


class ModelEntry(wire.Tolerant):
    """A model in `/models`."""

    id: str
    owned_by: str | None = None
    file: _Meta = Field(_Meta(), alias="meta")  # llama-server; all 0 where nothing is known
    status: ModelStatus | None = None  # llama-server, where it offers several models
    max_model_len: _Count = None  # vLLM
    parent: str | None = None  # vLLM, of a LoRA adapter: the model that it belongs to


class ModelList(wire.Tolerant):
    data: Annotated[list[ModelEntry], wire.entries_of(ModelEntry)]


class _Generation(wire.Tolerant):
    n_ctx: _CountOrZero = 0


class Props(wire.Tolerant):
    """llama-server's `/props`."""

    default_generation_settings: _Generation = _Generation()
    chat_template: str = ""
    bos_token: str = ""
    eos_token: str = ""
    build_info: str = ""


class Rendered(wire.Tolerant):
    """llama-server's `/apply-template`, and vLLM's `/detokenize`."""

    prompt: str


class Tokens(wire.Tolerant):
    """vLLM's `/tokenize`."""

    tokens: list[int]
    max_model_len: _CountOrZero


class _Choice(wire.Tolerant):
    carries_text: ClassVar[frozenset[str]] = frozenset(["delta", "message"])

    index: int = 0
    delta: MessagePart = MessagePart()
    message: MessagePart = MessagePart()  # the whole of it, where a server does not stream or says it again at the end
    text: Any = None  # plain completions
    finish_reason: Any = None


_Milliseconds = Annotated[float, BeforeValidator(lambda value: value if isinstance(value, int | float) else 0.0)]


class _CachedTokens(wire.Tolerant):
    cached_tokens: _Count = None


class _Usage(wire.Tolerant):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    prompt_tokens_details: _CachedTokens | None = None


class _Timings(wire.Tolerant):
    """llama-server's clock, in milliseconds, and its counts."""

    cache_n: _CountOrZero = 0
    prompt_n: _CountOrZero = 0  # without the cached ones
    prompt_ms: _Milliseconds = 0
    predicted_n: _CountOrZero = 0
    predicted_ms: _Milliseconds = 0

    @property
    def usage(self) -> _Usage:
        """The same counts in OpenAI's form."""
        return _Usage(
            prompt_tokens=self.cache_n + self.prompt_n,
            completion_tokens=self.predicted_n,
            prompt_tokens_details=_CachedTokens(cached_tokens=self.cache_n),
        )


class _PromptProgress(wire.Tolerant):
    total: _CountOrZero
    processed: _CountOrZero


class Chunk(wire.Tolerant):
    """One event of a stream: of `/chat/completions`, or of llama-server's `/completion` (`content` to `stop_type`)."""

    carries_text: ClassVar[frozenset[str]] = frozenset(["choices"])

    choices: list[_Choice] = Field(default_factory=list)
    usage: _Usage | None = None
    timings: _Timings | None = None
    prompt_progress: _PromptProgress | None = None
    error: Any = None
    object: Any = ""
    message: Any = None  # beside `object: "error"` (vLLM, SGLang), or in an event that is called error
    detail: Any = None  # FastAPI
    content: Any = ""
    tokens: list[Any] = Field(default_factory=list)
    stop: bool = False
    stop_type: str = ""

    def failure(self, event: str = "") -> Any:
        """What the server says where this is an error; None where it is none. `event` is how the stream calls it."""
        if self.error:
            return self.error
        if "error" in (self.object, event):
            return self.message or self.detail or event or self.object
        return None if self.choices or self.content else self.detail


class StreamReader:
    """Turns the chunks of one stream into events, and their last words into the Finish."""

    def __init__(self, context: int, key: str, only_answer: bool = False) -> None:
        """`only_answer`: the thought was closed before, so what a server calls reasoning now is not to be believed.

        `key` goes with the request.
        """
        self._context = context
        self._key = key
        self._only_answer = only_answer
        self._native = False
        self._halves, self._thought_halves = wire.Halves(), wire.Halves()
        self._has_thought = self._has_answer = False  # in pieces
        self._calls_tool = False
        self._reason = ""
        self._usage = _Usage()
        self._timings: _Timings | None = None

    def read(self, chunk: Chunk) -> list[BackendEvent]:
        """The events that this chunk brings, in order."""
        events: list[BackendEvent] = []
        self._timings = chunk.timings or self._timings
        self._usage = chunk.usage or (chunk.timings.usage if chunk.timings else self._usage)
        if chunk.prompt_progress:
            events.append(Progress("prefill", chunk.prompt_progress.processed, chunk.prompt_progress.total))
        if text := self._halves.join(wire.as_text(chunk.content)):
            events.append(Raw(text, max(1, len(chunk.tokens))))
        if chunk.stop:
            self._reason = chunk.stop_type
        for choice in chunk.choices:
            if choice.index == 0:
                events += self._text(choice)
                self._reason = wire.as_text(choice.finish_reason) or self._reason
        return events

    def _text(self, choice: _Choice) -> list[BackendEvent]:
        """A whole message counts only for what did not come in pieces: some servers end a stream by saying it again."""
        events: list[BackendEvent] = []
        piece, whole = choice.delta, choice.message
        self._calls_tool = self._calls_tool or piece.calls_tool or whole.calls_tool
        thought, answer = piece.thought, piece.answer or wire.as_text(choice.text)
        self._has_answer = self._has_answer or bool(answer)
        # an answer that has begun without a thought may hold it between tags
        self._has_thought = self._has_thought or self._has_answer or bool(thought)
        if thought := self._thought_halves.join(thought if self._has_thought else whole.thought):
            self._native = not self._only_answer
            events.append(Reasoning(thought) if self._native else Raw(thought))
        if text := self._halves.join(answer if self._has_answer else whole.answer):
            events.append(Answer(text) if self._native else Raw(text))
        return events

    def finish(self) -> Finish:
        """The last event; `cut` where the stream never said why it ends, that it broke off, or has a tool called."""
        usage, timings = self._usage, self._timings
        reason = TOOL_CALLS if self._calls_tool else self._reason
        return Finish(
            wire.finish_of(reason),
            raw_reason=wire.without_key(reason, self._key),
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None,
            completion_tokens=usage.completion_tokens,
            context=self._context or None,
            prefill=timings.prompt_ms / 1000 if timings else None,
            decode=timings.predicted_ms / 1000 if timings else None,
        )


# --- what it is sent -------------------------------------------------------------------------------------------------


def parse_base_url(value: str) -> str:
    """The URL under which `/models` and `/chat/completions` are: where no path is given, `/v1`. Raises ConfigError."""
    text = value.strip()
    try:
        url = httpx.URL(text if "://" in text else f"http://{text}")
        known = url.scheme in ("http", "https") and bool(url.host) and (url.port is None or 0 < url.port <= LAST_PORT)
    except (httpx.InvalidURL, ValueError):  # a ValueError for a host such as `xn--`
        known = False
    if not known:
        raise ConfigError(_NO_ADDRESS.format(value=value))
    if url.userinfo:  # the address is shown and stored with replies
        raise ConfigError(_SECRET_IN_ADDRESS)
    return str(url.copy_with(path=url.path.rstrip("/") or "/v1"))


class TokenizerInfo(wire.Tolerant):
    """vLLM's `/tokenizer_info`, which its operator may switch on."""

    chat_template: Any = ""


def chat_messages(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Messages in OpenAI's form; a thought only where the message carries one."""
    return [
        {"role": message.role, "content": message.content}
        | ({"reasoning_content": message.reasoning} if message.reasoning else {})
        for message in messages
    ]


def final_message(
    so_far: ReplySoFar, kind: ServerKind, form: ReasoningFormat | None
) -> tuple[dict[str, str], str | bool]:
    """A reply as the message that the server is to go on with, and the value of `continue_final_message`.

    llama-server puts its tags around what it is given and nothing else: the template's newlines are put in here.
    Raises UnsupportedError for what the form cannot say.
    """
    if kind is ServerKind.VLLM:
        return {"role": "assistant", "content": continued("", so_far, form)}, True
    if so_far.later:
        return _final_message_again(so_far, form or R1_FORMAT), "content"
    if so_far.closed:
        thought = f"\n{so_far.reasoning.rstrip()}\n"
        return {"role": "assistant", "reasoning_content": thought, "content": f"\n\n{so_far.answer}"}, "content"
    if not so_far.reasoning:
        raise UnsupportedError(_NOT_WITHOUT_THOUGHT)
    return {"role": "assistant", "reasoning_content": f"\n{so_far.reasoning}", "content": ""}, "reasoning_content"


def _final_message_again(so_far: ReplySoFar, form: ReasoningFormat) -> dict[str, str]:
    """A reply that thought again within its answer: the later thoughts stand in the content, the last one as it is."""
    (thought, answer), *later = segments(so_far.reasoning, so_far.answer, so_far.later)
    content = f"\n\n{answer.rstrip()}"
    for number, (again, answered) in enumerate(later, 1):
        content += f"\n\n{form.open_text.lstrip()}{again}"
        if so_far.closed or number < len(later):
            content += f"{form.close_text}{answered}"
    message = {"role": "assistant", "content": content}
    return message | ({"reasoning_content": f"\n{thought.rstrip()}\n"} if thought else {})


def sampling(params: Params, kind: ServerKind) -> dict[str, Any]:
    """Sampling parameters in the words of each kind.

    `top_k`, `min_p` and the penalty are no part of OpenAI's form, and a strict server refuses them: where it is not
    known that they are understood, they are sent only if they do something.
    """
    body: dict[str, Any] = {"temperature": params.temperature, "top_p": params.top_p}
    if params.seed is not None:
        body["seed"] = params.seed
    if params.presence_penalty:
        body["presence_penalty"] = params.presence_penalty
    penalty = "repetition_penalty" if kind is ServerKind.VLLM else "repeat_penalty"
    no_top_k = -1 if kind is ServerKind.VLLM else 0
    more = {"top_k": params.top_k or no_top_k, "min_p": params.min_p, penalty: params.repeat_penalty}
    neutral = {"top_k": no_top_k, "min_p": 0.0, penalty: 1.0}
    return body | {
        name: value for name, value in more.items() if kind is not ServerKind.OTHER or value != neutral[name]
    }


# --- what it means ---------------------------------------------------------------------------------------------------


def broken_off(error: Any, key: str) -> BackendError:
    """The error that an `error` in mid-stream stands for. `key` went with the request."""
    text = json.dumps({"error": error}, ensure_ascii=False)
    reason = wire.said(text, key).rstrip(".") or wire.NO_REASON
    return wire.too_long(text) or GenerationError(_BROKE_OFF.format(reason=reason))


def refused(refusal: wire.Refusal, url: str, model: str, context: int) -> BackendError:
    """The error that a refusal stands for. `context` is the window of the model, 0 where it is not known."""
    status, sentence = refusal.status, refusal.sentence.rstrip(".")
    if too_long := wire.too_long(refusal.text, context):
        return too_long
    if status in (401, 403):
        return UnreachableError(_WRONG_KEY.format(url=url, reason=f"{status}: {sentence}" if sentence else status))
    if status == 404 and model and "model" in sentence.lower():
        return UnknownModelError(_NO_MODEL.format(url=url, model=model))
    if not sentence or status in (404, 405):
        return UnreachableError(_OTHER_PROGRAM.format(url=url, status=status))
    if "continue_final_message" in sentence:
        return UnsupportedError(_NOT_CONTINUED.format(sentence=sentence))
    if status in (429, 503):
        return GenerationError(_BUSY.format(sentence=sentence))
    return GenerationError(_REFUSED.format(sentence=sentence))
