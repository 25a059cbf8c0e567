"""The models of an OpenAI-compatible server, over plain HTTP. Knows no other backend.

llama-server and vLLM are recognised, because they can continue a reply; any other server only makes fresh ones.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, aclosing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from r1chat.backends import wire
from r1chat.backends.bridge import Bridge, Idle
from r1chat.backends.format_finder import FoundFormat
from r1chat.backends.format_search import FormatSearch
from r1chat.backends.known_formats import format_by_name
from r1chat.backends.openai_wire import (
    Chunk,
    ModelEntry,
    ModelList,
    Props,
    Rendered,
    ServerKind,
    StreamReader,
    TokenizerInfo,
    Tokens,
    broken_off,
    chat_messages,
    final_message,
    parse_base_url,
    refused,
    sampling,
)
from r1chat.backends.prompt import (
    ThoughtsInHistory,
    continued,
    control_texts,
    opens_thought,
    rest_of_opening,
    up_to_next_user_message,
    with_next_user_message,
    with_off_word,
)
from r1chat.both import Both, Wording
from r1chat.errors import BackendError, UnsupportedError
from r1chat.messages import BackendEvent, Began, Message, ModelInfo, Progress, Raw, Reasoning, ReplySoFar, Request
from r1chat.reasoning_format import OFF, ReasoningFormat, Variables
from r1chat.unicode import REPLACED

_SERVER = Both("OpenAI-compatible server", "OpenAI 兼容服务器")
_ADVICE = Both(
    "Is it running? Start it, or check its address (Settings → Servers on the page, else --base-url or "
    "R1CHAT_BASE_URL).",
    "它是否在运行？请启动它，或检查它的地址（页面上的“设置 → 服务器”，或者 --base-url、R1CHAT_BASE_URL）。",
)
_UNKNOWN_FORMAT = Both(
    "How this model marks its thought is not known, since the server does not show its chat template; so its thought "
    "cannot be steered.",
    "服务器没有给出该模型的对话模板，因此不知道它如何标记思考，也就无法引导其思考。",
)
_NO_UNICODE = Both(
    "The server gives this model a name that is no Unicode, so it cannot be asked for. Give it another name there.",
    "服务器给这个模型的名称不是 Unicode，因此无法请求它。请在服务器上改名。",
)
_NOT_CONTINUED = Both(
    "This server cannot continue a reply. Ask again for a fresh one, or use llama-server, vLLM or Ollama.",
    "此服务器不能续写回复。请重新生成，或使用 llama-server、vLLM 或 Ollama。",
)


@dataclass
class _Server:
    """What was found at the base URL."""

    kind: ServerKind
    entries: list[ModelEntry]
    props: Props = field(default_factory=Props)
    own_props: dict[str, Props] = field(default_factory=dict)  # by model, of a server that offers several
    found: dict[str, FoundFormat] = field(default_factory=dict)  # by model: its reasoning format
    opens: dict[tuple[str, str], bool] = field(default_factory=dict)  # by model and thinking: is the thought opened?
    parses: set[str] = field(default_factory=set)  # models whose thoughts the server parts from the answer itself
    by_name: dict[str, ModelEntry] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {entry.id: entry for entry in reversed(self.entries)}  # of equal names, the first

    def props_of(self, model: str) -> Props:
        return self.own_props.get(model, self.props)

    def context(self, model: str) -> int:
        """The window in tokens, 0 where it is not told."""
        entry = self.by_name.get(model)
        window = (entry.max_model_len or entry.file.n_ctx) if entry else 0
        if entry and not window and entry.parent in self.by_name:
            window = self.by_name[entry.parent].max_model_len or 0
        return self.props_of(model).default_generation_settings.n_ctx or window

    def form(self, model: str) -> ReasoningFormat | None:
        """How a model marks its thought: as its template says, else as its name suggests."""
        return self.found_of(model).form

    def found_of(self, model: str) -> FoundFormat:
        """The reasoning format of a model; a server with one model answers for it by any name."""
        if model not in self.found and len(self.found) == 1:
            return next(iter(self.found.values()))
        return self.found.get(model, FoundFormat(None))

    def thinks(self, model: str) -> bool:
        """Whether a model thinks, as far as the template tells; where there is none to see, it may."""
        return not self.props_of(model).chat_template or self.form(model) is not None

    def continues(self, model: str) -> bool:
        """Whether a reply of this model can be continued: the server can, and its thought's tags are known."""
        if self.kind is ServerKind.OTHER:
            return False
        finding = self.found_of(model)
        return finding.problem is None and (finding.form is not None or bool(self.props_of(model).chat_template))


class OpenAIBackend:
    """The models of one server that speaks OpenAI's chat completions."""

    def __init__(self, base_url: str, api_key: str = "", *, context: int = 0, name: str = "openai") -> None:
        """`base_url` with or without `/v1`. Raises ConfigError where it is no address, or the key no key.

        `context` is the window to reckon with, in tokens, where the server does not tell its own; 0: none.
        """
        self.name = name
        self.url = parse_base_url(base_url)
        self._root = self.url.removesuffix("/v1")  # where llama-server's own routes are
        self._context = context
        self._http = wire.client(self.url, wire.authorization(api_key))
        self._bridge = Bridge(f"r1chat-{name}")
        self._idle = Idle(self._bridge)
        self._formats = FormatSearch()
        self._server: _Server | None = None

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
            server = await self._look()
        return [self._describe(server, entry) for entry in server.entries]

    async def _look(self) -> _Server:
        """What is at the base URL now: its kind and its models."""
        async with asyncio.timeout(wire.ANSWER_WITHIN):
            async with self._http.stream("GET", f"{self.url}/models") as response:
                await wire.success(response)
                entries = wire.parsed(ModelList, await wire.body(response)).data
            owners = {entry.owned_by for entry in entries}
            if response.headers.get("server") == "llama.cpp" or "llamacpp" in owners:
                server = _Server(ServerKind.LLAMA_SERVER, entries)
                with suppress(wire.Refusal, wire.NotUnderstood):  # it can be switched off
                    server.props = await self._ask(Props, "GET", f"{self._root}/props")
                for entry in entries if len(entries) > 1 else ():
                    if entry.status and entry.status.value == "loaded":
                        await self._look_at(server, entry.id)
            else:
                server = _Server(ServerKind.VLLM if "vllm" in owners else ServerKind.OTHER, entries)
                if server.kind is ServerKind.VLLM:
                    with suppress(wire.Refusal, wire.NotUnderstood, httpx.TransportError):
                        info = await self._ask(TokenizerInfo, "GET", f"{self._root}/tokenizer_info")
                        server.props = Props(chat_template=wire.as_text(info.chat_template))
            for entry in entries:
                await self._find_format(server, entry.id)
        self._server = server
        return server

    async def _look_at(self, server: _Server, model: str) -> None:
        """Ask a router for the properties of one of its models, which must be loaded."""
        with suppress(wire.Refusal, wire.NotUnderstood):
            url = httpx.URL(f"{self._root}/props", params={"model": model})
            server.own_props[model] = await self._ask(Props, "GET", str(url))

    async def _find_format(self, server: _Server, model: str) -> None:
        props = server.props_of(model)
        if props.chat_template:  # without one a server may list thousands of models
            finding = await self._formats.find(props.chat_template, props.bos_token, props.eos_token)
        else:
            finding = FoundFormat(format_by_name(model) if server.kind is not ServerKind.OTHER else None)
        server.found[model] = finding

    def _describe(self, server: _Server, entry: ModelEntry) -> ModelInfo:
        template = server.props_of(entry.id).chat_template
        finding = server.found.get(entry.id, FoundFormat(None))
        continues = server.continues(entry.id)
        note: Wording = ""
        if server.kind is ServerKind.OTHER:
            note = _NOT_CONTINUED
        elif not continues:
            note = finding.problem.text if finding.problem else _UNKNOWN_FORMAT
        nameable = REPLACED not in entry.id
        return ModelInfo(
            self.name,
            entry.id,
            title=entry.id.rsplit("/", 1)[-1].removesuffix(".gguf"),
            size=entry.file.size,
            parameters=entry.file.n_params,
            quantisation=entry.file.ftype,
            context=server.context(entry.id) or self._context,
            trained_context=entry.file.n_ctx_train,
            thinks=server.thinks(entry.id),
            continues=continues,
            reasoning=finding.form,
            recalls=server.kind is not ServerKind.OTHER and finding.form is not None,
            note=note if nameable else _NO_UNICODE,
            ready=nameable,
            parent=f"{self.name}:{entry.parent}" if entry.parent in server.by_name else "",
            template_hash=hashlib.sha256(template.encode()).hexdigest() if template else "",
            backend_version=server.props.build_info,
            loaded=entry.status.value == "loaded" if entry.status else server.kind is ServerKind.LLAMA_SERVER,
        )

    # -- replies ------------------------------------------------------------------------------------------------------

    async def _reply(self, request: Request) -> AsyncGenerator[BackendEvent, None]:
        with self._translated(request.model):
            server = self._server or await self._look()
            form = server.form(request.model)
            so_far = request.so_far or ReplySoFar()
            if request.thinking == OFF and so_far == ReplySoFar() and form is not None and form.off is None:
                so_far = ReplySoFar(closed=True)  # the template knows no form without a thought: an empty one
            first = so_far == ReplySoFar()
            recalls = any(message.reasoning for message in request.messages)
            raw = not first or (
                recalls and server.kind is not ServerKind.OTHER and form is not None and form.keep is None
            )
            if raw and first:  # only the prompt as text can carry thoughts that the template drops
                try:
                    prompt = await self._render(request, request.messages)
                    url, body = await self._raw(request, server, prompt)
                except _RouteMissing:
                    raw = False
            elif raw:
                url, body, prompt = await self._continuation(request, so_far, server)
            if raw:
                if form is not None:
                    yield Began(form, opened=first and opens_thought(prompt, form))
            else:
                url, body = f"{self.url}/chat/completions", self._chat(request, server)
            context, key = server.context(request.model) or self._context, wire.key_of(self._http.headers)
            reading = StreamReader(context, key, only_answer=so_far.closed)
            opening_known = raw
            async with aclosing(self._chunks(url, body)) as chunks:
                async for chunk in chunks:
                    for event in reading.read(chunk):
                        # No thought of its own: a template that the server does not recognise may have opened one.
                        if not opening_known and isinstance(event, Raw):
                            opened = await self._opens_thought(request, server, event.text)
                            if form is not None or opened:
                                yield Began(form, opened)
                        opening_known = opening_known or not isinstance(event, Progress)
                        if isinstance(event, Reasoning):
                            server.parses.add(request.model)
                        yield event
            yield reading.finish()

    def _chat(self, request: Request, server: _Server) -> dict[str, Any]:
        body = {
            "model": request.model,
            "messages": chat_messages(self._messages(request, server, request.messages)),
            "stream": True,
            "stream_options": {"include_usage": True},
            **sampling(request.params, server.kind),
        }
        if request.params.max_tokens:
            body["max_tokens"] = request.params.max_tokens
        if server.kind is ServerKind.LLAMA_SERVER:
            body["return_progress"] = True
        if server.kind is ServerKind.VLLM:
            body["skip_special_tokens"] = False  # else tags that are control tokens are not written out
        form = server.form(request.model)
        variables = dict(self._variables(request, server))
        if request.thinking and server.kind is ServerKind.OTHER and request.thinking in ("low", "medium", "high"):
            body["reasoning_effort"] = request.thinking
        if form is not None and form.keep and any(message.reasoning for message in request.messages):
            variables |= dict(form.keep)
        if variables and server.kind is not ServerKind.OTHER:
            body["chat_template_kwargs"] = variables
        return body

    def _messages(self, request: Request, server: _Server, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages; where the thought is left out, with the word that the template looks for."""
        form = server.form(request.model)
        skips = request.thinking == OFF or (
            request.so_far is not None and request.so_far.closed and not request.so_far.reasoning
        )
        return with_off_word(messages, form.off_word) if form is not None and skips else messages

    def _variables(self, request: Request, server: _Server) -> Variables:
        """What the server's template is to be rendered with; nothing where nothing was chosen."""
        form = server.form(request.model)
        if form is None or server.kind is ServerKind.OTHER:
            return ()
        if request.so_far is not None and request.so_far.closed and not request.so_far.reasoning:
            return form.off or ()
        has_budget = request.budget is not None and form.budget_variable
        chosen = request.thinking or has_budget or not form.on_by_default
        return form.variables(request.thinking, request.budget) if chosen else ()

    async def _continuation(
        self, request: Request, so_far: ReplySoFar, server: _Server
    ) -> tuple[str, dict[str, Any], str]:
        """Where to ask for the rest of a reply, how, and the prompt as far as it is known. Raises UnsupportedError."""
        if server.kind is ServerKind.OTHER:
            raise UnsupportedError(_NOT_CONTINUED)
        if not server.continues(request.model):
            raise UnsupportedError(_UNKNOWN_FORMAT)
        form = server.form(request.model)
        # The prompt as text: exact for every template. With `continue_final_message` llama-server drops the thought
        # without a word where it does not recognise the template; vLLM refuses templates that drop it, as R1's does.
        with suppress(_RouteMissing):
            variables = self._variables(replace(request, so_far=so_far), server)
            prompt = await self._render(request, request.messages, variables)
            off_form = so_far.closed and not so_far.reasoning and form is not None and form.off is not None
            if off_form and form is not None:
                prompt += (rest_of_opening(prompt, form) if so_far.answer else "") + so_far.answer
            else:
                prompt = continued(prompt, so_far, form)
            return *await self._raw(request, server, prompt), prompt
        last, what = final_message(so_far, server.kind, form)
        body = self._chat(request, server)
        body["messages"].append(last)
        more = {"continue_final_message": what, "add_generation_prompt": False}
        return f"{self.url}/chat/completions", body | more, ""

    async def _raw(self, request: Request, server: _Server, prompt: str) -> tuple[str, dict[str, Any]]:
        """Where and how to ask for what comes after a prompt. Raises _RouteMissing where vLLM does not count it."""
        body: dict[str, Any] = {
            "model": request.model,
            "prompt": prompt,
            "stream": True,
            **sampling(request.params, server.kind),
        }
        if server.kind is ServerKind.VLLM:
            tokens = await self._tokens(request.model, {"prompt": prompt, "add_special_tokens": False})
            left = max(1, tokens.max_model_len - len(tokens.tokens))  # it would write 16 tokens unless told
            more = {
                "prompt": tokens.tokens,
                "max_tokens": min(left, request.params.max_tokens or left),
                "stream_options": {"include_usage": True},
                "skip_special_tokens": False,
            }
            return f"{self.url}/completions", body | more
        more = {
            "return_progress": True,
            "n_predict": request.params.max_tokens or -1,
            # control tokens that it would not write out otherwise
            "preserved_tokens": control_texts(server.form(request.model)),
        }
        return f"{self._root}/completion", body | more

    async def _tokens(self, model: str, text: dict[str, Any]) -> Tokens:
        """vLLM's token ids of a prompt or of messages. Raises _RouteMissing."""
        with _missing_route():
            return await self._ask(Tokens, "POST", f"{self._root}/tokenize", {"model": model} | text)

    async def _warm(self, request: Request) -> None:
        with self._translated(request.model):
            server = self._server or await self._look()
            if server.kind is not ServerKind.LLAMA_SERVER:
                return
            if request.messages and request.messages[-1].role == "assistant":
                prompt = up_to_next_user_message(await self._render(request, with_next_user_message(request.messages)))
            else:
                prompt = await self._render(request, request.messages)
            if prompt:
                url, body = await self._raw(request, server, prompt)
                async with aclosing(self._chunks(url, body | {"n_predict": 0})) as chunks:
                    async for _ in chunks:
                        pass

    async def _opens_thought(self, request: Request, server: _Server, text: str) -> bool:
        """Whether the prompt of a fresh reply, which begins with `text`, ends inside the thought; asked once."""
        form = server.form(request.model)
        if form is None or server.kind is ServerKind.OTHER or text.lstrip().startswith(form.open.strip()):
            return False
        if request.model in server.parses:  # an answer at once
            return False
        key = request.model, request.thinking
        if key not in server.opens:
            with suppress(_RouteMissing, wire.Refusal, wire.NotUnderstood, httpx.TransportError):
                server.opens[key] = opens_thought(await self._render(request, request.messages), form)
        return server.opens.get(key, False)

    async def _render(self, request: Request, messages: tuple[Message, ...], variables: Variables | None = None) -> str:
        """The prompt as the server's template writes it, with the thoughts that the messages carry.

        Raises _RouteMissing where that cannot be asked.
        """
        server = self._server or await self._look()
        form = server.form(request.model)
        kwargs = dict(self._variables(request, server) if variables is None else variables)
        history = None
        if any(message.reasoning for message in messages) and form is not None:
            if form.keep is None:
                history = ThoughtsInHistory(messages, form)
                messages = history.messages
            kwargs |= dict(form.keep or ())
        messages = self._messages(request, server, messages)
        body: dict[str, Any] = {"model": request.model, "messages": chat_messages(messages)}
        if kwargs:
            body["chat_template_kwargs"] = kwargs
        if server.kind is ServerKind.VLLM:
            ids = (await self._tokens(request.model, body)).tokens
            route, body = "detokenize", {"model": request.model, "tokens": ids}
        else:
            route = "apply-template"
        with _missing_route():
            prompt = (await self._ask(Rendered, "POST", f"{self._root}/{route}", body)).prompt
        return history.filled(prompt) if history else prompt

    # -- the wire -----------------------------------------------------------------------------------------------------

    async def _ask(self, form: type[wire.Body], method: str, url: str, body: dict[str, Any] | None = None) -> wire.Body:
        async with self._http.stream(method, url, json=body) as response:
            await wire.success(response)
            return wire.parsed(form, await wire.body(response))

    async def _chunks(self, url: str, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        """The events of a stream. Raises GenerationError where one of them is an error."""
        async with self._http.stream("POST", url, json=body) as response:
            await wire.success(response)
            key = wire.key_of(response.request.headers)
            kind = response.headers.get("content-type", "")
            if kind.startswith("text/html"):
                raise wire.NotUnderstood
            if kind.startswith("application/json"):  # it does not stream: one body with all of it
                for chunk in wire.all_parsed(Chunk, await wire.body(response)):
                    if failure := chunk.failure():
                        raise broken_off(failure, key)
                    if not (chunk.choices or chunk.content):
                        raise wire.NotUnderstood
                    yield chunk
                return
            began, event = False, ""
            async with aclosing(wire.lines(response)) as lines:
                async for line in lines:
                    field_name, _, data = line.partition(b":")
                    if field_name == b"event":
                        event = data.strip().decode(errors="replace")
                    if field_name != b"data":
                        continue
                    if data.strip() == b"[DONE]":
                        return
                    try:
                        chunks = wire.all_parsed(Chunk, data)
                    except wire.NotUnderstood:
                        if event == "error":
                            raise broken_off(data.strip().decode(errors="replace"), key) from None
                        if began:
                            raise wire.BrokenStreamError from None
                        raise
                    for chunk in chunks:
                        if failure := chunk.failure(event):
                            raise broken_off(failure, key)
                        began = True
                        yield chunk
                    event = ""

    def _translated(self, model: str = "") -> AbstractContextManager[None]:
        def refusal_as_error(refusal: wire.Refusal) -> BackendError:
            context = self._server.context(model) if self._server else 0
            return refused(refusal, self.url, model, context or self._context)

        return wire.translated(_SERVER, self.url, _ADVICE, refusal_as_error)


class _RouteMissing(Exception):
    """The server does not offer a route of its kind: it is old, or something stands before it."""


@contextmanager
def _missing_route() -> Generator[None]:
    """A refusal that says that there is no such route, as _RouteMissing."""
    try:
        yield
    except wire.Refusal as refusal:
        if refusal.status in (404, 405):
            raise _RouteMissing from None
        raise
