"""A loaded model at work: prompts to tokens, what need not be read again, and the loop that decodes a reply.

Owns one sequence of tokens and knows which of them the model has read. Knows no files, queues or threads: whoever
calls is the one thread that owns it, and whoever listens says when nobody wants the reply any more.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from r1chat.backends.chat_template import ChatTemplate, Piece, Prompt
from r1chat.backends.llama.child.batch import BatchReply, decode_many, read_prompt
from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import Model
from r1chat.backends.llama.child.writer import Detokenizer, Listener, StoppedError
from r1chat.backends.llama.machine import SMALL_WEIGHTS
from r1chat.backends.prompt import control_texts
from r1chat.both import Both
from r1chat.errors import ContextError, ModelFileError
from r1chat.messages import Began, Finish, Progress, Request


class Session:
    """A model, its template and its context. Every method may raise StoppedError as soon as the listener has stopped.

    After any error it is as good as new.
    """

    def __init__(
        self,
        model: Model,
        template: ChatTemplate,
        window: int,
        *,
        batch: int,
        threads: int,
        token_bytes: int,
        never: Sequence[int] = (),
    ) -> None:
        """`token_bytes` is what a token of context takes in memory; `never`, tokens that are not to be picked.

        Raises ModelFileError where there is no memory for the window.
        """
        self.window = window
        self._model = model
        self._template = template
        self._context = Context(model, window, batch=batch, threads=threads)
        self._batch = batch
        self._threads = threads
        self._token_bytes = token_bytes
        self._never = never
        self._read: list[int] = []  # what the context holds
        self._tags = model.tags(control_texts(template.form))
        self._adapter: Any = None  # the adapter in use

    def close(self) -> None:
        self._context.close()
        self._model.close()

    def use_adapter(self, path: str) -> None:
        """Compute with a LoRA adapter from now on, "": without; what was read is forgotten if that is a change.

        Raises ModelFileError for an adapter that does not fit; the one before stays in use.
        """
        adapter = self._model.adapter(Path(path)) if path else None
        if adapter is not self._adapter:
            self._context.use_adapter(adapter)
            self._read = []
            self._adapter = adapter

    def reply(self, request: Request, listener: Listener, sample: int = 0) -> Finish:
        """Make a reply; its text and the progress go to the listener. Raises BackendError."""
        prompt = self._template.prompt(request.messages, request.so_far, request.thinking, request.budget)
        tokens, reply_tokens = self._tokens(prompt)
        limit, end = self._limit(tokens, request)
        sampler = self._sampler(request, request.params.seed, reply_tokens)
        try:
            began = time.perf_counter()
            if request.repeatable:
                self._context.clear()
                self._read = []
            cached = self._prefill(tokens, len(tokens) - 1, listener)
            listener.tell(self._began(prompt), sample)
            writer = Detokenizer(listener, sample, self._model.control)
            end, first = self._decode(tokens[-1], limit, end, sampler, writer, listener)
        except Exception as error:
            self._forget(error)
            raise
        finally:
            sampler.close()
        return replace(end, cached_tokens=cached, prefill=first - began, decode=time.perf_counter() - first)

    def many(self, request: Request, seeds: Sequence[int | None], memory: int, listener: Listener) -> None:
        """Make a reply for each seed, as many at once as `memory` has bytes for; their ends are told, too."""
        prompt = self._template.prompt(request.messages, request.so_far, request.thinking, request.budget)
        tokens, reply_tokens = self._tokens(prompt)
        limit, end = self._limit(tokens, request)
        window = len(tokens) + limit
        at_once = max(1, min(len(seeds), memory // (window * self._token_bytes)))
        if at_once == 1:
            for i, seed in enumerate(seeds):
                alone = replace(request, params=replace(request.params, seed=seed))
                listener.tell(self.reply(alone, listener, i), i)
            return
        for start in range(0, len(seeds), at_once):
            part = seeds[start : start + at_once]
            samplers = [self._sampler(request, seed, reply_tokens) for seed in part]
            samples = [BatchReply(start + i, self._model, sampler, listener) for i, sampler in enumerate(samplers)]
            context = Context(
                self._model,
                window,
                batch=self._batch,
                threads=self._threads,
                sequences=len(part),
                unified=self._model.weights < SMALL_WEIGHTS,
            )
            try:
                if self._adapter is not None:
                    context.use_adapter(self._adapter)
                end = replace(end, prefill=read_prompt(context, tokens, self._batch, listener))
                self._check(context)
                for sample in samples:
                    listener.tell(self._began(prompt), sample.number)
                decode_many(context, samples, limit, end, listener)
            finally:
                context.close()
                for sampler in samplers:
                    sampler.close()

    def warm(self, request: Request, listener: Listener) -> None:
        """Read what the next turn will begin with. After a finished reply: up to where the person's message goes."""
        if not request.messages:
            return
        if request.messages[-1].role == "assistant" and request.so_far is None:
            prompt = self._template.before_next_message(request.messages)
        else:
            prompt = self._template.prompt(request.messages, request.so_far, request.thinking, request.budget)
        tokens, _ = self._tokens(prompt)
        if len(tokens) < self.window:
            try:
                self._prefill(tokens, len(tokens), listener)
            except Exception as error:
                self._forget(error)
                raise

    def _began(self, prompt: Prompt) -> Began:
        """How the reply is to be read."""
        return Began(self._template.form, prompt.opens, self._tags)

    # -- tokens -------------------------------------------------------------------------------------------------------

    def _tokens(self, prompt: Prompt) -> tuple[list[int], list[int]]:
        """The tokens of a prompt, and those of them that are the reply so far."""
        head = self._model.prompt(_plain(prompt.head))
        if not prompt.tail:
            return head, []
        if not self._model.reads_pieces:
            tokens = self._model.prompt(_plain((*prompt.head, *prompt.tail)))
            return tokens, tokens[len(head) :]
        tail = self._tail(head, prompt.tail)
        return head + tail, tail

    def _tail(self, head: list[int], pieces: Sequence[Piece]) -> list[int]:
        """The reply so far as tokens: those that it was made of, as long as the context still holds them.

        A model does not always pick the tokens that a tokenizer would; with others in their place, all that follows
        would have to be read again. White space that the model wrote before its thought is not shown, and so is not in
        the text: its tokens stay.
        """
        text = "".join(piece.text for piece in pieces).encode(errors="replace")
        lead = _lead(pieces)
        tokens: list[int] = []
        at, certain = 0, 0  # `certain`: tokens that text of the reply confirms
        for token in self._read[len(head) :] if self._read[: len(head)] == head else []:
            known = self._model.piece(token)
            if not known:
                break
            if text.startswith(known, at):
                at += len(known)
            elif at <= lead and not text[at:lead].strip() and not known.strip():
                tokens.append(token)
                continue
            elif at <= lead and not text[at:lead].strip() and text.startswith(known.lstrip(), lead):
                at = lead + len(known.lstrip())
            else:
                break
            tokens.append(token)
            certain = len(tokens)
        del tokens[certain:]
        while tokens and at < len(text) and 0x80 <= text[at] < 0xC0:  # in the midst of a character
            at -= len(self._model.piece(tokens.pop()) or b"")
        for piece in pieces:
            data = piece.text.encode(errors="replace")
            if at < len(data):
                tokens += self._model.tokenize(data[at:].decode(), piece.markup)
            at = max(0, at - len(data))
        return tokens

    def _limit(self, tokens: Sequence[int], request: Request) -> tuple[int, Finish]:
        """How many tokens the reply may have, and how it ends then. Raises ContextError where there is no room."""
        room, wish = self.window - len(tokens), request.params.max_tokens
        if room < 1:
            raise ContextError(
                _TOO_LONG.format(needed=f"{len(tokens):,}", window=f"{self.window:,}"),
                needed=len(tokens) + 1,
                context=self.window,
            )
        limit, why = (room, "window") if wish is None or wish > room else (wish, "limit")
        return limit, Finish("length", why, prompt_tokens=len(tokens), context=self.window)

    def _sampler(self, request: Request, seed: int | None, reply_tokens: Sequence[int]) -> Sampler:
        """A sampler that knows the reply so far; without a seed it draws one."""
        seed = random.getrandbits(31) if seed is None else seed
        sampler = Sampler(self._model, request.params, seed % 0xFFFFFFFF, self._never)  # 0xFFFFFFFF would mean any
        sampler.accept(reply_tokens)
        return sampler

    # -- reading and writing ------------------------------------------------------------------------------------------

    def _prefill(self, tokens: list[int], until: int, listener: Listener) -> int:
        """Read `tokens[:until]`, in chunks; returns how many of them had been read before.

        The last token of a prompt is left to `_decode`, which reads it alone whether or not the rest was cached: so
        that a repeated request computes the same numbers.
        """
        common = _common(self._read, tokens[:until])
        if common < len(self._read):
            common = self._context.keep(common)
            del self._read[common:]
        for start in range(common, until, self._batch):
            if listener.stopped:
                raise StoppedError
            listener.tell(Progress("prefill", start, len(tokens)))
            chunk = tokens[start : min(start + self._batch, until)]
            self._context.evaluate(chunk, start)
            self._read += chunk
        return common

    def _decode(
        self, token: int, limit: int, end: Finish, sampler: Sampler, writer: Detokenizer, listener: Listener
    ) -> tuple[Finish, float]:
        """Read `token`, pick the next one, and so on; the reply's end, and when its first token came.

        `end` is how it ends at the limit.
        """
        context, read, piece_of = self._context, self._read, self._model.piece
        cut, first = True, 0.0
        while writer.count < limit:
            if listener.stopped:
                raise StoppedError
            context.step(token, len(read))
            read.append(token)
            token = sampler.pick(context)
            if not first:
                first = time.perf_counter()
                self._check(context)
            piece = piece_of(token)
            if piece is None:
                end, cut = replace(end, reason="stop", raw_reason=self._model.name(token)), False
                break
            writer.add(token, piece)
        writer.end(cut)
        return replace(end, completion_tokens=writer.count), first or time.perf_counter()

    def _check(self, context: Context) -> None:
        if not context.is_sound():
            raise ModelFileError(_DAMAGED)

    def _forget(self, error: Exception) -> None:
        """After an error nobody knows what the context holds; after a stop it is what was read."""
        if not isinstance(error, StoppedError):
            self._context.clear()
            self._read = []


def _lead(pieces: Sequence[Piece]) -> int:
    """How many bytes of tags and white space stand before the first text of a reply."""
    before = 0
    for piece in pieces:
        data = piece.text.encode(errors="replace")
        if not piece.markup and data.strip():
            return before + len(data) - len(data.lstrip())
        before += len(data)
    return before


def _plain(pieces: Iterable[Piece]) -> list[tuple[str, bool]]:
    return [(piece.text, piece.markup) for piece in pieces]


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two texts have in common at their beginning."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))


_TOO_LONG = Both(
    "The conversation takes {needed} tokens, and the model's window holds {window}. "
    "Shorten the message, start a new conversation, or choose a larger context in the settings.",
    "对话需要 {needed} 个 token，而模型的上下文只能容纳 {window} 个。请缩短消息、开始新对话，"
    "或在设置中选择更大的上下文。",
)
_DAMAGED = Both(
    "The model computes nothing sensible: its file is damaged. Download it again.",
    "模型的计算结果没有意义：文件已损坏。请重新下载。",
)
