"""Everything that reads a data folder, as a list of steps: the routes of the page, what people do, exports, commands.

`steps` is what `benchmarks.scaling` times and what `benchmarks.fuzz_folders` opens over odd content. A step raises
where r1chat itself fails; an error with a sentence for a person is a result like any other.
"""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from r1chat import archive
from r1chat.app import App, build
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.scripted import ScriptedBackend
from r1chat.cli.main import main as command
from r1chat.config import Settings, load, nano_model
from r1chat.errors import R1ChatError
from r1chat.evaluation.listing import Evaluations
from r1chat.export import FORMATS, Options, export
from r1chat.learn.gather import read_rows, write_rows
from r1chat.store import Store
from r1chat.ui.application import application
from r1chat.ui.talk.feed import Viewer

MODEL = "scripted:scripted"
TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"  # in place of a model's own
ELSEWHERE = ("/r1chat/library/search", "/r1chat/library/variants")  # these ask a hub
STREAMS = ("/r1chat/feed",)  # without an end; `Viewer` stands for it
QUERIES = {
    "/r1chat/opening": ("", "?conversation={conversation}&model=scripted:scripted&lang=zh"),
    "/r1chat/document/{conversation_id}": ("?form=html", "?form=md"),
    "/r1chat/data/page": ("",),
    "/r1chat/data/rows": (
        "",
        "?redacted=yes&limit=300",
        "?text=43&format=preference&thoughts=full",
        "?model=scripted:scripted&rater=ann&verified=right",
    ),
    "/r1chat/data/reply/{reply_id}": ("", "?redacted=yes"),
    "/r1chat/data/next": ("", "?after={reply}"),
    "/r1chat/evaluation/whole": ("", "?names={run}&names={other_run}"),
    "/r1chat/evaluation/table": ("?names={run}&names={other_run}",),
    "/r1chat/evaluation/samples": ("?run={run}", "?run={run}&wrong=true&start=5"),
    "/r1chat/data/command": ("?format=sft",),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What a walk looks at: a conversation, and a message with its reply in it; by default the newest."""

    conversation: str = ""
    turn: str = ""
    reply: str = ""
    run: str = ""
    other_run: str = ""


Step = tuple[str, Callable[[], object]]


def settings(folder: Path) -> Settings:
    """Those of a data folder, without what else is on this computer."""
    return load(
        data_dir=folder,
        find_models=False,
        measure_speed=False,
        ollama=False,
        hub="http://127.0.0.1:9",
        titles="off",
        rater="ann",
    )


@contextmanager
def opened(folder: Path) -> Iterator[tuple[App, TestClient]]:
    """The app of a data folder with the scripted model, and a client of its routes, which nothing guards."""
    words = ["<think>", "7 + 3 carries.", "</think>", "It is **70**."]
    files = LlamaCppBackend([folder / "models", nano_model()], ahead=False)  # only its lists are asked for
    app = build(settings(folder), {"scripted": ScriptedBackend(lambda request: words), "llama.cpp": files})
    with closing(app), TestClient(application(app), headers={"accept-language": "en"}) as client:
        yield app, client


def newest(folder: Path) -> Names:
    """The last message and reply of the open branch of the newest conversation, and the first two evaluations."""
    runs = [run.name for run in Evaluations(folder).all()][:2]
    names = Names(run=runs[0] if runs else "", other_run=runs[-1] if runs else "")
    with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store:
        for info in store.conversations():
            turns = store.conversation(info.id).turns
            last = next((turn for turn in reversed(turns) if turn.reply is not None), None)
            if last is not None and last.reply is not None:
                return replace(names, conversation=info.id, turn=last.id, reply=last.reply.id)
    return names


def steps(folder: Path, app: App, client: TestClient, names: Names, scratch: Path) -> Iterator[Step]:
    """Everything that reads the data folder; what writes comes last. `scratch`: a folder for what is written."""
    yield from reading(app, client, names)
    yield from taking_out(app, names, scratch)
    yield from acting(app, client, names)
    yield from commands(folder, names, scratch)
    yield "erasing for good", partial(_suppressed, lambda: _erase(app, names.conversation))


# --- the page --------------------------------------------------------------------------------------------------------


def reading(app: App, client: TestClient, names: Names) -> Iterator[Step]:
    """Every GET route, by what the application itself says of them, and the first patch of the feed."""
    yield from _of_one(app, client, names)
    for route in app_routes(client):
        if "{" not in route or "/file/" in route:
            yield from _gets(client, route, names)


def _of_one(app: App, client: TestClient, names: Names) -> Iterator[Step]:
    """What shows a conversation, a message or a reply."""
    for lang in ("en", "zh"):
        yield f"feed {lang}", partial(_first_patch, app, names.conversation, lang)
    for route in app_routes(client):
        if "_id}" in route and "/file/" not in route:
            yield from _gets(client, route, names)


def _gets(client: TestClient, route: str, names: Names) -> Iterator[Step]:
    values = {"conversation_id": names.conversation, "turn_id": names.turn, "reply_id": names.reply}
    if route in ELSEWHERE + STREAMS:
        return
    for query in QUERIES.get(route, ("",)):
        path = route.format(**values, job_id="none", name="none")
        parameters = query.format(**{name: getattr(names, name) for name in Names.__slots__})
        yield f"GET {route}{query}", partial(_get, client, path + parameters)


def app_routes(client: TestClient) -> list[str]:
    """The paths of all GET routes."""
    routes = client.app.routes  # type: ignore[attr-defined]
    return [route.path for route in routes if "GET" in (getattr(route, "methods", None) or ())]


def _get(client: TestClient, path: str) -> object:
    response = client.get(path)
    if response.status_code >= 500:
        raise AssertionError(f"status {response.status_code}")
    return len(response.content)


def _first_patch(app: App, conversation: str, lang: str) -> object:
    viewer = Viewer(app.home_of(conversation), conversation, MODEL, lang)
    patches = viewer.patches()
    try:
        return len(json.dumps(next(patches)))
    finally:
        viewer.leave()
        patches.close()  # type: ignore[attr-defined]


def acting(app: App, client: TestClient, names: Names) -> Iterator[Step]:
    """What people do in the conversation, reply by reply; deleting it comes last."""
    spot = {"conversation": names.conversation, "model": MODEL, "lang": "en"}

    def act(verb: str, subject: str = "", text: object = "", **more: object) -> Step:
        content = text if isinstance(text, str) else json.dumps(text)
        body = {"verb": verb, "id": subject, "text": content, **spot, **more}
        return f"act {verb}", partial(_act, app, client, body)

    yield act("search", query="43", text="43")
    yield act("search", query="the quick 27 43 carries sum it is no", text="the quick 27 43 carries sum it is no")
    yield act("palette", query="sum", text="sum")
    yield act("more", text="1")
    yield act("open", names.conversation)
    yield act("settings")
    yield act("behaviour")
    yield act("models")
    yield act("rename", names.conversation, "Another title")
    yield act("rate", names.reply, {"part": "answer", "thumb": "up"})
    yield act("step", names.reply, {"verdict": "none_wrong", "start": 0, "end": 0})
    yield act("label", names.reply, {"start": 0, "end": 3, "kind": "check", "verdict": "confirmed"})
    yield act("refer", names.turn, {"text": "70", "kind": "number"})
    yield act("consent", names.conversation, {"allowed": True})
    yield act("reply", names.reply)
    yield act("turn", names.turn)
    yield act("compare", names.reply)
    yield act("rank", names.turn)
    yield act("ask", text="28 + 43 = ?")
    yield act("again", names.reply)
    yield act("longer", names.reply)
    yield act("fork", names.reply, {"start": 0, "end": 3, "text": "So"})
    yield act("vote", names.reply, "3")
    yield act("edit", names.turn, "29 + 43 = ?")
    yield act("correct", names.reply, {"text": "It is 70, as I say.", "part": "answer"})
    yield "POST summary", partial(_post, client, "/r1chat/summary", {"verb": "summary", **spot})
    yield "feed after acts", partial(_first_patch, app, names.conversation, "en")
    yield act("delete", names.conversation)
    yield act("deleted")
    yield act("restore", names.conversation)
    yield act("delete", names.conversation)
    yield act("undo", names.conversation)


def _act(app: App, client: TestClient, body: dict[str, Any]) -> object:
    size = _post(client, "/r1chat/act", body)
    for conversation in app.chat.working():
        if generation := app.chat.running(conversation):
            generation.wait(60)
    return size


def _post(client: TestClient, path: str, body: dict[str, Any]) -> object:
    response = client.post(path, json=body)
    if response.status_code >= 500:
        raise AssertionError(f"status {response.status_code}")
    return len(response.content)


# --- exports and commands --------------------------------------------------------------------------------------------


def taking_out(app: App, names: Names, scratch: Path) -> Iterator[Step]:
    """Every format of export, archives, and coming in again."""
    template = scratch / "template.jinja"
    template.write_text(TEMPLATE, encoding="utf-8")
    app.store.judgements.set_consent(None, True)
    for form in FORMATS:
        options = Options(template=template, test=0.1)
        yield f"export {form}", partial(_export, app, form, scratch / f"{form}.jsonl", options)
    yield "gather for training", partial(_gather, app, scratch)
    yield "archive", partial(_suppressed, lambda: archive.write(app.store, scratch / "all.jsonl", True))
    yield "import", partial(_suppressed, lambda: _import(scratch / "all.jsonl", scratch / "import.db"))
    yield "import again", partial(_suppressed, lambda: archive.read(app.store, scratch / "all.jsonl"))


def _export(app: App, form: Any, path: Path, options: Options) -> None:
    _suppressed(lambda: export(app.store, app.catalogue, form, path, options))


def _gather(app: App, scratch: Path) -> None:
    with suppress(R1ChatError):
        read_rows("kto", write_rows(app.store, None, "kto", scratch), (), (), every_model=True)


def _import(file: Path, database: Path) -> None:
    with closing(Store(f"sqlite:///{database}")) as store:
        archive.read(store, file)


def _erase(app: App, conversation: str) -> None:
    app.store.delete(conversation)
    app.store.purge(timedelta(0))


def _suppressed(work: Callable[[], object]) -> None:
    with suppress(R1ChatError):
        work()


def commands(folder: Path, names: Names, scratch: Path) -> Iterator[Step]:
    """The command line over the folder. `restore` puts back what `backup` made."""
    thought = scratch / "thought.txt"
    with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store, suppress(R1ChatError):
        thought.write_text(store.reply(names.reply).reply.reasoning, encoding="utf-8")
    for words in (
        ["moments", str(thought)],
        ["moments", "--calibrate"],
        ["eval", "list"],
        ["eval", "compare", names.run, names.other_run],
        ["adapters"],
        ["consent"],
        ["deleted"],
        ["export", "chat", names.conversation, "-o", str(scratch / "chat.html")],
        ["export", "chat", names.conversation, "-o", str(scratch / "chat.md")],
        ["export", "sft", "-o", str(scratch / "cli.parquet"), "--thoughts", "full"],
        ["backup", str(scratch / "backup.db")],
        ["rescue", str(scratch / "rescued.db")],
        ["restore", str(scratch / "backup.db")],
    ):
        label = " ".join(word for word in words if "/" not in word and not re.fullmatch("[0-9a-f]{32}", word))
        yield f"r1chat {label}", partial(run, folder, words)


def run(folder: Path, words: Sequence[str]) -> str:
    """What a command says; raises where r1chat itself fails."""
    output = io.StringIO()
    os.environ["R1CHAT_FIND_MODELS"] = os.environ["R1CHAT_MEASURE_SPEED"] = os.environ["R1CHAT_OLLAMA"] = "false"
    with redirect_stdout(output), redirect_stderr(output):
        command([*words, "--data-dir", str(folder)])
    if "r1chat itself failed" in output.getvalue():
        raise AssertionError(output.getvalue()[-2_000:])
    return output.getvalue()


def walk(folder: Path, places: Sequence[Names]) -> Iterator[tuple[str, BaseException]]:
    """Take every step at every place of a data folder; those in which r1chat itself fails, with what was raised."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with opened(folder) as (app, client):
                for name, step in _everywhere(folder, app, client, places, Path(scratch)):
                    try:
                        step()
                    except Exception as error:
                        yield name, error
        except R1ChatError:
            pass  # a sentence, and no page
        except Exception as error:
            yield "opening", error


def _everywhere(folder: Path, app: App, client: TestClient, places: Sequence[Names], scratch: Path) -> Iterator[Step]:
    yield from reading(app, client, Names())
    for names in places:
        yield from _of_one(app, client, names)
    if places:
        yield from steps(folder, app, client, places[-1], scratch)
