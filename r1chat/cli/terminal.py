"""A conversation in a terminal: one message and its reply, or a person's messages and commands until they leave.

It starts turns and watches them as the page does, and prints them through `screen`; what runs the model and what keeps
the words is not its business.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType

from r1chat.app import App
from r1chat.cli.screen import Screen
from r1chat.errors import BackendError, ConfigError, MessageError, NotFoundError, R1ChatError
from r1chat.generation import Generation
from r1chat.messages import ModelInfo, Reply

PROMPT = "> "
HELP = """\
/again        another reply to your last message
/new          begin a new conversation
/model NAME   go on with another model; without NAME, list them
/quit         leave (so does Ctrl-D)
Ctrl-C stops a reply and keeps what came. A message that begins with a slash needs a space before it."""


class Talk:
    """One conversation with one model; both can be changed on the way."""

    def __init__(self, app: App, screen: Screen, model: ModelInfo, conversation_id: str | None = None) -> None:
        """`conversation_id` None: a new one, made by its first message. Raises NotFoundError."""
        self._app = app
        self._screen = screen
        self.model = model
        self.conversation_id = conversation_id
        self.reply_id = ""
        self.interrupted = False  # Ctrl-C ended the last reply
        self._turn_id = ""
        if conversation_id and (turns := app.store.conversation(conversation_id).turns):
            self._turn_id = turns[-1].id

    def say(self, message: str) -> Reply:
        """Send a message and print its reply. Raises R1ChatError where none could begin."""
        return self._follow(self._app.chat.send(self.conversation_id, message, self.model.key))

    def again(self) -> Reply:
        """Another reply to the last message."""
        if not self._turn_id:
            raise MessageError("There is no message yet that could be answered again. Write one first.")
        return self._follow(self._app.chat.again(self._turn_id, self.model.key))

    def choose(self, name: str) -> None:
        """Go on with another model. Raises UnknownModelError."""
        self.model = self._app.catalogue.default(name)

    def models(self) -> list[ModelInfo]:
        """The models that it could go on with."""
        return self._app.catalogue.models()

    def new(self) -> None:
        """Begin another conversation with the next message."""
        self.conversation_id, self._turn_id = None, ""

    def _follow(self, generation: Generation) -> Reply:
        self.conversation_id, self._turn_id, self.reply_id = (
            generation.conversation_id,
            generation.turn_id,
            generation.reply_id,
        )
        with self._signals_stop(generation) as came:
            for reply in generation.watch():
                self._screen.show(reply, self.model.thinks)
        self._screen.end()
        if (error := generation.not_saved) is not None:
            self._screen.note(f"This reply is not saved yet. {error} It is saved as soon as that is possible.")
        self.interrupted = bool(came)
        if ends := [number for number in came if number != signal.SIGINT]:
            raise SystemExit(128 + ends[0])
        return reply

    @contextmanager
    def _signals_stop(self, generation: Generation) -> Iterator[list[int]]:
        """Inside, the first request to end (Ctrl-C, SIGTERM, SIGHUP) stops the reply; the next one acts as ever.

        Yields the list of what came. Nothing is raised: an exception in the midst of a wait can lose or keep its lock.
        """
        came: list[int] = []

        def stop(number: int, frame: FrameType | None) -> None:
            came.append(number)
            generation.stop()
            signal.signal(number, before[number])

        names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is unknown to Windows
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}  # not nohup's
        try:
            for number in before:
                signal.signal(number, stop)
            yield came
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def begin(app: App, screen: Screen, conversation_id: str | None, *, latest: bool, model_named: bool) -> Talk:
    """The conversation that was asked for, with the model that it had unless one is named by a flag.

    Raises ConfigError, NotFoundError, and BackendError where the model cannot be used.
    """
    if latest:
        if conversation_id:
            raise ConfigError("--conversation names one conversation and --continue another. Give only one of them.")
        conversations = app.store.conversations(limit=1)
        if not conversations:
            raise NotFoundError("There is no conversation to continue yet. Begin one without --continue.")
        conversation_id = conversations[0].id
    settings, catalogue = app.settings, app.catalogue
    if conversation_id and not model_named and (key := app.store.conversation(conversation_id).info.model):
        _, model = catalogue.find(key)
    else:
        model = catalogue.default(settings.model, settings.backend or "")
    if not model.ready:
        raise BackendError(model.note)
    for other in catalogue.models():
        if not other.ready and other.name in {file.stem for file in settings.model_path}:
            screen.note(other.note)  # whoever named the file in the settings expects to be offered it
    return Talk(app, screen, model, conversation_id)


def ask(talk: Talk, screen: Screen, message: str, as_json: bool = False) -> int:
    """Answer one message; the exit code: 0 for a whole reply (or one at its limit), 130 after Ctrl-C, else 1."""
    reply = talk.say(message)
    if as_json:
        print(json.dumps(_as_json(talk, reply), ensure_ascii=False), flush=True)
    if talk.interrupted:
        screen.note(f"Stopped. What came is kept in conversation {talk.conversation_id}.")
        return 130
    if remark := remark_on(reply):
        screen.note(remark)
    return 0 if reply.finish in ("stop", "length") and not reply.error else 1


def converse(talk: Talk, screen: Screen, read: Callable[[str], str] = input) -> int:
    """Take messages and commands from a person until they leave."""
    _edit_lines()
    screen.note(f"{talk.model.key}. /help lists the commands, Ctrl-D leaves.")
    if talk.model.note:
        screen.aside(talk.model.note)
    while True:
        try:
            line = _read_line(read)
        except (EOFError, KeyboardInterrupt):
            screen.note("")
            break
        if line.rstrip() == "/quit":
            break
        try:
            _obey(talk, screen, line)
        except R1ChatError as error:
            screen.note(str(error))
    if talk.conversation_id:
        screen.note(f"Kept. Go on with it here (r1chat chat --conversation {talk.conversation_id}) or on the page.")
    return 0


def remark_on(reply: Reply) -> str:
    """What must be said of how a finished reply ended; "" where there is nothing."""
    if reply.error:
        return reply.error
    if reply.finish == "cut":
        return "The server ended the reply before it was done. What came is kept; ask again for a whole one."
    if reply.finish == "length":
        tokens = reply.usage.reasoning_tokens + reply.usage.answer_tokens
        window = f" of {reply.usage.context:,} tokens" if reply.usage.context else ""
        return (
            f"The reply ended after {tokens:,} tokens, at its limit or at the end of the context window{window}. "
            "Allow more with --max-tokens or --context, or begin a new conversation."
        )
    return "Stopped. What came is kept." if reply.finish == "stopped" else ""


def _obey(talk: Talk, screen: Screen, line: str) -> None:
    """Do what one line asks for: a command, or else a message."""
    command = re.fullmatch(r"(/\w+)(?:\s+(\S+))?\s*", line)
    match command.groups() if command else None:
        case None:
            if line.strip():
                _comment(screen, talk.say(line))
        case ("/again", None):
            _comment(screen, talk.again())
        case ("/new", None):
            talk.new()
            screen.note("A new conversation.")
        case ("/model", str(name)):
            talk.choose(name)
            screen.note(f"Now {talk.model.key}.")
        case ("/model", None):
            screen.note("\n".join(f"{model.key}{'' if model.ready else f' ({model.note})'}" for model in talk.models()))
        case ("/help", None):
            screen.note(HELP)
        case _:
            screen.note(f"There is no command {line.strip()!r}; /help lists them. Put a space before it to send it.")


def _comment(screen: Screen, reply: Reply) -> None:
    if remark := remark_on(reply):
        screen.note(remark)
    parts = []
    if reply.reasoning:
        parts.append(f"thought for {reply.timings.thinking:.1f} s · {reply.usage.reasoning_tokens:,} tokens")
    if speed := reply.tokens_per_second:
        parts.append(f"{speed:.0f} tokens/s")
    screen.aside(" · ".join(parts))


def _read_line(read: Callable[[str], str]) -> str:
    if sys.stdout.isatty():
        return read(PROMPT)
    print(PROMPT, end="", file=sys.stderr, flush=True)  # stdout is for answers
    return read("")


def _edit_lines() -> None:
    """Line editing and history; a paste of many lines is one message."""
    try:
        import readline
    except ImportError:  # Windows: its console edits lines itself
        return
    readline.parse_and_bind("set enable-bracketed-paste on")
    readline.parse_and_bind("set disable-completion on")


def _as_json(talk: Talk, reply: Reply) -> dict[str, object]:
    return {
        "model": talk.model.key,
        "reasoning": reply.reasoning,
        "answer": reply.answer,
        "finish": reply.finish,
        "usage": asdict(reply.usage),
        "timings": asdict(reply.timings),
        "conversation": talk.conversation_id,
        "reply": talk.reply_id,
    }
