"""A conversation in a terminal: one message and its reply, or a person's messages and commands until they leave."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict

from r1chat.app import App
from r1chat.both import Both
from r1chat.cli.process import harmless
from r1chat.cli.screen import Screen
from r1chat.cli.talk import NOW, Talk
from r1chat.errors import BackendError, ConfigError, MessageError, NotFoundError, R1ChatError
from r1chat.messages import Reply
from r1chat.steer import BUDGETS

PROMPT = "> "
SAMPLES = 5  # of a vote, where no number is given
HELP = """\
/again        another reply to your last message
/continue     go on with a reply that was stopped or cut off
/now          close the thought and answer; also while it runs (type it, Enter)
/longer       think on where the last thought ended
/budget N     let a thought take N tokens at most (or quick, normal, deep, off)
/vote N       answer the last message N times (5), show what most replies say
/good, /bad   rate the last answer
/model NAME   go on with another model; without NAME, list them
/new          begin a new conversation
/quit         leave (so does Ctrl-D)
Ctrl-C stops a reply and keeps what came.
A message that begins with a slash needs a space before it."""


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
    if file_names := {file.stem for file in settings.model_path}:
        for other in catalogue.models():
            if not other.ready and other.name in file_names:
                screen.note(str(other.note))  # whoever named the file in the settings expects to be offered it
    return Talk(app, screen, model, conversation_id)


def ask(talk: Talk, screen: Screen, message: str, as_json: bool = False) -> int:
    """Answer one message; the exit code: 0 for a saved reply, whole or at its limit, 130 after Ctrl-C, else 1."""
    reply = talk.say(message)
    if as_json:
        print(harmless(json.dumps(_as_json(talk, reply), ensure_ascii=False), sys.stdout), flush=True)
    saved = talk.settle()
    if talk.interrupted:
        screen.note(f"Stopped. What came is kept in conversation {talk.conversation_id}.")
        return 130
    if remark := remark_on(reply):
        screen.note(remark)
    return 0 if saved and reply.finish in ("stop", "length") and not reply.error else 1


def converse(talk: Talk, screen: Screen, read: Callable[[str], str] = input) -> int:
    """Take messages and commands from a person until they leave."""
    _edit_lines()
    screen.note(f"{talk.model.key}. /help lists the commands, Ctrl-D leaves.")
    if talk.model.note:
        screen.aside(str(talk.model.note))
    while True:
        try:
            line = talk.typed_ahead.popleft() if talk.typed_ahead else _read_line(read)
        except (EOFError, KeyboardInterrupt):
            screen.note("")
            break
        if line.rstrip() in ("/quit", "/exit", "/bye"):
            break
        try:
            _obey(talk, screen, line)
        except R1ChatError as error:
            screen.note(str(error))
    if talk.typed_ahead:
        screen.note("Not sent:\n" + "\n".join(f"  {text}" for text in talk.typed_ahead))
    talk.settle()
    if talk.conversation_id:
        screen.note(f"Kept. Go on with it on the page, or here:\n  r1chat chat --conversation {talk.conversation_id}")
    return 0


def remark_on(reply: Reply) -> str:
    """What must be said of how a finished reply ended; "" where there is nothing."""
    if reply.error:
        return str(reply.error)
    if reply.wants_tool:
        return (
            "The model's server wants to call a tool, which r1chat does not do. "
            "Ask in other words, or for an answer without tools."
        )
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
    """Do what one line asks for: a command, or else a message. Several lines are a message."""
    command = re.fullmatch(r"(/\w+)(?:[ \t]+(\S+))?[ \t]*", line)
    match command.groups() if command else None:
        case None:
            if line.strip():
                _comment(screen, talk.say(line))
        case ("/again", None):
            _comment(screen, talk.again())
        case ("/continue", None):
            _comment(screen, talk.resume())
        case (word, None) if word == NOW:
            _comment(screen, talk.answer_now())
        case ("/longer", None):
            _comment(screen, talk.think_longer())
        case ("/vote", samples):
            _vote(talk, screen, samples)
        case ("/budget", None):
            screen.note(_budget_line(talk.budget))
        case ("/budget", str(amount)):
            talk.set_budget(_budget(amount))
            screen.note(_budget_line(talk.budget))
        case ("/good" | "/bad", None):
            talk.rate("up" if line.startswith("/good") else "down")
            screen.note(f"Rated as {line.strip()[1:]}. The data page shows it; `r1chat export` exports it.")
        case ("/new", None):
            talk.new()
            screen.note("A new conversation.")
        case ("/model", str(name)):
            talk.choose(name)
            screen.note(f"Now {talk.model.key}.")
        case ("/model", None):
            screen.note("\n".join(_model_lines(talk)))
        case ("/help", None):
            screen.note(HELP)
        case _:
            screen.note(f"There is no command {line.strip()!r}; /help lists them. Put a space before it to send it.")


def _model_lines(talk: Talk) -> list[str]:
    """Every model as a line; the one in use is marked."""
    return [
        f"{'*' if model.key == talk.model.key else ' '} {model.key}{'' if model.ready else f' ({model.note})'}"
        for model in talk.models()
    ]


def _budget(amount: str) -> int | None:
    """The thinking tokens that a word or a number stands for; None: no limit. Raises MessageError."""
    if amount == "off":
        return None
    if amount in BUDGETS:
        return BUDGETS[amount]
    return _number(amount, "/budget 2048")


def _budget_line(budget: int | None) -> str:
    if budget is None:
        return "A thought may take as many tokens as the context window holds."
    return f"A thought may take {budget:,} tokens from now on."


def _vote(talk: Talk, screen: Screen, samples: str | None) -> None:
    groups, counted = talk.vote(SAMPLES if samples is None else _number(samples, "/vote 5"))
    if not groups:
        screen.note("None of the replies came to an answer that could be compared.")
    for answers in groups:
        screen.note(f"{len(answers.members)} of {counted}: {answers.answer}")


def _number(text: str, example: str) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        sentence = Both("“{text}” is not a number. Enter it like {example}.", "“{text}”不是数字。请这样写：{example}。")
        raise MessageError(sentence.format(text=text, example=example)) from None


def _comment(screen: Screen, reply: Reply) -> None:
    if remark := remark_on(reply):
        screen.note(f"{remark} /continue goes on with it." if reply.finish == "stopped" and not reply.error else remark)
    parts = []
    if reply.reasoning:
        seconds = f"{reply.timings.thinking:.1f}" if reply.timings.thinking >= 0.05 else "<0.1"
        parts.append(f"thought for {seconds} s · {reply.usage.reasoning_tokens:,} tokens")
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
