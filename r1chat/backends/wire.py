"""What both HTTP backends need of the wire: how to connect, lines of a stream, what a server's refusal means.

Foreign exceptions become ours in `translated`, and nowhere else. Knows no route and no form of any one server.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from r1chat.errors import BackendError, ContextError, GenerationError, UnreachableError

Form = TypeVar("Form", bound=BaseModel)

CONNECT_WITHIN = 5.0  # seconds
ANSWER_WITHIN = 15.0  # seconds, for questions that no model has to think about

_EXCEEDS = re.compile(r"\((\d+) tokens\).*?\((\d+) tokens\)", re.DOTALL)
_MAXIMUM = re.compile(r"maximum context length (?:is|of) (\d+)")
_NEEDED = re.compile(r"(?:requested|resulted in|has|contains(?: at least)?) (\d+)")
_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|exceeds the available context"
    r"|longer than the (?:model's )?context|exceeds (?:the |maximum )*context length|maximum context length",
    re.IGNORECASE,
)


class Refusal(Exception):
    """A server answered with a status that is no success; `text` is its body."""

    def __init__(self, status: int, text: str, location: str = "") -> None:
        super().__init__(f"{status} {text[:200]}")
        self.status = status
        self.text = text
        self.location = location

    @property
    def sentence(self) -> str:
        """The error as the server words it; "" where its body is not in the form of an API."""
        return said(self.text)


class NotUnderstood(Exception):
    """What came is not what this kind of server sends."""


def connection(url: httpx.URL) -> dict[str, Any]:
    """Settings for an httpx client. Proxies from the environment are used, but never for this machine itself.

    Redirects are not followed: a prompt goes to the address that the person gave, or nowhere. A reply may take as
    long as it takes. Each request gets a connection of its own, because llama-server hangs up on some that are used
    again (8 of 150 replies failed for that), and a new one costs less than a millisecond.
    """
    return {
        "trust_env": not is_loopback(url.host),
        "follow_redirects": False,
        "timeout": httpx.Timeout(None, connect=CONNECT_WITHIN),
        "limits": httpx.Limits(max_keepalive_connections=0),
    }


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The lines of a body, without their ends. Empty ones are left out.

    A line ends at a newline and nowhere else: U+0085 and U+2028, at which httpx's own `aiter_lines` splits, are text.
    """
    rest: list[bytes] = []
    async for data in response.aiter_bytes():
        *ended, last = data.split(b"\n")
        for part in ended:
            line = b"".join((*rest, part)).strip()
            rest = []
            if line:
                yield line
        rest.append(last)
    if line := b"".join(rest).strip():
        yield line


async def success(response: httpx.Response) -> httpx.Response:
    """The response, if its status is a success; otherwise raises Refusal."""
    if not response.is_success:
        body = await response.aread()
        raise Refusal(response.status_code, body.decode(errors="replace"), response.headers.get("location", ""))
    return response


def parsed(form: type[Form], data: bytes) -> Form:
    """JSON as a value. Raises NotUnderstood."""
    try:
        return form.model_validate_json(data)
    except ValidationError:
        raise NotUnderstood from None


@contextmanager
def translated(what: str, url: str, advice: str, refused: Callable[[Refusal], BackendError]) -> Iterator[None]:
    """Turn what httpx raises into BackendErrors about a `what` ("Ollama server") at `url`.

    `advice` says what to check where nobody answers; `refused` words what this kind of server refuses.
    """
    try:
        yield
    except Refusal as refusal:
        if refusal.location and 300 <= refusal.status < 400:
            raise UnreachableError(
                f"{url} sends r1chat on to {refusal.location}, and r1chat follows no redirects. "
                "If that address is right, put it into the settings."
            ) from None
        raise refused(refusal) from None
    except (NotUnderstood, httpx.DecodingError):
        raise UnreachableError(
            f"What answers at {url} is no {what}: it may be a web page, or another program. Check the address."
        ) from None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise UnreachableError(f"No {what} can be reached at {url} ({_reason(error)}). {advice}") from None
    except (httpx.TimeoutException, TimeoutError):
        raise UnreachableError(
            f"The {what} at {url} took the call but did not answer in time. It may be busy: try again in a moment."
        ) from None
    except httpx.TransportError as error:
        raise GenerationError(
            f"The connection to the {what} at {url} broke ({_reason(error)}). What came is kept. See whether it still "
            "runs, then continue the reply or try again."
        ) from None


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


def said(text: str) -> str:
    """The sentence in an API's error body, however deeply it is wrapped; "" where there is none."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return ""
    for key in ("error", "message"):
        if isinstance(value, dict):
            value = value.get(key, value)
    if isinstance(value, dict):
        value = value.get("detail", "")
    if not isinstance(value, str):
        return ""
    return said(value) or value


def too_long(text: str, context: int = 0) -> ContextError | None:
    """The ContextError that an error body stands for, if it does. `context` is the window, where it is known."""
    if not _TOO_LONG.search(text):
        return None
    needed = 0
    if numbers := _EXCEEDS.search(text):
        needed, context = int(numbers[1]), int(numbers[2])
    elif maximum := _MAXIMUM.search(text):
        context = int(maximum[1])
        if asked := _NEEDED.search(text, maximum.end()):
            needed = int(asked[1])
    has = f"{needed:,} tokens long" if needed else "too long"
    holds = f"the window holds {context:,}" if context else "the model's window does not hold it"
    return ContextError(
        f"The conversation is {has}, and {holds}. Nothing was cut. Shorten the message, begin a new conversation, "
        "or set a larger context.",
        needed,
        context,
    )
