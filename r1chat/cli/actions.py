"""What each command does, given its flags. Returns the exit code; raises R1ChatError for what a person may correct.

The work itself is done in the other modules of this room, imported when needed, so that `r1chat --help` is fast.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1chat.both import Both
from r1chat.cli.process import harmless, log_to, polite_signals, rare_garbage_collection
from r1chat.config import Settings, load, prepare
from r1chat.errors import BackendError, ConfigError
from r1chat.files import named_path, read_text
from r1chat.reasoning_format import R1_FORMAT

if TYPE_CHECKING:
    from r1chat.app import App

LOG_FILE = "r1chat.log"  # in the data folder
_LONGEST_THOUGHT = 20_000_000  # bytes of a file
Flags = Mapping[str, Any]

_TWO_MESSAGES = Both(
    "“{word}” is a second argument, and chat takes one message. Put all of the message into quotes.",
    "“{word}”是第二个参数，而 chat 只接受一条消息。请把整条消息放进引号里。",
)
_NO_MESSAGE = Both(
    "--json needs a message. Give it as an argument, or on standard input.",
    "--json 需要一条消息。请作为参数给出，或从标准输入传入。",
)
_UNREADABLE = Both(
    "{file} cannot be read ({reason}). Give a text file, or the text itself by `<`.",
    "{file} 无法读取（{reason}）。请给出文本文件，或用 `<` 传入文本。",
)
_NO_TEXT = Both(
    "{file} is no text in UTF-8 of at most {most}. Give a text file.",
    "{file} 不是不超过 {most} 的 UTF-8 文本。请给出文本文件。",
)
_LOST = Both(
    "{replies} replies are not whole in the database: it did not take their ends. The log says why.",
    "有 {replies} 个回复在数据库中不完整：数据库没有收下它们的结尾。原因见日志。",
)
_NO_ADDRESS = Both(
    "The backend openai is a server, and its address is missing. Give it with --base-url (for example "
    "http://127.0.0.1:8080/v1) or with the variable R1CHAT_BASE_URL.",
    "后端 openai 是服务器，但缺少它的地址。请用 --base-url（例如 http://127.0.0.1:8080/v1）或环境变量 "
    "R1CHAT_BASE_URL 给出。",
)


def serve(flags: Flags) -> int:
    with _opened(flags, chats=True) as app:
        from r1chat.cli.serving import serve as serve_page

        def announce(address: str) -> None:
            print(f"r1chat is at {address}\nCtrl-C stops it; everything is saved.", flush=True)

        serve_page(app, announce)
    return 0


def open_page(flags: Flags) -> int:
    settings = _settings(flags)
    from r1chat.cli.opening import fresh_address

    address = fresh_address(settings.data_dir)
    print(address, flush=True)
    if flags["browser"]:
        import webbrowser

        with suppress(webbrowser.Error):
            webbrowser.open(fresh_address(settings.data_dir))
    return 0


def chat(flags: Flags) -> int:
    message = _message(flags["message"], flags["source"])
    if message is None and flags["as_json"]:
        raise ConfigError(_NO_MESSAGE)
    with _opened(flags, chats=True) as app:
        from r1chat.cli.screen import Screen
        from r1chat.cli.terminal import ask, begin, converse

        screen = Screen(sys.stdout, sys.stderr, quiet=flags["as_json"])
        model_named = bool(flags["model"] or flags["backend"] or flags["base_url"])
        talk = begin(app, screen, flags["conversation"], latest=flags["latest"], model_named=model_named)
        if talk.conversation_id and (flags["system"] is not None or flags["thinking"] is not None):
            app.chat.set_behaviour(talk.conversation_id, flags["thinking"], flags["system"])
        return converse(talk, screen) if message is None else ask(talk, screen, message, flags["as_json"])


def list_models(flags: Flags) -> int:
    settings = _settings(flags)
    from r1chat.app import connect
    from r1chat.cli.doctor import models_table

    with closing(connect(settings)) as catalogue:
        statuses = [status for status in catalogue.statuses(patience=None) if settings.backend in (None, status.name)]
    if settings.backend and statuses[0].failure:
        raise BackendError(statuses[0].failure.text)  # nothing else was asked for
    if flags["as_json"]:
        models = [model for status in statuses for model in status.models]
        listed = [asdict(model) | {"note": str(model.note), "key": model.key} for model in models]
        errors = {status.name: status.error for status in statuses if status.error}
        print(harmless(json.dumps({"models": listed, "errors": errors}, ensure_ascii=False), sys.stdout))
    else:
        print(harmless(models_table(statuses), sys.stdout))
    return 0


def library(flags: Flags) -> int:
    from r1chat.cli import library

    action, name = flags["action"], flags["name"].strip()
    if action not in library.NAMES:
        raise ConfigError(
            Both(
                "There is no `r1chat models {action}`. There are list, find, get and rm.",
                "没有 `r1chat models {action}`。可用：list、find、get、rm。",
            ).format(action=action[:40])
        )
    if not name and action != "find":
        raise ConfigError(
            Both(
                "`r1chat models {action}` needs a name: one that `r1chat models {other}` shows.",
                "`r1chat models {action}` 需要名称：见 `r1chat models {other}`。",
            ).format(action=action, other="find" if action == "get" else "list")
        )
    settings = _settings(flags)
    with closing(library.open_downloads(settings)) as downloads:
        if action == "find":
            from r1chat.app import meter

            with polite_signals():  # the models that it measures are removed
                output = library.find(downloads, name, meter(settings), settings.context)
        else:
            from r1chat.app import own_models

            paths = own_models(settings).paths(name) if action == "rm" else []
            output = library.get(downloads, name) if action == "get" else library.remove(downloads, name, paths)
        print(harmless(output, sys.stdout))
    return 0


def doctor(flags: Flags) -> int:
    from r1chat.cli.doctor import examine, report

    try:
        settings: Settings | ConfigError = _settings(flags)
    except ConfigError as error:
        settings = error
    with polite_signals():  # the models that it measures are removed
        checks = examine(settings)
    healthy = all(check.state != "problem" for check in checks)
    if flags["as_json"]:
        values = {"healthy": healthy, "checks": [asdict(check) for check in checks]}
        print(harmless(json.dumps(values, ensure_ascii=False), sys.stdout))
    else:
        print(harmless(report(checks), sys.stdout))
    return 0 if healthy else 1


def privacy(flags: Flags) -> int:
    from r1chat.cli import privacy

    seen = privacy.watch(_settings(flags))
    if flags["as_json"]:
        print(harmless(json.dumps(asdict(seen), ensure_ascii=False), sys.stdout))
    else:
        for line in privacy.report(seen):
            print(harmless(line, sys.stdout))
    return 1 if seen.connections or seen.databases else 0


def moments(flags: Flags) -> int:
    from r1chat.calibration import load as load_bars
    from r1chat.reflect.listing import list_moments
    from r1chat.sizes import readable_size

    file: Path | None = flags["file"]
    bars = load_bars(load(data_dir=flags["data_dir"]).data_dir)
    try:
        text = sys.stdin.read() if file is None or str(file) == "-" else read_text(file, _LONGEST_THOUGHT)
    except OSError as error:
        raise ConfigError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    except ValueError:
        raise ConfigError(_NO_TEXT.format(file=file, most=readable_size(_LONGEST_THOUGHT))) from None
    opening, closing = R1_FORMAT.open, R1_FORMAT.close
    begin, end = text.find(opening), text.find(closing)
    thought = text[begin + len(opening) if begin >= 0 else 0 : end if end > begin else None]
    for line in list_moments(thought, flags["as_json"], bars):
        print(harmless(line, sys.stdout))
    return 0


def evaluate(flags: Flags) -> int:
    from r1chat.cli.evaluating import evaluate as run

    settings = _settings(flags)
    prepare(settings)
    return run(settings, flags["words"], flags)


def train(flags: Flags, typed: Sequence[str]) -> int:
    """`typed`: the flags that stood on the command line."""
    from r1chat.cli.stages import check_options
    from r1chat.cli.training import train as run

    check_options(flags["stage"], typed)
    if flags["stage"] in ("prefer", "sft", "kto") or (flags["stage"] == "grpo" and flags["model"]):
        from r1chat.cli.learning import learn

        with _opened({key: value for key, value in flags.items() if key not in ("seed", "threads", "model")}) as app:
            return learn(app, flags["stage"], flags)
    return run(flags["stage"], flags)


def adapters(flags: Flags) -> int:
    from r1chat.cli.learning import adapters as run

    with _opened(flags) as app:
        return run(app, flags["action"], flags["words"] or [])


def calibrate(flags: Flags) -> int:
    if flags["file"] is not None or (flags["calibrate"] and flags["undo"]):
        raise ConfigError("Give one of a FILE, --calibrate and --undo: each does something else.")
    from r1chat import calibration

    with _opened({**flags, "ollama": False}) as app:
        folder = app.settings.data_dir
        if flags["undo"]:
            undone = calibration.undo(folder)
            print("The thresholds before the last calibration apply again." if undone else "Nothing to undo.")
            return 0
        changes = calibration.calibrate(folder, app.store.all_moment_labels())
        for change in changes:
            print(json.dumps(asdict(change)) if flags["as_json"] else calibration.describe(change))
        if not flags["as_json"] and any(change.before != change.after for change in changes):
            print("`r1chat moments --undo` takes this back. Open pages follow once they are reloaded.")
    return 0


def export_data(flags: Flags) -> int:
    with _opened({**flags, "ollama": False}) as app:  # only models that are files here have templates to read
        from r1chat.cli.sharing import Wanted, take_out

        names = (
            "thoughts",
            "test",
            "language",
            "since",
            "until",
            "verified",
            "shortest",
            "longest",
            "text",
            "redact",
            "template",
            "everything",
            "conversation",
        )
        values = {name: flags[name] for name in names}
        sources = tuple(flags["sources"] or ())
        request = Wanted(**values, sources=sources, model=flags["of_model"], rater=flags["of_rater"])
        with rare_garbage_collection():
            take_out(app, flags["kind"], flags["output"], request, sys.stdout, sys.stderr)
    return 0


def import_data(flags: Flags) -> int:
    with _opened(flags) as app:
        from r1chat.cli.sharing import take_in

        take_in(app, flags["file"], sys.stdout, sys.stderr)
    return 0


def keep(flags: Flags, action: str) -> int:
    settings = _settings(flags)
    from r1chat.cli import keeping

    if action == "make":
        lines = keeping.make(settings, flags["file"])
    elif action == "put_back":
        lines = keeping.put_back(settings, flags["file"])
    else:
        lines = keeping.save(settings, flags["file"], flags["damaged"])
    for line in lines:
        print(harmless(line, sys.stdout))
    return 0


def consent(flags: Flags) -> int:
    with _opened(flags) as app:
        from r1chat.cli.sharing import consent as set_consent

        set_consent(app, flags["conversation"], flags["everything"], flags["withdraw"], sys.stdout, flags["page"])
    return 0


def deleted(flags: Flags) -> int:
    with _opened({**flags, "ollama": False}) as app:
        from r1chat.cli.deleted import deleted as run

        for line in run(app, flags["action"], flags["conversation"], flags["page"]):
            print(harmless(line, sys.stdout))
    return 0


# --- what they have in common ----------------------------------------------------------------------------------------


def _settings(flags: Flags) -> Settings:
    """The settings in force under these flags; logging follows them. Raises ConfigError."""
    values = {name: value for name, value in flags.items() if name in Settings.model_fields}
    if values.get("base_url") and not values.get("backend"):
        values["backend"] = "openai"
    settings = load(**values)
    if settings.backend == "openai" and not settings.base_url:
        raise ConfigError(_NO_ADDRESS)
    log_to(settings.data_dir / LOG_FILE, verbose=flags["verbose"])
    return _with_model_file(settings)


def _with_model_file(settings: Settings) -> Settings:
    """Settings that name a GGUF file as their model, as settings that name the model in it."""
    file = Path(settings.model)
    if file.suffix.lower() != ".gguf" or settings.backend not in (None, "llama.cpp"):
        return settings
    in_models_folder = file.name == settings.model and not file.exists()
    file = settings.models_folder / file if in_models_folder else named_path(file)
    name = re.sub(r"-\d{5}-of-\d{5}$", "", file.stem)  # the first part of a model that is split over files
    paths = (file, *settings.model_path)
    return settings.model_copy(update={"backend": "llama.cpp", "model": name, "model_path": paths})


@contextmanager
def _opened(flags: Flags, chats: bool = False) -> Iterator[App]:
    """The app, closed at the end however that comes: what runs is stopped and saved.

    `chats`: somebody is about to write to a model. The engine of another command would start for nothing.
    """
    settings = _settings(flags)
    from r1chat.app import build
    from r1chat.store.erasures import Erasures

    ahead = chats and settings.backend in (None, "llama.cpp")
    with polite_signals():
        app = build(settings, ahead=ahead)
        try:
            if Erasures(settings.data_dir).pending:
                from r1chat.learn.forgetting import forget_erased
                from r1chat.learn.runs import Runs

                forget_erased(app.store, Runs(settings.data_dir))
            yield app
        finally:
            if lost := app.close():
                print(_LOST.format(replies=lost).en, file=sys.stderr)


def _message(argument: str | None, source: str | None = None) -> str | None:
    """The message of a single question; None where a person sits at the terminal. Raises ConfigError.

    It is the argument, or standard input, or both with a blank line between them. Beside an argument standard input is
    read where it is a pipe or a file, or where `-` asks for it: it may also be a stream that never ends.
    """
    if source not in (None, "-"):
        raise ConfigError(_TWO_MESSAGES.format(word=source))
    if argument is None and sys.stdin and sys.stdin.isatty():
        return None
    if argument is None or argument == "-":
        return sys.stdin.read() if sys.stdin else ""  # it can be closed
    message = os.fsencode(argument).decode("utf-8", "replace")  # whatever the locale took it for
    text = sys.stdin.read().strip("\n") if sys.stdin and (source or _is_fed()) else ""
    return f"{message}\n\n{text}" if text.strip() else message


def _is_fed() -> bool:
    """Whether standard input is a pipe or a file."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
