"""The models of an Ollama server. Knows no other backend.

Not by Ollama's own client: it cannot send `truncate`, `shift` and `_debug_render_only`, drops `_debug_info` and
`remote_host` from what comes, and splits the stream at U+0085, which Ollama sends unescaped inside a line. Without
`truncate` and `shift` text is lost silently.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx

from r1chat.backends import wire
from r1chat.backends.bridge import Bridge, Idle
from r1chat.backends.format_finder import FoundFormat
from r1chat.backends.format_search import FormatSearch
from r1chat.backends.known_formats import HARMONY
from r1chat.backends.ollama_models import LOOK_WITHIN, OllamaModels
from r1chat.backends.ollama_wire import (
    RENDERS,
    TOO_OLD,
    Show,
    StreamLine,
    Tag,
    Tags,
    Version,
    at_least,
    broken_off,
    chat_messages,
    note,
    parse_host,
    refused,
    sampling,
)
from r1chat.backends.prompt import (
    ThoughtsInHistory,
    continued,
    opens_thought,
    up_to_next_user_message,
    with_next_user_message,
)
from r1chat.both import Both
from r1chat.errors import BackendError, UnsupportedError
from r1chat.messages import (
    LONGEST_NAME,
    Answer,
    BackendEvent,
    Began,
    Finish,
    Message,
    ModelInfo,
    Params,
    Raw,
    Reasoning,
    ReplySoFar,
    Request,
)
from r1chat.reasoning_format import OFF, R1_FORMAT, ReasoningFormat

__all__ = ["OllamaBackend", "parse_host"]

_SERVER = Both("Ollama server", "Ollama 服务器")
_ADVICE = Both(
    "Is Ollama running? Start it with `ollama serve` or its app, and check the address (OLLAMA_HOST).",
    "Ollama 是否在运行？请用 `ollama serve` 或其应用启动它，并检查地址（OLLAMA_HOST）。",
)


@dataclass(slots=True)
class _Model:
    """What `show` says of a model, as far as it matters here."""

    digest: str
    template_hash: str  # SHA-256; "" where it has none
    architecture: str
    parameters: int
    trained_context: int
    context: int  # `num_ctx`: one value as long as r1chat runs, because another one loads the model again
    thinks: bool
    chats: bool
    adapted: bool
    found: FoundFormat
    opens: bool | None = None  # whether its template opens the thought in the prompt; None: not asked yet

    @property
    def switches_off(self) -> bool:
        """Whether `think: false` leaves the thought out."""
        form = self.found.form
        return form is not None and form.off is not None and not form.off_word

    def think(self, thinking: str) -> bool | str:
        """The value of `think` for a choice. gpt-oss wants a level and ignores true and false."""
        levels = self.architecture.replace("-", "") == "gptoss" or self.found.form == HARMONY
        if levels:
            return thinking if thinking in ("low", "medium", "high") else "low" if thinking == OFF else "medium"
        if thinking == OFF:
            return not self.switches_off
        return thinking if thinking in ("low", "medium", "high", "max") else True

    @property
    def form(self) -> ReasoningFormat | None:
        """How it marks its thought; of those that think, R1's way where the template does not tell."""
        return self.found.form


class OllamaBackend:
    """The models of one Ollama server."""

    name = "ollama"

    def __init__(self, host: str = "", *, context: int = 16384, keep_alive: str | int = "30m") -> None:
        """`host` in any form of OLLAMA_HOST. `context` is the window in tokens, for models that were made for as much.

        `keep_alive` is how long Ollama keeps a model loaded: seconds, or a duration such as "30m"; -1 for ever.
        Raises ConfigError where `host` is no address, or OLLAMA_API_KEY no key.
        """
        self.url = parse_host(host)
        self._context = context
        self._keep_alive = int(keep_alive) if re.fullmatch(r"-?\d+", str(keep_alive)) else keep_alive
        key = os.environ.get("OLLAMA_API_KEY", "").strip()  # as Ollama's own programs have it
        self._http = wire.client(self.url, wire.authorization(key), base_url=self.url)
        self._bridge = Bridge("r1chat-ollama")
        self._idle = Idle(self._bridge)
        self._formats = FormatSearch()
        self._models: dict[str, _Model] = {}
        self.manage = OllamaModels(self._http, self._bridge, self.url, self._translated)

    def models(self) -> list[ModelInfo]:
        return self._bridge.submit(self._list()).result()

    def stream(self, request: Request) -> Generator[BackendEvent, None, None]:
        self._idle.give_way(request.model)
        return self._bridge.iterate(self._reply(request))

    def warm(self, request: Request) -> None:
        self._idle.do(request.model, self._warm(request))

    def close(self) -> None:
        self._formats.close()
        self._bridge.close(self._http.aclose)

    # -- models -------------------------------------------------------------------------------------------------------

    async def _list(self) -> list[ModelInfo]:
        with self._translated():
            async with asyncio.timeout(wire.ANSWER_WITHIN):
                tags, running, version = await asyncio.gather(
                    self._ask(Tags, "GET", "/api/tags"),
                    self._running(),
                    self._ask(Version, "GET", "/api/version"),
                )
                at_once = asyncio.Semaphore(8)
                descriptions = await asyncio.gather(
                    *(self._describe(tag, version.version, at_once) for tag in tags.models)
                )
        names = {tag.name for tag in tags.models}
        self._models = {name: model for name, model in self._models.items() if name in names}
        loaded = {tag.name for tag in running.models}
        infos = [replace(info, loaded=info.name in loaded) for info in descriptions if info]
        return sorted(infos, key=lambda info: (not info.ready, not info.thinks, not info.loaded))

    async def _running(self) -> Tags:
        """What is in memory, which only orders the list: nothing, where the server does not say."""
        with suppress(wire.Refusal, TimeoutError):
            async with asyncio.timeout(LOOK_WITHIN):
                return await self._ask(Tags, "GET", "/api/ps")
        return Tags(models=[])

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
            remote_host=tag.remote_host,
        )
        try:
            async with at_once:
                with self._translated(tag.name):
                    model = await self._known(tag.name, tag.digest)
        except BackendError as error:
            return replace(info, ready=False, note=error.text)
        if not model.chats:
            return None
        # a thought between tags that are not known cannot be written into a prompt
        base = wire.as_text(tag.details.parent_model)[:LONGEST_NAME] if model.adapted else ""
        continues = at_least(version, RENDERS) and (not model.thinks or model.form is not None)
        return replace(
            info,
            parameters=model.parameters,
            context=model.context,
            trained_context=model.trained_context,
            thinks=model.thinks,
            continues=continues,
            reasoning=model.form,
            recalls=continues and model.form is not None,
            parent=f"{self.name}:{base}" if base else "",
            note=note(tag, version, base) or (model.found.problem.text if model.found.problem else ""),
            architecture=model.architecture or tag.details.family,
            template_hash=model.template_hash,
        )

    async def _known(self, name: str, digest: str | None = None) -> _Model:
        """What is known of a model: asked once, and again when its digest has changed."""
        model = self._models.get(name)
        if model is None or digest not in (None, model.digest):
            show = await self._ask(Show, "POST", "/api/show", {"model": name})
            architecture = wire.as_text(show.fact("general.architecture"))[:LONGEST_NAME]
            trained = show.number(f"{architecture}.context_length")
            finding = await self._formats.find(show.template)
            model = self._models[name] = _Model(
                digest=digest or "",
                template_hash=hashlib.sha256(show.template.encode()).hexdigest() if show.template else "",
                architecture=architecture,
                parameters=show.number("general.parameter_count"),
                trained_context=trained,
                context=min(self._context, trained or self._context),
                thinks="thinking" in show.capabilities,  # `tags` does not say so of every model that does
                adapted=show.adapted,
                chats=not show.capabilities or "completion" in show.capabilities,
                found=finding,
            )
        return model

    # -- replies ------------------------------------------------------------------------------------------------------

    async def _reply(self, request: Request) -> AsyncGenerator[BackendEvent, None]:
        with self._translated(request.model):
            model = await self._known(request.model)
            body = self._body(request.model, model, request.params)
            so_far = request.so_far or ReplySoFar()
            form = model.form
            skips = request.thinking == OFF and not model.switches_off
            if skips and so_far == ReplySoFar() and form is not None:
                so_far = ReplySoFar(closed=True)  # `think: false` does nothing for this template: an empty thought
            first = so_far == ReplySoFar()
            recalls = form is not None and any(message.reasoning for message in request.messages)
            if first and not recalls:
                path, more = "/api/chat", self._chat(request.messages, model, request.thinking)
            else:
                prompt = await self._render(request.model, request.messages, model, request.thinking)
                path, more = (
                    "/api/generate",
                    _raw(continued(prompt, so_far, form or (R1_FORMAT if model.thinks else None))),
                )
                yield Began(form, opened=first and form is not None and opens_thought(prompt, form))
                first = False
            async with aclosing(self._events(path, body | more, model)) as events:
                async for event in events:
                    # No thought of its own: a template that the server does not recognise may still have opened one.
                    if first and isinstance(event, Raw):
                        opened = await self._opens_thought(request, model)
                        if form is not None or opened:
                            yield Began(form, opened)
                    first = False
                    yield event

    async def _events(self, path: str, body: dict[str, Any], model: _Model) -> AsyncGenerator[BackendEvent, None]:
        native = calls_tool = False
        halves, thought_halves = wire.Halves(), wire.Halves()
        finish, key = Finish("cut", context=model.context), wire.key_of(self._http.headers)
        async with aclosing(self._parts(path, body)) as parts:
            async for part in parts:
                if part.error:
                    raise broken_off(part.error, key)
                calls_tool = calls_tool or part.message.calls_tool
                if thought := thought_halves.join(part.message.thought):
                    native = True
                    yield Reasoning(thought)
                if text := halves.join(part.message.answer or wire.as_text(part.response)):
                    yield Answer(text) if native else Raw(text)
                if part.done:
                    finish = part.finish(model.context, key, calls_tool)
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
        form = model.form
        if model.opens is None and form is None:
            model.opens = False
        if model.opens is None and form is not None:
            with suppress(BackendError, wire.Refusal, wire.NotUnderstood, httpx.TransportError):
                model.opens = opens_thought(await self._render(request.model, request.messages, model), form)
        return bool(model.opens)

    async def _render(self, name: str, messages: tuple[Message, ...], model: _Model, thinking: str = "") -> str:
        """The prompt, with the beginning of the reply as far as the template writes it, and with earlier thoughts.

        The server would drop those, whatever the template says. Raises UnsupportedError.
        """
        history = None
        if model.form is not None and any(message.reasoning for message in messages):
            history = ThoughtsInHistory(messages, model.form)
            messages = history.messages
        # A server that does not know the debug flag makes a reply instead: let it be one token long.
        body = self._body(name, model, Params(max_tokens=1)) | self._chat(messages, model, thinking)
        part = await self._ask(StreamLine, "POST", "/api/chat", body | {"stream": False, "_debug_render_only": True})
        if part.debug is None:
            raise UnsupportedError(TOO_OLD)
        return history.filled(part.debug.rendered_template) if history else part.debug.rendered_template

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
    def _chat(messages: tuple[Message, ...], model: _Model, thinking: str) -> dict[str, Any]:
        return {"messages": chat_messages(messages)} | ({"think": model.think(thinking)} if model.thinks else {})

    # -- the wire -----------------------------------------------------------------------------------------------------

    async def _ask(
        self, form: type[wire.Body], method: str, path: str, body: dict[str, Any] | None = None
    ) -> wire.Body:
        async with self._http.stream(method, path, json=body) as response:
            await wire.success(response)
            return wire.parsed(form, await wire.body(response))

    async def _parts(self, path: str, body: dict[str, Any]) -> AsyncGenerator[StreamLine, None]:
        async with self._http.stream("POST", path, json=body) as response:
            await wire.success(response)
            began = False
            async with aclosing(wire.lines(response)) as lines:
                async for line in lines:
                    try:
                        parts = wire.all_parsed(StreamLine, line)
                    except wire.NotUnderstood:
                        if began:
                            raise wire.BrokenStreamError from None
                        raise
                    began = True
                    for part in parts:
                        yield part

    def _translated(self, model: str = "") -> AbstractContextManager[None]:
        def refusal_as_error(refusal: wire.Refusal) -> BackendError:
            known = self._models.get(model)
            return refused(refusal, self.url, model, known.context if known else 0)

        return wire.translated(_SERVER, self.url, _ADVICE, refusal_as_error)


def _raw(prompt: str) -> dict[str, Any]:
    # think: if it were true, a prompt that ends inside a thought would be parsed wrongly
    return {"prompt": prompt, "raw": True, "think": False}
