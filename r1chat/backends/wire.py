"""What both HTTP backends need of the wire: how to connect, lines of a stream, what a server's refusal means.

Foreign exceptions become ours in `translated`, and nowhere else. Knows no route and no form of any one server.
"""

from __future__ import annotations

import codecs
import json
import re
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from r1chat.both import Both
from r1chat.config import BAD_KEY, is_key
from r1chat.errors import (
    BackendError,
    ConfigError,
    ContextError,
    EnvironmentSettingError,
    GenerationError,
    UnreachableError,
)
from r1chat.loopback import is_this_computer
from r1chat.messages import LONGEST_NAME, FinishReason
from r1chat.unicode import clean, cleaned

Body = TypeVar("Body", bound=BaseModel)
Name = Annotated[str, AfterValidator(lambda text: text[:LONGEST_NAME])]  # of a few words that are shown

CONNECT_WITHIN = 5.0  # seconds
ANSWER_WITHIN = 15.0  # seconds, for questions that no model has to think about
LONGEST_SENTENCE = 1000  # characters of an error in a server's own words: it is stored with the reply
_MOST_WORDS = 64 * LONGEST_SENTENCE  # characters of what a server says that are looked at
_WHOLE = frozenset(["stop", "eos", "eos_token", "end_turn", "stop_sequence", "word", "complete"])
_AT_A_LIMIT = frozenset(["length", "limit", "max_tokens", "max_length", "model_length"])
SHORTEST_KEY = 4  # characters; what is shorter is no secret, and would be found in every word
MOST_MODELS = 5_000  # of a server; an Ollama server is asked about each
LONGEST_LINE = 16 << 20  # bytes of one line of a stream, or of a body that is read whole

_MOST_BYTES = 1 << 50  # of a model
_MOST = 1 << 40  # tokens or nanoseconds … more than any true count
_HALF = re.compile("[\ud800-\udfff]")
_JSON = json.JSONDecoder()
_BETWEEN = re.compile(r"\s*(?:data:\s*)*")  # two values of one line
_MOST_VALUES = 64  # of one line
_TEXTS = ("text", "content", "refusal")  # where an object has its text
_THOUGHTS = ("thinking", "reasoning", "summary")  # where it has it if that is a thought
_DEEPEST = 4  # lists and objects within each other that texts are looked for in
_EXCEEDS = re.compile(r"\((\d{1,15}) tokens\).*?\((\d{1,15}) tokens\)", re.DOTALL)
_MAXIMUM = re.compile(r"maximum context length (?:is|of) (\d{1,15})\b")
_NEEDED = re.compile(r"(?:requested|resulted in|has|contains(?: at least)?) (\d{1,15})\b")
_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|exceeds the available context"
    r"|longer than the (?:model's )?context|exceeds (?:the |maximum )*context length|maximum context length",
    re.IGNORECASE,
)
_REDIRECTED = Both(
    "{url} sends r1chat on to {location}, and r1chat follows no redirects. "
    "If that address is right, put it into the settings.",
    "{url} 要求 r1chat 转到 {location}，而 r1chat 不跟随重定向。如果该地址正确，请在设置中改用它。",
)
_TOO_MUCH = Both(
    "The {what} at {url} sent more than r1chat takes at once ({most} MB in one line, or a compressed "
    "body), so it was left. What came is kept. Check what runs there, then continue or try again.",
    "{url} 的 {what}一次发送的数据过多（单行超过 {most} MB，或为压缩内容），r1chat 已断开。"
    "已收到的内容已保留。请检查该处运行的程序，然后继续回复或重试。",
)
_BROKEN_STREAM = Both(
    "The {what} at {url} sent something in the midst of the reply that cannot be read. What came is kept. "
    "Continue the reply or try again; if it happens again, see the server's log.",
    "{url} 的 {what}在回复中途发送了无法读取的内容。已收到的内容已保留。请继续回复或重试；"
    "若再次发生，请查看服务器日志。",
)
_OTHER_PROGRAM = Both(
    "What answers at {url} is no {what}: it may be a web page, or another program. Check the address.",
    "在 {url} 应答的不是 {what}：可能是网页或其他程序。请检查地址。",
)
_NOT_REACHED = Both(
    "No {what} can be reached at {url} ({reason}). {advice}", "无法连接 {url} 的 {what}（{reason}）。{advice}"
)
_NO_ANSWER = Both(
    "The {what} at {url} took the call but did not answer in time. It may be busy: try again in a moment.",
    "{url} 的 {what}已接受连接，但没有及时回应。它可能正忙：请稍后重试。",
)
_DISCONNECTED = Both(
    "The connection to the {what} at {url} broke ({reason}). What came is kept. See whether it still "
    "runs, then continue the reply or try again.",
    "与 {url} 的 {what}的连接中断（{reason}）。已收到的内容已保留。请检查它是否仍在运行，然后继续回复或重试。",
)
_DOES_NOT_FIT = Both(
    "The conversation is {length}, and {window}. Nothing was cut. Shorten the message, begin a new conversation, "
    "or set a larger context.",
    "对话{length}，{window}。没有截去任何内容。请缩短消息、开始新对话，或设置更大的上下文。",
)
_REASONS = {  # by what the network library says
    "All connection attempts failed": Both("nothing answers there", "那里没有程序应答"),
    "Connection refused": Both("nothing answers there", "那里没有程序应答"),
    "Name or service not known": Both("no computer of that name is known", "找不到该名称的主机"),
    "nodename nor servname provided": Both("no computer of that name is known", "找不到该名称的主机"),
    "getaddrinfo failed": Both("no computer of that name is known", "找不到该名称的主机"),
    "Temporary failure in name resolution": Both("names cannot be looked up now", "目前无法解析主机名"),
    "Network is unreachable": Both("there is no network", "没有网络"),
    "timed out": Both("it does not answer in time", "没有及时应答"),
}
NO_REASON = Both("it gave no reason", "未说明原因")
_LENGTH = Both("{needed:,} tokens long", "长 {needed:,} 个 token")
_LENGTH_UNKNOWN = Both("too long", "太长")
_WINDOW = Both("the window holds {context:,}", "而窗口只能容纳 {context:,} 个 token")
_WINDOW_UNKNOWN = Both("the model's window does not hold it", "超出了模型的窗口")


_ENVIRONMENT = Both(
    "No connection to {host} can be made with what the environment says of proxies or certificates ({reason}). Correct "
    "ALL_PROXY, HTTP_PROXY, HTTPS_PROXY, NO_PROXY or SSL_CERT_FILE (r1chat takes proxies at http and https addresses), "
    "then start r1chat again.",
    "按环境变量中的代理或证书设置无法连接 {host}（{reason}）。请改正 ALL_PROXY、HTTP_PROXY、HTTPS_PROXY、NO_PROXY 或 "
    "SSL_CERT_FILE（r1chat 支持 http 和 https 地址的代理），然后重新启动 r1chat。",
)
_BAD_KEY = Both("The key cannot be used: {reason}.", "此密钥无法使用：{reason}。")


class Refusal(Exception):
    """A server answered with a status that is no success; `text` is its body."""

    def __init__(self, status: int, text: str, location: str = "", key: str = "") -> None:
        """`key` is what went with the request, and stands in nothing that is shown."""
        super().__init__(str(status))
        self.status = status
        self.text = text
        self.location = location
        self._key = key

    @property
    def sentence(self) -> str:
        """The error as the server words it; "" where its body is not in the form of an API."""
        return said(self.text, self._key)


class TooMuchError(Exception):
    """A server sends a line without end, or a body that would fill the memory."""


class NotUnderstood(Exception):
    """What came is not what this kind of server sends."""


class Tolerant(BaseModel):
    """What a server sends. A field that has a default has it where anything of another type comes, null included.

    `carries_text` names fields that may be null, but no more than that: of those nothing is to be lost silently.
    """

    carries_text: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="wrap")
    @classmethod
    def _or_default(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError:
            name = info.field_name or ""
            field = cls.model_fields[name]
            if field.is_required() or (value is not None and name in cls.carries_text):
                raise
            return field.get_default(call_default_factory=True)


def entries_of(form: type[BaseModel]) -> BeforeValidator:
    """Of a list the first `MOST_MODELS` entries that have a form: an odd one hides only itself. Null is an empty list.

    A list of odd ones alone is refused.
    """

    def of_this_form(value: Any) -> Any:
        if not isinstance(value, list):
            return [] if value is None else value
        entries: list[BaseModel] = []
        for entry in value:
            with suppress(ValidationError):
                entries.append(form.model_validate(entry))
            if len(entries) == MOST_MODELS:
                break
        return entries or value

    return BeforeValidator(of_this_form)


def client(address: str, headers: Mapping[str, str], **more: Any) -> httpx.AsyncClient:
    """The client of a server. Raises EnvironmentSettingError."""
    with environment_settings(address):
        return httpx.AsyncClient(**connection(httpx.URL(address), headers), **more)


@contextmanager
def environment_settings(address: str) -> Iterator[None]:
    """Raise EnvironmentSettingError for whatever httpx raises while it makes a client, which reads the environment."""
    try:
        yield
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        host = httpx.URL(address).netloc.decode()
        raise EnvironmentSettingError(_ENVIRONMENT.format(host=host, reason=error)) from None


def connection(url: httpx.URL, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Settings for an httpx client. Proxies from the environment are used, but never for this machine itself.

    Redirects are not followed: a prompt goes to the address that the person gave, or nowhere. A reply may take as
    long as it takes. Each request gets a connection of its own, because llama-server hangs up on some that are used
    again (8 of 150 replies failed for that), and a new one costs less than a millisecond. To an `http` address no
    certificates are loaded, which takes 0.03 s: such a client would refuse every TLS server.
    """
    return {
        "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.scheme == "http" else True,
        "trust_env": not is_this_computer(url.host),
        "follow_redirects": False,
        "timeout": httpx.Timeout(None, connect=CONNECT_WITHIN),
        "limits": httpx.Limits(max_keepalive_connections=0),
        "headers": {"Accept-Encoding": "identity", **(headers or {})},
    }


def authorization(key: str) -> dict[str, str]:
    """The header that carries a key; none for "". Raises ConfigError for what can be no key."""
    if not is_key(key):
        raise ConfigError(_BAD_KEY.format(reason=BAD_KEY))
    return {"Authorization": f"Bearer {key}"} if key else {}


async def lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The lines of a body, without their ends. Empty ones are left out.

    A line ends at a newline and nowhere else: U+0085 and U+2028, at which httpx's own `aiter_lines` splits, are text.
    A byte order mark before the first is left out.
    Raises TooMuchError where a line grows beyond `LONGEST_LINE`, or where compression hides more than that.
    """
    rest: list[bytes] = []
    size = 0
    mark = codecs.BOM_UTF8
    async for data in _bounded(response):
        *ended, last = data.split(b"\n")
        for part in ended:
            line = b"".join((*rest, part)).removeprefix(mark).strip()
            rest, size, mark = [], 0, b""
            if line:
                yield line
        rest.append(last)
        size += len(last)
        if size > LONGEST_LINE:
            raise TooMuchError
    if line := b"".join(rest).removeprefix(mark).strip():
        yield line


async def _bounded(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body in pieces. A compressed one is refused: nobody asked for it, and a few bytes can hide gigabytes."""
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise TooMuchError
    async for data in response.aiter_bytes():
        yield data


async def body(response: httpx.Response) -> bytes:
    """The whole body without a byte order mark. Raises TooMuchError where it is longer than `LONGEST_LINE`."""
    parts: list[bytes] = []
    size = 0
    async for data in _bounded(response):
        parts.append(data)
        size += len(data)
        if size > LONGEST_LINE:
            raise TooMuchError
    return b"".join(parts).removeprefix(codecs.BOM_UTF8)


async def success(response: httpx.Response) -> httpx.Response:
    """The response, if its status is a success; otherwise raises Refusal."""
    if not response.is_success:
        text = (await body(response)).decode(errors="replace")
        key = key_of(response.request.headers)
        raise Refusal(response.status_code, text, shortened(response.headers.get("location", ""), key), key)
    return response


def finish_of(reason: str) -> FinishReason:
    """Why a reply ended, by its server's word: `cut` where that says neither that it is whole nor that it reached a
    limit (content_filter, abort, error, tool_calls …), or says nothing.
    """
    word = reason.strip().lower()
    return "length" if word in _AT_A_LIMIT else "stop" if word in _WHOLE else "cut"


def key_of(headers: httpx.Headers) -> str:
    """The key that a request carries, "" for none."""
    value: str = headers.get("authorization", "")
    return value.removeprefix("Bearer ").strip()


def without_key(text: str, key: str) -> str:
    """A server's words without the key that it was sent, however that is spelled: they are shown, stored and exported.

    To be used where words become a value of ours, when all that wrapped them is off.
    """
    text = text[:_MOST_WORDS]
    return _spellings(key).sub("•••", text) if len(key) >= SHORTEST_KEY else text


@lru_cache(16)
def _spellings(key: str) -> re.Pattern[str]:
    """Each character as it is, escaped as in JSON (perhaps several times), or as in an address."""
    return re.compile(
        "".join(rf"(?:\\{{0,8}}(?:{re.escape(c)}|u(?i:{ord(c):04x}))|%(?:25){{0,3}}(?i:{ord(c):02x}))" for c in key)
    )


def parsed(form: type[Body], data: bytes) -> Body:
    """JSON as a value, half a surrogate pair in it as U+FFFD. Raises NotUnderstood."""
    return _parsed(form, data, cleaned)[0]


def all_parsed(form: type[Body], data: bytes) -> list[Body]:
    """The JSON values of a line, of which there should be one.

    Raises NotUnderstood where there is none, TooMuchError where there are more than `_MOST_VALUES`. Bad UTF-8
    becomes U+FFFD. Half a surrogate pair stays as it is: the other half may come with the next line.
    """
    return _parsed(form, data, lambda value: value)


def _parsed(form: type[Body], data: bytes, prepared: Callable[[Any], Any]) -> list[Body]:
    with suppress(ValidationError):
        return [form.model_validate_json(data)]  # refuses halves of surrogate pairs
    values: list[Body] = []
    text, at = data.decode(errors="replace"), 0
    with suppress(ValueError, RecursionError, ValidationError):
        while (at := _next_value(text, at)) < len(text):
            if len(values) == _MOST_VALUES:
                raise TooMuchError
            value, at = _JSON.raw_decode(text, at)
            values.append(form.model_validate(prepared(value)))
    if not values:
        raise NotUnderstood
    return values


def _next_value(text: str, at: int) -> int:
    """Where the next JSON value of a line begins, behind white space and "data:"."""
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


class Halves:
    """Joins surrogate pairs that were torn apart, within a text or between two of them; a lone half becomes U+FFFD."""

    def __init__(self) -> None:
        self._high = ""

    def join(self, text: str) -> str:
        """The text without halves; a high one at its end waits for the next text."""
        if not self._high and not _HALF.search(text):
            return text
        text, self._high = self._high + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_text(value: object) -> str:
    """Text in the forms in which servers send it: plain, in an object, or a list of both. "" for all else.

    Parts that are thoughts are left out.
    """
    return "".join(text for text, is_thought in _texts(value) if not is_thought)


def as_thought(value: object, all_of_it: bool = False) -> str:
    """The thoughts among the parts of a text; `all_of_it`: it is known to be a thought, whatever its parts say."""
    return "".join(text for text, is_thought in _texts(value, all_of_it) if is_thought)


def _texts(value: object, is_thought: bool = False, depth: int = _DEEPEST) -> Iterator[tuple[str, bool]]:
    """The texts in a value, and whether each is a thought: by the type of the part that holds it, or by its field."""
    if isinstance(value, str):
        yield value, is_thought
    elif isinstance(value, list) and depth:
        for part in value:
            yield from _texts(part, is_thought, depth - 1)
    elif isinstance(value, dict) and depth:
        kind = value.get("type")
        is_thought = is_thought or (isinstance(kind, str) and ("thinking" in kind or "reasoning" in kind))
        for name in (*_THOUGHTS, *_TEXTS) if is_thought else (*_TEXTS, *_THOUGHTS):
            if inner := value.get(name):
                yield from _texts(inner, is_thought or name in _THOUGHTS, depth - 1)
                return


def counted(value: object) -> int | None:
    """A count from outside, if it is one that can be true."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def sized(value: object) -> int:
    """A number of bytes or tokens from outside; 0 for one that cannot be true."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_BYTES else 0


class BrokenStreamError(Exception):
    """What came after a good beginning cannot be read."""


@contextmanager
def translated(what: Both, url: str, advice: Both, refused: Callable[[Refusal], BackendError]) -> Iterator[None]:
    """Turn what httpx raises into BackendErrors about a `what` ("Ollama server") at `url`.

    `advice` says what to check where nobody answers; `refused` words what this kind of server refuses.
    """
    try:
        yield
    except Refusal as refusal:
        if refusal.location and 300 <= refusal.status < 400:
            raise UnreachableError(_REDIRECTED.format(url=url, location=refusal.location)) from None
        raise refused(refusal) from None
    except TooMuchError:
        raise GenerationError(_TOO_MUCH.format(what=what, url=url, most=LONGEST_LINE >> 20)) from None
    except BrokenStreamError:
        raise GenerationError(_BROKEN_STREAM.format(what=what, url=url)) from None
    except (NotUnderstood, httpx.DecodingError):
        raise UnreachableError(_OTHER_PROGRAM.format(what=what, url=url)) from None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        sentence = _NOT_REACHED.format(what=what, url=url, reason=_reason(error), advice=advice)
        raise UnreachableError(sentence) from None
    except (httpx.TimeoutException, TimeoutError):
        raise UnreachableError(_NO_ANSWER.format(what=what, url=url)) from None
    except httpx.TransportError as error:
        raise GenerationError(_DISCONNECTED.format(what=what, url=url, reason=_reason(error))) from None


def _reason(error: Exception) -> Both | str:
    """Why a connection failed: in both languages for the usual reasons, else in the network library's words."""
    text = str(error).strip().rstrip(".") or type(error).__name__
    return next((reason for part, reason in _REASONS.items() if part in text), text)


def said(text: str, key: str) -> str:
    """The sentence in an API's error body, however deeply it is wrapped, without the key; "" where there is none."""
    try:
        return said_in(json.loads(text), key)
    except (ValueError, RecursionError):
        return ""


def said_in(value: Any, key: str) -> str:
    """The sentence in an API's error, as `said` finds it."""
    for name in ("error", "message"):
        if isinstance(value, dict):
            value = value.get(name, value)
    if isinstance(value, dict):
        value = value.get("detail", "")
    if not isinstance(value, str):
        return ""
    return said(value, key) or shortened(value, key)


def shortened(sentence: str, key: str) -> str:
    """A server's sentence without the key, of which `LONGEST_SENTENCE` characters are kept."""
    sentence = clean(without_key(sentence, key))
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[:LONGEST_SENTENCE]}…"


def too_long(text: str, context: int = 0) -> ContextError | None:
    """The ContextError that an error body stands for, if it does. `context` is the window, where it is known."""
    if not _TOO_LONG.search(text):
        return None
    needed = 0
    if numbers := _EXCEEDS.search(text):
        needed, context = int(numbers[1]), int(numbers[2])
    elif maximum := _MAXIMUM.search(text):
        context = int(maximum[1])
        if match := _NEEDED.search(text, maximum.end()):
            needed = int(match[1])
    length = _LENGTH.format(needed=needed) if needed else _LENGTH_UNKNOWN
    window = _WINDOW.format(context=context) if context else _WINDOW_UNKNOWN
    return ContextError(_DOES_NOT_FIT.format(length=length, window=window), needed, context)
