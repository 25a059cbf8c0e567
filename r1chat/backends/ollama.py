"""The models of an Ollama server, by its official client. Knows no other backend.

Requests go through the client's session (its address, headers and key), but not through its typed calls: those cannot
send `truncate`, `shift` and `_debug_render_only`, drop `_debug_info` and `remote_host` from what comes, and split the
stream at U+0085, which Ollama sends unescaped inside a line. Without `truncate` and `shift` text is lost silently.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx
import ollama

from r1chat.backends import wire
from r1chat.backends.bridge import Bridge, Idle
from r1chat.backends.ollama_wire import (
    RENDERS,
    Part,
    Show,
    Tag,
    Tags,
    Version,
    at_least,
    chat_messages,
    note,
    parse_host,
    refused,
    sampling,
)
from r1chat.backends.prompt import OPEN, continued, opens_thought, up_to_next_user_message, with_next_user_message
from r1chat.errors import BackendError, GenerationError, UnsupportedError
from r1chat.messages import (
    Answer,
    BackendEvent,
    Finish,
    Message,
    ModelInfo,
    Params,
    Raw,
    Reasoning,
    ReplySoFar,
    Request,
)

__all__ = ["OllamaBackend", "parse_host"]

_ADVICE = "Is Ollama running? Start it with `ollama serve` or its app, and check the address (OLLAMA_HOST)."


@dataclass(slots=True)
class _Model:
    """What `show` says of a model, as far as it matters here."""

    digest: str
    template: str
    architecture: str
    parameters: int
    trained_context: int
    context: int  # `num_ctx`: one value as long as r1chat runs, because another one loads the model again
    thinks: bool
    chats: bool
    opens: bool | None = None  # whether its template opens the thought in the prompt; None: not asked yet


class OllamaBackend:
    """The models of one Ollama server."""

    name = "ollama"

    def __init__(self, host: str = "", *, context: int = 16384, keep_alive: str | int = "30m") -> None:
        """`host` in any form of OLLAMA_HOST. `context` is the window in tokens, for models that were made for as much.

        `keep_alive` is how long Ollama keeps a model loaded: seconds, or a duration such as "30m"; -1 for ever.
        Raises ConfigError where `host` is no address.
        """
        self.url = parse_host(host)
        self._context = context
        self._keep_alive = int(keep_alive) if re.fullmatch(r"-?\d+", str(keep_alive)) else keep_alive
        self._http: httpx.AsyncClient = ollama.AsyncClient(self.url, **wire.connection(httpx.URL(self.url)))._client
        self._bridge = Bridge("r1chat-ollama")
        self._idle = Idle(self._bridge)
        self._models: dict[str, _Model] = {}

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
            async with asyncio.timeout(wire.ANSWER_WITHIN):
                tags, running, version = await asyncio.gather(
                    self._ask(Tags, "GET", "/api/tags"),
                    self._ask(Tags, "GET", "/api/ps"),
                    self._ask(Version, "GET", "/api/version"),
                )
                at_once = asyncio.Semaphore(8)
                found = await asyncio.gather(*(self._describe(tag, version.version, at_once) for tag in tags.models))
        loaded = {tag.name for tag in running.models}
        infos = [replace(info, loaded=info.name in loaded) for info in found if info]
        return sorted(infos, key=lambda info: (not info.ready, not info.thinks, not info.loaded))

    async def _describe(self, tag: Tag, version: str, at_once: asyncio.Semaphore) -> ModelInfo | None:
        """The model as the rest of r1chat sees it; None for one that cannot chat."""
        info = ModelInfo(
            self.name,
            tag.name,
            title=tag.name.removesuffix(":latest"),
            size=tag.size,
            quantisation=tag.details.quantization_level,
            digest=tag.digest,
            backend_version=version,
        )
        try:
            async with at_once:
                with self._translated(tag.name):
                    model = await self._known(tag.name, tag.digest)
        except BackendError as error:
            return replace(info, ready=False, note=str(error))
        if not model.chats:
            return None
        return replace(
            info,
            parameters=model.parameters,
            context=model.context,
            trained_context=model.trained_context,
            thinks=model.thinks,
            # a thought between other tags (gpt-oss, gemma) cannot be written into a prompt by r1chat
            continues=at_least(version, RENDERS) and (not model.thinks or OPEN[1:] in model.template),
            note=note(tag, version),
            architecture=model.architecture or tag.details.family,
            template_hash=hashlib.sha256(model.template.encode()).hexdigest() if model.template else "",
        )

    async def _known(self, name: str, digest: str | None = None) -> _Model:
        """What is known of a model: asked once, and again when its digest has changed."""
        model = self._models.get(name)
        if model is None or digest not in (None, model.digest):
            show = await self._ask(Show, "POST", "/api/show", {"model": name})
            architecture = str(show.fact("general.architecture") or "")
            trained = show.number(f"{architecture}.context_length")
            model = self._models[name] = _Model(
                digest=digest or "",
                template=show.template,
                architecture=architecture,
                parameters=show.number("general.parameter_count"),
                trained_context=trained,
                context=min(self._context, trained or self._context),
                thinks="thinking" in show.capabilities,  # `tags` does not say so of every model that does
                chats=not show.capabilities or "completion" in show.capabilities,
            )
        return model

    # -- replies ------------------------------------------------------------------------------------------------------

    async def _reply(self, request: Request) -> AsyncGenerator[BackendEvent, None]:
        with self._translated(request.model):
            model = await self._known(request.model)
            body = self._body(request.model, model, request.params)
            so_far = request.so_far or ReplySoFar()
            first = so_far == ReplySoFar()
            if first:
                path, more = "/api/chat", self._chat(request.messages, model)
            else:
                prompt = await self._render(request.model, request.messages, model)
                path, more = "/api/generate", _raw(continued(prompt, so_far, model.thinks))
            async with aclosing(self._events(path, body | more, model)) as events:
                async for event in events:
                    # No thought of its own: a template that the server does not recognise may still have opened one.
                    if first and isinstance(event, Raw) and await self._opens_thought(request, model):
                        yield Raw(OPEN, tokens=0)
                    first = False
                    yield event

    async def _events(self, path: str, body: dict[str, Any], model: _Model) -> AsyncGenerator[BackendEvent, None]:
        native = False
        finish = Finish("cut", context=model.context)
        async with aclosing(self._parts(path, body)) as parts:
            async for part in parts:
                if part.error:
                    raise GenerationError(
                        f"Ollama broke off: {part.error.rstrip('.')}. What came is kept. Continue the reply or try "
                        "again; if it happens again, see Ollama's log."
                    )
                if part.message.thinking:
                    native = True
                    yield Reasoning(part.message.thinking)
                if text := part.message.content or part.response:
                    yield Answer(text) if native else Raw(text)
                if part.done:
                    finish = part.finish(model.context)
        yield finish

    async def _warm(self, request: Request) -> None:
        with self._translated(request.model):
            model = await self._known(request.model)
            if request.messages and request.messages[-1].role == "assistant":
                messages = with_next_user_message(request.messages)
                prompt = up_to_next_user_message(await self._render(request.model, messages, model))
            else:
                prompt = await self._render(request.model, request.messages, model)
            if prompt:
                # one token: none at all would mean no limit
                body = self._body(request.model, model, replace(request.params, max_tokens=1))
                async with aclosing(self._parts("/api/generate", body | _raw(prompt))) as parts:
                    async for _ in parts:
                        pass

    async def _opens_thought(self, request: Request, model: _Model) -> bool:
        """Whether the prompt of a fresh reply ends inside the thought; asked once a model."""
        if model.opens is None and OPEN not in model.template:
            model.opens = False
        if model.opens is None:
            with suppress(BackendError, wire.Refusal, wire.NotUnderstood, httpx.TransportError):
                model.opens = opens_thought(await self._render(request.model, request.messages, model))
        return bool(model.opens)

    async def _render(self, name: str, messages: tuple[Message, ...], model: _Model) -> str:
        """The prompt, with the beginning of the reply as far as the template writes it. Raises UnsupportedError."""
        # A server that does not know the debug flag makes a reply instead: let it be one token long.
        body = self._body(name, model, Params(max_tokens=1)) | self._chat(messages, model)
        part = await self._ask(Part, "POST", "/api/chat", body | {"stream": False, "_debug_render_only": True})
        if part.debug is None:
            raise UnsupportedError("This Ollama is too old to continue a reply. Update it to 0.12.6 or newer.")
        return part.debug.rendered_template

    def _body(self, name: str, model: _Model, params: Params) -> dict[str, Any]:
        """What every call says alike: without the first two text is lost silently, and a change of `shift` or of
        `num_ctx` loads the model again."""
        return {
            "truncate": False,
            "shift": False,
            "model": name,
            "stream": True,
            "keep_alive": self._keep_alive,
            "options": {"num_ctx": model.context, **sampling(params)},
        }

    @staticmethod
    def _chat(messages: tuple[Message, ...], model: _Model) -> dict[str, Any]:
        return {"messages": chat_messages(messages)} | ({"think": True} if model.thinks else {})

    # -- the wire -----------------------------------------------------------------------------------------------------

    async def _ask(
        self, form: type[wire.Form], method: str, path: str, body: dict[str, Any] | None = None
    ) -> wire.Form:
        response = await wire.success(await self._http.request(method, path, json=body))
        return wire.parsed(form, response.content)

    async def _parts(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Part, None]:
        async with self._http.stream("POST", path, json=body) as response:
            await wire.success(response)
            async with aclosing(wire.lines(response)) as lines:
                async for line in lines:
                    yield wire.parsed(Part, line)

    def _translated(self, model: str = "") -> AbstractContextManager[None]:
        def refusal_as_error(refusal: wire.Refusal) -> BackendError:
            known = self._models.get(model)
            return refused(refusal, self.url, model, known.context if known else 0)

        return wire.translated("Ollama server", self.url, _ADVICE, refusal_as_error)


def _raw(prompt: str) -> dict[str, Any]:
    # think: if it were true, a prompt that ends inside a thought would be parsed wrongly
    return {"prompt": prompt, "raw": True, "think": False}
