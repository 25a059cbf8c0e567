"""A loaded model at work: prompts to tokens, what need not be read again, and the loop that decodes a reply.

Owns one sequence of tokens and knows which of them the model has read. Knows no files, queues or threads: whoever
calls is the one thread that owns it, and whoever listens says when nobody wants the reply any more.
"""

from __future__ import annotations

import codecs
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from r1chat.backends.llama_context import Context, Sampler
from r1chat.backends.llama_model import Model
from r1chat.backends.llama_prompt import ChatTemplate, Piece, Prompt
from r1chat.backends.prompt import OPEN
from r1chat.errors import BackendError, ContextError, ModelFileError
from r1chat.messages import BackendEvent, Finish, FinishReason, Progress, Raw, Request

PASS_ON_EVERY = 0.01  # seconds; faster tokens travel together, or waking the reader would cost more than decoding


class StoppedError(Exception):
    """Nobody wants the rest."""


class Listener(Protocol):
    """Whoever waits for a reply."""

    stopped: bool

    def tell(self, event: BackendEvent) -> None:
        """Take an event; must not block."""
        ...


class Session:
    """A model, its template and its context. Every method may raise StoppedError as soon as the listener has stopped.

    After any error it is as good as new.
    """

    def __init__(
        self, model: Model, template: ChatTemplate, window: int, *, batch: int, threads: int, never: Sequence[int] = ()
    ) -> None:
        """`never`: tokens that are not to be picked. Raises ModelFileError where there is no memory for the window."""
        self.window = window
        self._model = model
        self._template = template
        self._context = Context(model, window, batch=batch, threads=threads)
        self._batch = batch
        self._never = never
        self._read: list[int] = []  # what the context holds

    def close(self) -> None:
        self._context.close()
        self._model.close()

    def reply(self, request: Request, listener: Listener) -> Finish:
        """Make a reply; its text and the progress go to the listener. Raises BackendError."""
        prompt = self._template.prompt(request.messages, request.so_far)
        tokens, given = self._tokens(prompt)
        room, wish = self._room(tokens), request.params.max_tokens
        limit, raw_reason = (room, "window") if wish is None or wish > room else (wish, "limit")
        sampler = self._sampler(request)
        try:
            sampler.accept(tokens[len(tokens) - given :])
            began = time.perf_counter()
            cached = self._prefill(tokens, len(tokens) - 1, listener)
            if prompt.opens:
                listener.tell(Raw(OPEN, tokens=0))
            finish, first = self._decode(tokens[-1], limit, sampler, listener)
        except BackendError:
            self._forget()
            raise
        finally:
            sampler.close()
        ended = time.perf_counter()
        return replace(
            finish,
            raw_reason=finish.raw_reason or raw_reason,
            prompt_tokens=len(tokens),
            cached_tokens=cached,
            context=self.window,
            prefill=first - began,
            decode=ended - first,
        )

    def warm(self, request: Request, listener: Listener) -> None:
        """Read what the next turn will begin with. After a finished reply: up to where the person's message goes."""
        if not request.messages:
            return
        if request.messages[-1].role == "assistant" and request.so_far is None:
            prompt = self._template.before_next_message(request.messages)
        else:
            prompt = self._template.prompt(request.messages, request.so_far)
        tokens, _ = self._tokens(prompt)
        if len(tokens) < self.window:
            try:
                self._prefill(tokens, len(tokens), listener)
            except BackendError:
                self._forget()
                raise

    # -- tokens -------------------------------------------------------------------------------------------------------

    def _tokens(self, prompt: Prompt) -> tuple[list[int], int]:
        """The tokens of a prompt, and how many of them are the reply so far."""
        head = self._model.prompt(_plain(prompt.head))
        if not prompt.tail:
            return head, 0
        if not self._model.reads_pieces:
            tokens = self._model.prompt(_plain((*prompt.head, *prompt.tail)))
            return tokens, max(0, len(tokens) - len(head))
        tail = self._tail(head, prompt.tail)
        return head + tail, len(tail)

    def _tail(self, head: list[int], pieces: Sequence[Piece]) -> list[int]:
        """The reply so far as tokens: those that it was made of, as long as the context still holds them.

        A model does not always pick the tokens that a tokenizer would; with others in their place, all that follows
        would have to be read again.
        """
        text = "".join(piece.text for piece in pieces).encode(errors="replace")
        tokens: list[int] = []
        at = 0
        for token in self._read[len(head) :] if self._read[: len(head)] == head else []:
            known = self._model.piece(token)
            if not known or not text.startswith(known, at):
                break
            tokens.append(token)
            at += len(known)
        while tokens and at < len(text) and 0x80 <= text[at] < 0xC0:  # in the midst of a character
            at -= len(self._model.piece(tokens.pop()) or b"")
        for piece in pieces:
            data = piece.text.encode(errors="replace")
            if at < len(data):
                tokens += self._model.tokenize(data[at:].decode(), piece.markup)
            at = max(0, at - len(data))
        return tokens

    def _room(self, tokens: Sequence[int]) -> int:
        """How many tokens the window has left for the reply. Raises ContextError where there are none."""
        room = self.window - len(tokens)
        if room < 1:
            raise ContextError(
                f"The conversation takes {len(tokens):,} tokens, and the model's window holds {self.window:,}. "
                "Shorten the message, start a new conversation, or choose a larger context in the settings.",
                needed=len(tokens) + 1,
                context=self.window,
            )
        return room

    def _sampler(self, request: Request) -> Sampler:
        seed = random.getrandbits(31) if request.params.seed is None else request.params.seed
        return Sampler(self._model, request.params, seed % 0xFFFFFFFF, self._never)  # 0xFFFFFFFF would mean any

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

    def _decode(self, token: int, limit: int, sampler: Sampler, listener: Listener) -> tuple[Finish, float]:
        """Read `token`, pick the next one, and so on; the reply's end, and when its first token came."""
        context, read, piece_of = self._context, self._read, self._model.piece
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        clock = time.perf_counter
        reason: FinishReason = "length"
        raw_reason = ""
        texts: list[str] = []  # not passed on yet, and of how many tokens
        waiting = count = 0
        first = passed_on = 0.0
        while count < limit:
            if listener.stopped:
                raise StoppedError
            context.step(token, len(read))
            read.append(token)
            token = sampler.pick(context)
            if not first:
                first = clock()
                self._check(context)
            piece = piece_of(token)
            if piece is None:
                reason, raw_reason = "stop", self._model.text(token).decode(errors="replace")
                texts.append(decoder.decode(b"", final=True))
                break
            count += 1
            waiting += 1
            texts.append(decoder.decode(piece))
            now = clock()
            if now - passed_on >= PASS_ON_EVERY and (text := "".join(texts)):
                listener.tell(Raw(text, waiting))
                texts.clear()
                waiting, passed_on = 0, now
        if text := "".join(texts):
            listener.tell(Raw(text, waiting))
        return Finish(reason, raw_reason, completion_tokens=count), first or clock()

    def _check(self, context: Context) -> None:
        if not context.is_sound():
            raise ModelFileError("The model computes nothing sensible: its file is damaged. Download it again.")

    def _forget(self) -> None:
        self._context.clear()
        self._read = []


def _plain(pieces: Iterable[Piece]) -> list[tuple[str, bool]]:
    return [(piece.text, piece.markup) for piece in pieces]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts have in common at their beginning."""
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return i
    return min(len(one), len(other))
