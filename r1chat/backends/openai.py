"""The models of an OpenAI-compatible server, over plain HTTP. Knows no other backend.

llama-server and vLLM are recognised, because they can continue a reply; any other server only makes fresh ones.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from r1chat.backends import wire
from r1chat.backends.bridge import Bridge, Idle
from r1chat.backends.openai_wire import (
    Chunk,
    Entries,
    Entry,
    Kind,
    Props,
    Reading,
    Rendered,
    Status,
    broken_off,
    chat_messages,
    final_message,
    parse_base_url,
    refused,
    sampling,
)
from r1chat.backends.prompt import (
    CLOSE,
    OPEN,
    continued,
    opens_thought,
    up_to_next_user_message,
    with_next_user_message,
)
from r1chat.errors import BackendError, UnsupportedError
from r1chat.messages import BackendEvent, Message, ModelInfo, Progress, Raw, ReplySoFar, Request

_ADVICE = "Is it running? Start it, and check the address (--base-url or R1CHAT_BASE_URL)."
_NOT_CONTINUED = "This server cannot continue a reply. Ask again for a fresh one, or use llama-server, vLLM or Ollama."


@dataclass
class _Server:
    """What was found at the base URL."""

    kind: Kind
    entries: list[Entry]
    props: Props = field(default_factory=Props)
    opens: dict[str, bool] = field(default_factory=dict)  # by model: whether its template opens the thought

    def context(self, model: str) -> int:
        """The window in tokens, 0 where it is not told."""
        entry = next((entry for entry in self.entries if entry.id == model), None)
        told = (entry.max_model_len or entry.file.n_ctx) if entry else 0
        return self.props.default_generation_settings.n_ctx or told

    @property
    def thinks(self) -> bool:
        """Whether its models think, as far as the template tells; where there is none to see, they may."""
        return not self.props.chat_template or CLOSE in self.props.chat_template


class OpenAIBackend:
    """The models of one server that speaks OpenAI's chat completions."""

    def __init__(self, base_url: str, api_key: str = "", *, context: int = 0, name: str = "openai") -> None:
        """`base_url` with or without `/v1`. Raises ConfigError where it is no address.

        `context` is the window to reckon with, in tokens, where the server does not tell its own; 0: none.
        """
        self.name = name
        self.url = parse_base_url(base_url)
        self._root = self.url.removesuffix("/v1")  # where llama-server's own routes are
        self._context = context
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {}, **wire.connection(httpx.URL(self.url))
        )
        self._bridge = Bridge(f"r1chat-{name}")
        self._idle = Idle(self._bridge)
        self._server: _Server | None = None

    def models(self) -> list[ModelInfo]:
        return self._bridge.submit(self._list()).result()

    def stream(self, request: Request) -> Generator[BackendEvent, None, None]:
        self._idle.give_way(request.model)
        return self._bridge.iterate(self._reply(request))

    def warm(self, request: Request) -> None:
        self._idle.do(request.model, self._warm(request))

    def close(self) -> None:
        self._bridge.close(self._http.aclose)

    # -- models -------------------------------------------------------------------------------------------------------

    async def _list(self) -> list[ModelInfo]:
        with self._translated():
            server = await self._look()
        return [self._describe(server, entry) for entry in server.entries]

    async def _look(self) -> _Server:
        """What is at the base URL now: its kind and its models."""
        async with asyncio.timeout(wire.ANSWER_WITHIN):
            response = await wire.success(await self._http.get(f"{self.url}/models"))
            entries = wire.parsed(Entries, response.content).data
            owners = {entry.owned_by for entry in entries}
            if response.headers.get("server") == "llama.cpp" or "llamacpp" in owners:
                server = _Server(Kind.LLAMA_SERVER, entries)
                with suppress(wire.Refusal, wire.NotUnderstood):  # it can be switched off
                    server.props = await self._ask(Props, "GET", f"{self._root}/props")
            else:
                server = _Server(Kind.VLLM if "vllm" in owners else Kind.OTHER, entries)
        self._server = server
        return server

    def _describe(self, server: _Server, entry: Entry) -> ModelInfo:
        template = server.props.chat_template
        return ModelInfo(
            self.name,
            entry.id,
            title=entry.id.rsplit("/", 1)[-1].removesuffix(".gguf"),
            size=entry.file.size,
            parameters=entry.file.n_params,
            quantisation=entry.file.ftype,
            context=server.context(entry.id) or self._context,
            trained_context=entry.file.n_ctx_train,
            thinks=server.thinks,
            continues=server.kind is not Kind.OTHER,
            note=_NOT_CONTINUED if server.kind is Kind.OTHER else "",
            template_hash=hashlib.sha256(template.encode()).hexdigest() if template else "",
            backend_version=server.props.build_info,
            loaded=entry.status.value == "loaded"
            if isinstance(entry.status, Status)
            else server.kind is Kind.LLAMA_SERVER,
        )

    # -- replies ------------------------------------------------------------------------------------------------------

    async def _reply(self, request: Request) -> AsyncGenerator[BackendEvent, None]:
        with self._translated(request.model):
            server = self._server or await self._look()
            so_far = request.so_far or ReplySoFar()
            first = so_far == ReplySoFar()
            if first:
                url, body = f"{self.url}/chat/completions", self._chat(request, server)
            else:
                url, body = await self._continuation(request, so_far, server)
            reading = Reading(server.context(request.model) or self._context, only_answer=so_far.closed)
            async with aclosing(self._chunks(url, body)) as chunks:
                async for chunk in chunks:
                    for event in reading.read(chunk):
                        # No thought of its own: a template that the server does not recognise may have opened one.
                        if first and isinstance(event, Raw) and await self._opens_thought(request, server, event.text):
                            yield Raw(OPEN, tokens=0)
                        first = first and isinstance(event, Progress)
                        yield event
            yield reading.finish()

    def _chat(self, request: Request, server: _Server) -> dict[str, Any]:
        body = {
            "model": request.model,
            "messages": chat_messages(request.messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            **sampling(request.params, server.kind),
        }
        if request.params.max_tokens:
            body["max_tokens"] = request.params.max_tokens
        if server.kind is Kind.LLAMA_SERVER:
            body["return_progress"] = True
        return body

    async def _continuation(self, request: Request, so_far: ReplySoFar, server: _Server) -> tuple[str, dict[str, Any]]:
        """Where to ask for the rest of a reply, and how. Raises UnsupportedError."""
        if server.kind is Kind.OTHER:
            raise UnsupportedError(_NOT_CONTINUED)
        if server.kind is Kind.LLAMA_SERVER:
            # The prompt as text: exact for every template, where `continue_final_message` drops the thought without a
            # word if the server does not recognise the template.
            with suppress(_RouteMissing):
                prompt = continued(await self._render(request, request.messages), so_far, server.thinks)
                return f"{self._root}/completion", self._raw(request, server, prompt)
        last, what = final_message(so_far, server.kind)
        body = self._chat(request, server)
        body["messages"].append(last)
        return f"{self.url}/chat/completions", body | {"continue_final_message": what, "add_generation_prompt": False}

    def _raw(self, request: Request, server: _Server, prompt: str) -> dict[str, Any]:
        return {
            "model": request.model,
            "prompt": prompt,
            "stream": True,
            "return_progress": True,
            "n_predict": request.params.max_tokens or -1,
            **sampling(request.params, server.kind),
        }

    async def _warm(self, request: Request) -> None:
        with self._translated(request.model):
            server = self._server or await self._look()
            if server.kind is not Kind.LLAMA_SERVER:
                return
            if request.messages and request.messages[-1].role == "assistant":
                prompt = up_to_next_user_message(await self._render(request, with_next_user_message(request.messages)))
            else:
                prompt = await self._render(request, request.messages)
            if prompt:
                body = self._raw(request, server, prompt) | {"n_predict": 0}
                async with aclosing(self._chunks(f"{self._root}/completion", body)) as chunks:
                    async for _ in chunks:
                        pass

    async def _opens_thought(self, request: Request, server: _Server, text: str) -> bool:
        """Whether the prompt of a fresh reply, which begins with `text`, ends inside the thought; asked once."""
        if OPEN not in server.props.chat_template or text.lstrip().startswith(OPEN):
            return False
        if request.model not in server.opens:
            with suppress(_RouteMissing, wire.Refusal, wire.NotUnderstood, httpx.TransportError):
                server.opens[request.model] = opens_thought(await self._render(request, request.messages))
        return server.opens.get(request.model, False)

    async def _render(self, request: Request, messages: tuple[Message, ...]) -> str:
        """The prompt as llama-server's template writes it. Raises _RouteMissing where that cannot be asked."""
        body = {"model": request.model, "messages": chat_messages(messages)}
        try:
            return (await self._ask(Rendered, "POST", f"{self._root}/apply-template", body)).prompt
        except wire.Refusal as refusal:
            if refusal.status in (404, 405):
                raise _RouteMissing from None
            raise

    # -- the wire -----------------------------------------------------------------------------------------------------

    async def _ask(self, form: type[wire.Form], method: str, url: str, body: dict[str, Any] | None = None) -> wire.Form:
        response = await wire.success(await self._http.request(method, url, json=body))
        return wire.parsed(form, response.content)

    async def _chunks(self, url: str, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        """The events of a stream. Raises GenerationError where one of them is an error."""
        async with self._http.stream("POST", url, json=body) as response:
            await wire.success(response)
            if response.headers.get("content-type", "").startswith(("text/html", "application/json")):
                raise wire.NotUnderstood
            async with aclosing(wire.lines(response)) as lines:
                async for line in lines:
                    field_name, _, data = line.partition(b":")
                    if field_name != b"data":
                        continue
                    if data.strip() == b"[DONE]":
                        return
                    chunk = wire.parsed(Chunk, data)
                    if chunk.error:
                        raise broken_off(chunk.error)
                    yield chunk

    def _translated(self, model: str = "") -> AbstractContextManager[None]:
        def refusal_as_error(refusal: wire.Refusal) -> BackendError:
            context = self._server.context(model) if self._server else 0
            return refused(refusal, self.url, model, context or self._context)

        return wire.translated("OpenAI-compatible server", self.url, _ADVICE, refusal_as_error)


class _RouteMissing(Exception):
    """The server does not offer a route of llama-server's: it is old, or something stands before it."""
