"""The command line: arguments in, exit code out.

Defines the commands and their flags, and turns every error into one sentence on stderr. The commands' work is done in
`serving`, `terminal`, `doctor` and `sharing`, imported when needed, so that `r1chat --help` is fast.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import stat
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r1chat import __version__
from r1chat.both import Both
from r1chat.cli.process import (
    harmless,
    log_file,
    log_to,
    polite_signals,
    rare_garbage_collection,
    speak_utf8,
    stop_writing,
)
from r1chat.config import Settings, load, prepare
from r1chat.core_files import write_no_core_files
from r1chat.errors import BackendError, ConfigError, R1ChatError
from r1chat.files import named_path
from r1chat.reasoning_format import R1_FORMAT

if TYPE_CHECKING:
    from r1chat.app import App

LOG_FILE = "r1chat.log"  # in the data folder
log = logging.getLogger(__name__)
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
_NO_TEXT = Both("{file} is no text in UTF-8. Give a text file.", "{file} 不是 UTF-8 文本。请给出文本文件。")
_NO_ADDRESS = Both(
    "The backend openai is a server, and its address is missing. Give it with --base-url (for example "
    "http://127.0.0.1:8080/v1) or with the variable R1CHAT_BASE_URL.",
    "后端 openai 是服务器，但缺少它的地址。请用 --base-url（例如 http://127.0.0.1:8080/v1）或环境变量 "
    "R1CHAT_BASE_URL 给出。",
)

Job = Callable[[], int]
Flags = Mapping[str, Any]

DataDir = Annotated[Path | None, typer.Option(metavar="DIR", help="Where conversations, models and settings are.")]
BackendName = Annotated[str | None, typer.Option("--backend", metavar="llama.cpp|ollama|openai", help="What runs it.")]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="A name from `r1chat models`, or a GGUF file.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="An OpenAI-compatible server; implies that backend.")]
Context = Annotated[int | None, typer.Option(metavar="TOKENS", help="The context window.")]
GpuLayers = Annotated[int | None, typer.Option(metavar="N", help="Layers on the GPU; -1: all. Default: as fit.")]
Temperature = Annotated[float | None, typer.Option(metavar="T", help="0.5 to 0.7 suits R1; 0.6 by default.")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="The same seed gives the same reply (llama.cpp).")]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", help="The most that thought and answer may take.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what goes on inside.")]

parser = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@parser.callback(invoke_without_command=True)
def r1chat(
    ctx: typer.Context, version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False
) -> None:
    """Chat with reasoning models, on your own machine.

    Every setting is also a variable R1CHAT_<NAME> and a line of settings.toml in the data folder. Flags win over
    variables, variables over the file.
    """
    if version:
        print(f"r1chat {__version__}")
    elif ctx.invoked_subcommand is None:
        print(ctx.get_help())


# --- the commands: each takes its words in and returns what is to be done, outside of typer's own error handling -----


@parser.command()
def serve(
    ctx: typer.Context,
    backend: BackendName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="Default: the first free one from 7860.")] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen. Default: 127.0.0.1.")] = None,
    open_browser: Annotated[bool | None, typer.Option("--browser/--no-browser", help="Open the page there.")] = None,
    context: Context = None,
    gpu_layers: GpuLayers = None,
    temperature: Temperature = None,
    seed: Seed = None,
    max_tokens: MaxTokens = None,
    verbose: Verbose = False,
) -> Job:
    """Open the page."""
    return partial(_serve, ctx.params)


@parser.command("open")
def open_(
    ctx: typer.Context,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page, or only print it.")] = True,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Open the page of the r1chat that is running, by a fresh address: each works once."""
    return partial(_open, ctx.params)


@parser.command()
def chat(
    ctx: typer.Context,
    message: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="Answer it and exit; - reads it from standard input.")
    ] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="Append standard input; a pipe or file is without it, too.")
    ] = None,
    backend: BackendName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    data_dir: DataDir = None,
    conversation: Annotated[str | None, typer.Option(metavar="ID", help="Continue this one.")] = None,
    latest: Annotated[bool, typer.Option("--continue", help="Continue the latest conversation.")] = False,
    context: Context = None,
    gpu_layers: GpuLayers = None,
    temperature: Temperature = None,
    seed: Seed = None,
    max_tokens: MaxTokens = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="System prompt of a new conversation.")] = None,
    thinking: Annotated[
        str | None, typer.Option(metavar="HOW", help="off, on, or an effort such as low, medium, high.")
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> Job:
    """Talk in the terminal, or answer one message: the thought on stderr, the answer on stdout.

    `cat notes.txt | r1chat chat "Summarise:"` sends the message, a blank line, and the text.
    """
    return partial(_chat, ctx.params)


@parser.command()
def models(
    ctx: typer.Context,
    action: Annotated[str, typer.Argument(metavar="[list|find|get|rm]", help="What to do; list by default.")] = "list",
    name: Annotated[str, typer.Argument(metavar="NAME", help="Words, a name, owner/name, or an address.")] = "",
    backend: BackendName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> Job:
    """List the models that can be used, and why others cannot; find, download and delete models.

    `r1chat models find qwen3`, `r1chat models get DeepSeek-R1-Distill-Qwen-1.5B`, `r1chat models rm NAME`.
    """
    return partial(_models if ctx.params["action"] == "list" else _library, ctx.params)


@parser.command()
def doctor(
    ctx: typer.Context,
    backend: BackendName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="The port that the page shall have.")] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where it shall listen.")] = None,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="Hold a conversation, and show the connections outside this computer.")
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> Job:
    """Say what is there, what is wrong, and what to do about it."""
    return partial(_privacy if privacy else _doctor, ctx.params)


@parser.command()
def moments(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The text; standard input without it.")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Set a threshold for each kind from your labels on the page.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last calibration back.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """List the moments of reflection in a chain of thought: where, of what kind, and what came of them."""
    if calibrate or undo:
        return partial(_calibrate, ctx.params)
    return partial(_moments, ctx.params)


@parser.command("eval")
def evaluate(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK",
            help="A made-up task, a data set, a file, list, fetch TASK, compare RUN RUN, resume RUN, or curve TASK.",
        ),
    ],
    backend: BackendName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    samples: Annotated[int, typer.Option("-k", metavar="K", help="Samples of each problem.")] = 1,
    count: Annotated[int, typer.Option("-n", metavar="N", help="The first N problems.")] = 100,
    split: Annotated[
        str, typer.Option(metavar="train|dev|test", help="Of a made-up task; of a file test is all of it.")
    ] = "test",
    language: Annotated[str | None, typer.Option(metavar="en|zh", help="Of a made-up task; both without it.")] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch the data set from the hub, if it is not here yet.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="OWNER/NAME:FILE", help="The file of another data set on the hub."),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the run; the same name goes on with it.")] = None,
    budget: Annotated[int | None, typer.Option(metavar="TOKENS", help="Of thinking; 0 skips the thought.")] = None,
    budgets: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Of curve: thinking tokens; 0,512,2048,8192 by default.")
    ] = None,
    waits: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Of curve: how often a thought goes on with “Wait”; 1,2.")
    ] = None,
    votes: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Of curve: samples that vote; 1,4,8,16 by default.")
    ] = None,
    run_code: Annotated[
        bool, typer.Option("--run-code", help="Of code problems: run what the model writes, confined.")
    ] = False,
    temperature: Temperature = None,
    seed: Seed = None,
    max_tokens: MaxTokens = None,
    thinking: Annotated[str | None, typer.Option(metavar="off|on|EFFORT", help="As for chat.")] = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="A system prompt.")] = None,
    context: Context = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Measure a model on a task: pass@1, pass@k and cons@k, each with an interval. A run that was killed goes on.

    Made-up tasks: sums, products, division, expressions, decimals, percentages, fractions, equations, divisors, primes,
    sorting, letters, clock, stories, countdown, countdown-4. Data sets of a hub: gsm8k, math-500, aime-2024,
    gpqa-diamond, mmlu, cmath; nothing is fetched before you say so. A file of problems: as these are published, or JSON
    Lines with question and answer; code problems as HumanEval, MBPP and LiveCodeBench have them, or with question and
    tests. curve TASK: accuracy over thinking tokens, as a picture.
    """
    return partial(_evaluate, ctx.params)


@parser.command()
def train(
    ctx: typer.Context,
    stage: Annotated[
        str,
        typer.Argument(metavar="STAGE", help="prefer, sft, kto, grpo; cold-start, reject, distill, gguf or demo."),
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Of the stages after kto: checkpoint, vocabulary, log.")
    ] = None,
    minutes: Annotated[float, typer.Option(metavar="M", help="Of training in this folder, all calls together.")] = 60,
    begin_with: Annotated[
        Path | None, typer.Option("--from", metavar="MODEL.gguf", help="Go on from a model that was trained here.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The GGUF file.")] = None,
    rate: Annotated[float | None, typer.Option(metavar="R", help="The learning rate at its highest.")] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="Of reject, grpo, distill: a made-up task or a file. May be repeated."),
    ] = None,
    k: Annotated[int, typer.Option("-k", metavar="K", help="Of reject, grpo, distill: samples of each problem.")] = 8,
    problems: Annotated[
        int | None, typer.Option(metavar="N", help="In all (reject 400, distill 100); of grpo in a step (16).")
    ] = None,
    teacher: Annotated[str | None, typer.Option(metavar="NAME", help="Of distill: the model to learn from.")] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of the processor.")] = 1,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="auto: a GPU where there is one, else the processor.")
    ] = "auto",
    seed: Seed = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="The model that was judged.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="An export in place of your judgements.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Original weights, where the model's own file cannot be trained."),
    ] = None,
    epochs: Annotated[float | None, typer.Option(metavar="N", help="At most so often through the judgements.")] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="K", help="Of the proof: replies to each question with a right answer (5).")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Of prefer, sft, kto: at N rates, of which the best is kept.")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Of grpo --model: tokens of a sample (512).")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the run, and of what comes of it.")] = None,
    every_model: Annotated[bool, typer.Option("--every-model", help="Judgements of other models, too.")] = False,
    by: Annotated[
        str | None,
        typer.Option(metavar="ASPECTS", help="Of kto: helpfulness, harmlessness, or helpfulness=1,harmlessness=2."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Put it into the model list at once.")] = True,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Learn from judgements, or train a small model that thinks. The same command goes on after a kill.

    prefer, sft and kto train an adapter of a model from what you judged: pairs, good replies, thumbs; grpo with --model
    from questions with right answers. The other stages train a small model of r1chat's own. cold-start: from made-up
    chains of thought. reject: on its own right samples. grpo with a folder: reinforcement learning with rule rewards on
    made-up tasks or task files. distill: on the right replies of a larger model. gguf: write the model for llama.cpp
    and Ollama. demo: all of it in at most 30 minutes, with figures. All need the extra `train`.
    """
    return partial(_train, ctx.params)


@parser.command()
def adapters(
    ctx: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="[list|keep|add|rename|delete|export|merge]", help="What to do.")
    ] = "list",
    words: Annotated[list[str] | None, typer.Argument(metavar="[NAME] [NEW]", help="Of which one.")] = None,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """What was trained from judgements: list, keep, rename, delete, export, merge; add one that was made elsewhere."""
    return partial(_adapters, ctx.params)


@parser.command()
def export(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="One of the formats above, archive or chat.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="It ends in .jsonl or .parquet; of a chat in .md or .html."
        ),
    ],
    conversation: Annotated[str | None, typer.Argument(metavar="[CONVERSATION]", help="Its id, for chat.")] = None,
    thoughts: Annotated[str | None, typer.Option(metavar="full|answer-only|rendered", help="How they go in.")] = None,
    test: Annotated[float | None, typer.Option(metavar="SHARE", help="Set so much apart: 0.1 is a tenth.")] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="comparison|correction|thumbs|verified", help="More than one may be given."),
    ] = None,
    of_model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Only replies of this model.")] = None,
    language: Annotated[str | None, typer.Option(metavar="en|zh", help="Only messages in this language.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only what was judged from then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only what was judged before.")] = None,
    of_rater: Annotated[str | None, typer.Option("--rater", metavar="NAME", help="Only what this rater said.")] = None,
    verified: Annotated[
        bool | None, typer.Option("--verified/--not-verified", help="Only where a reply was found right, or wrong.")
    ] = None,
    shortest: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Only replies of at least so many characters.")
    ] = None,
    longest: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Only replies of at most so many characters.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only where this stands in message, reply or comment.")
    ] = None,
    redact: Annotated[bool, typer.Option("--redact/--no-redact", help="Replace personal data. Default: do.")] = True,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A chat template where none is known: GGUF or Jinja.")
    ] = None,
    everything: Annotated[bool, typer.Option("--everything", help="For an archive: a backup, consent or not.")] = False,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Write what was judged as rows that trainers take, whole conversations as an archive, or one as a document.

    Formats: preference, preference-implicit, unpaired, sft, grpo, stepwise, processbench, openai, llamafactory. A card
    that describes the data and a report of what was left out are written beside the file. Only what `r1chat consent`
    allows is exported. `chat CONVERSATION -o chat.html` (or .md) writes one conversation to read.
    """
    return partial(_export, ctx.params)


@parser.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file tells by itself what it is.")],
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Take in an archive of r1chat, or chats from Open WebUI, llama.cpp, ChatGPT, Claude, DeepSeek and others."""
    return partial(_import, ctx.params)


@parser.command()
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, or a folder for it.")],
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Copy all conversations to a file, while r1chat runs or not; the copy is checked."""
    return partial(_keep, ctx.params, "make")


@parser.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `r1chat backup` or `r1chat rescue` made.")],
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Put a copy in the place of the conversations; these are moved to another file, and kept."""
    return partial(_keep, ctx.params, "put_back")


@parser.command()
def rescue(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, for what can be read.")],
    damaged: Annotated[
        Path | None, typer.Option("--from", metavar="DATABASE", help="The damaged one. Default: r1chat's own.")
    ] = None,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Save what can be read of a damaged database, and say what is missing; the database is left as it is."""
    return partial(_keep, ctx.params, "save")


@parser.command()
def consent(
    ctx: typer.Context,
    conversation: Annotated[str | None, typer.Argument(metavar="[CONVERSATION]", help="Its id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of which nothing else was said.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Don't allow it any more.")] = False,
    page: Annotated[int, typer.Option("--page", metavar="N", help="Which page of the list to show.")] = 1,
    data_dir: DataDir = None,
    verbose: Verbose = False,
) -> Job:
    """Allow that conversations are exported; without words, list what is allowed."""
    return partial(_consent, ctx.params)


# --- what is to be done ----------------------------------------------------------------------------------------------


def _serve(flags: Flags) -> int:
    with _opened(flags, chats=True) as app:
        from r1chat.cli.serving import serve as serve_page

        def announce(address: str) -> None:
            print(f"r1chat is at {address}\nCtrl-C stops it; everything is saved.", flush=True)

        serve_page(app, announce)
    return 0


def _open(flags: Flags) -> int:
    settings = _settings(flags)
    from r1chat.cli.opening import fresh_address

    address = fresh_address(settings.data_dir)
    print(address, flush=True)
    if flags["browser"]:
        import webbrowser

        with suppress(webbrowser.Error):
            webbrowser.open(fresh_address(settings.data_dir))
    return 0


def _chat(flags: Flags) -> int:
    message = _message(flags["message"], flags["source"])
    if message is None and flags["as_json"]:
        raise ConfigError(_NO_MESSAGE)
    with _opened(flags, chats=True) as app:
        from r1chat.cli.screen import Screen
        from r1chat.cli.terminal import ask, begin, converse

        screen = Screen(sys.stdout, sys.stderr, quiet=flags["as_json"])
        named = bool(flags["model"] or flags["backend"] or flags["base_url"])
        talk = begin(app, screen, flags["conversation"], latest=flags["latest"], model_named=named)
        if talk.conversation_id and (flags["system"] is not None or flags["thinking"] is not None):
            app.chat.set_behaviour(talk.conversation_id, flags["thinking"], flags["system"])
        return converse(talk, screen) if message is None else ask(talk, screen, message, flags["as_json"])


def _models(flags: Flags) -> int:
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


def _library(flags: Flags) -> int:
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
                found = library.find(downloads, name, meter(settings), settings.context)
        else:
            from r1chat.app import own_models

            paths = own_models(settings).paths(name) if action == "rm" else []
            found = library.get(downloads, name) if action == "get" else library.remove(downloads, name, paths)
        print(harmless(found, sys.stdout))
    return 0


def _doctor(flags: Flags) -> int:
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


def _privacy(flags: Flags) -> int:
    from r1chat.cli import privacy

    seen = privacy.watch(_settings(flags))
    if flags["as_json"]:
        print(harmless(json.dumps(asdict(seen), ensure_ascii=False), sys.stdout))
    else:
        for line in privacy.report(seen):
            print(harmless(line, sys.stdout))
    return 1 if seen.connections else 0


def _moments(flags: Flags) -> int:
    from r1chat.calibration import load as load_bars
    from r1chat.reflect.listing import list_moments

    file: Path | None = flags["file"]
    bars = load_bars(load(data_dir=flags["data_dir"]).data_dir)
    try:
        text = sys.stdin.read() if file is None or str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    except UnicodeDecodeError:
        raise ConfigError(_NO_TEXT.format(file=file)) from None
    opening, closing = R1_FORMAT.open, R1_FORMAT.close
    begin, end = text.find(opening), text.find(closing)
    thought = text[begin + len(opening) if begin >= 0 else 0 : end if end > begin else None]
    for line in list_moments(thought, flags["as_json"], bars):
        print(harmless(line, sys.stdout))
    return 0


def _evaluate(flags: Flags) -> int:
    from r1chat.cli.evaluating import evaluate as run

    settings = _settings(flags)
    prepare(settings)
    return run(settings, flags["words"], flags)


def _train(flags: Flags) -> int:
    from r1chat.cli.training import train as run

    if flags["stage"] in ("prefer", "sft", "kto") or (flags["stage"] == "grpo" and flags["model"]):
        from r1chat.cli.learning import learn

        with _opened({key: value for key, value in flags.items() if key not in ("seed", "threads", "model")}) as app:
            return learn(app, flags["stage"], flags)
    return run(flags["stage"], flags)


def _adapters(flags: Flags) -> int:
    from r1chat.cli.learning import adapters as run

    with _opened(flags) as app:
        return run(app, flags["action"], flags["words"] or [])


def _calibrate(flags: Flags) -> int:
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


def _export(flags: Flags) -> int:
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
        given = {name: flags[name] for name in names}
        sources = tuple(flags["sources"] or ())
        wanted = Wanted(**given, sources=sources, model=flags["of_model"], rater=flags["of_rater"])
        with rare_garbage_collection():
            take_out(app, flags["kind"], flags["output"], wanted, sys.stdout, sys.stderr)
    return 0


def _import(flags: Flags) -> int:
    with _opened(flags) as app:
        from r1chat.cli.sharing import take_in

        take_in(app, flags["file"], sys.stdout, sys.stderr)
    return 0


def _keep(flags: Flags, action: str) -> int:
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


def _consent(flags: Flags) -> int:
    with _opened(flags) as app:
        from r1chat.cli.sharing import consent as set_consent

        set_consent(app, flags["conversation"], flags["everything"], flags["withdraw"], sys.stdout, flags["page"])
    return 0


# --- what they have in common ----------------------------------------------------------------------------------------


def _settings(flags: Flags) -> Settings:
    """The settings in force under these flags; logging follows them. Raises ConfigError."""
    given = {name: value for name, value in flags.items() if name in Settings.model_fields}
    if given.get("base_url") and not given.get("backend"):
        given["backend"] = "openai"
    settings = load(**given)
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

    ahead = chats and settings.backend in (None, "llama.cpp")
    with polite_signals(), closing(build(settings, ahead=ahead)) as app:
        yield app


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


# --- the boundary ----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 after an error, 130 after Ctrl-C, 141 where nobody reads on."""
    speak_utf8()
    os.umask(os.umask(0o077) | 0o077)  # what r1chat writes is its owner's alone, whatever the shell says
    write_no_core_files()
    gc.set_threshold(
        20_000, 20, 20
    )  # imports make half a million objects that stay: a tenth of the start was for garbage
    try:
        job = _command()(args=None if argv is None else list(argv), prog_name="r1chat", standalone_mode=False)
        code: int = job() if callable(job) else 0
        sys.stdout.flush()
        return code
    except typer.TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "r1chat")
        return _complain(f"{error.format_message().rstrip('.')}. `{command} --help` shows what there is.")
    except R1ChatError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        stop_writing()
        return 141
    except Exception as error:
        log.exception("r1chat itself failed")
        file = log_file()
        where = f"The details are in {file}; R1CHAT_DEBUG=1 shows them here." if file else "R1CHAT_DEBUG=1 says more."
        return _complain(f"r1chat itself failed ({type(error).__name__}: {error}). {where}")


@cache
def _command() -> Callable[..., Any]:
    """The parser of all commands, built from their signatures."""
    return typer.main.get_group(parser)


def _complain(sentence: str) -> int:
    if os.environ.get("R1CHAT_DEBUG"):
        traceback.print_exc()
    with suppress(OSError):
        print(harmless(sentence, sys.stderr), file=sys.stderr, flush=True)
    return 1
