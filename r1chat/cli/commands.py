"""The commands of `r1chat` and their flags. Each takes its words in and returns what is to be done, see `actions`.

So typer's own error handling ends before the work begins.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from r1chat import __version__
from r1chat.cli import actions

_Job = Callable[[], int]

_DataDir = Annotated[Path | None, typer.Option(metavar="DIR", help="Where conversations, models and settings are.")]
_BackendName = Annotated[str | None, typer.Option("--backend", metavar="llama.cpp|ollama|openai", help="What runs it.")]
_Model = Annotated[str | None, typer.Option(metavar="NAME", help="A name from `r1chat models`, or a GGUF file.")]
_BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="An OpenAI-compatible server; implies that backend.")]
_Context = Annotated[int | None, typer.Option(metavar="TOKENS", help="The context window.")]
_GpuLayers = Annotated[int | None, typer.Option(metavar="N", help="Layers on the GPU; -1: all. Default: as fit.")]
_Temperature = Annotated[float | None, typer.Option(metavar="T", help="0.5 to 0.7 suits R1; 0.6 by default.")]
_Seed = Annotated[int | None, typer.Option(metavar="N", help="The same seed gives the same reply (llama.cpp).")]
_MaxTokens = Annotated[int | None, typer.Option(metavar="N", help="The most that thought and answer may take.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what goes on inside.")]

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


@parser.command()
def serve(
    ctx: typer.Context,
    backend: _BackendName = None,
    model: _Model = None,
    base_url: _BaseUrl = None,
    data_dir: _DataDir = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="Default: the first free one from 7860.")] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen. Default: 127.0.0.1.")] = None,
    open_browser: Annotated[bool | None, typer.Option("--browser/--no-browser", help="Open the page there.")] = None,
    context: _Context = None,
    gpu_layers: _GpuLayers = None,
    temperature: _Temperature = None,
    seed: _Seed = None,
    max_tokens: _MaxTokens = None,
    verbose: _Verbose = False,
) -> _Job:
    """Open the page."""
    return partial(actions.serve, ctx.params)


@parser.command("open")
def open_(
    ctx: typer.Context,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page, or only print it.")] = True,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Open the page of the r1chat that is running, by a fresh address: each works once."""
    return partial(actions.open_page, ctx.params)


@parser.command()
def chat(
    ctx: typer.Context,
    message: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="Answer it and exit; - reads it from standard input.")
    ] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="Append standard input; a pipe or file is without it, too.")
    ] = None,
    backend: _BackendName = None,
    model: _Model = None,
    base_url: _BaseUrl = None,
    data_dir: _DataDir = None,
    conversation: Annotated[str | None, typer.Option(metavar="ID", help="Continue this one.")] = None,
    latest: Annotated[bool, typer.Option("--continue", help="Continue the latest conversation.")] = False,
    context: _Context = None,
    gpu_layers: _GpuLayers = None,
    temperature: _Temperature = None,
    seed: _Seed = None,
    max_tokens: _MaxTokens = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="System prompt of a new conversation.")] = None,
    thinking: Annotated[
        str | None, typer.Option(metavar="HOW", help="off, on, or an effort such as low, medium, high.")
    ] = None,
    as_json: _AsJson = False,
    verbose: _Verbose = False,
) -> _Job:
    """Talk in the terminal, or answer one message: the thought on stderr, the answer on stdout.

    `cat notes.txt | r1chat chat "Summarise:"` sends the message, a blank line, and the text.
    """
    return partial(actions.chat, ctx.params)


@parser.command()
def models(
    ctx: typer.Context,
    action: Annotated[str, typer.Argument(metavar="[list|find|get|rm]", help="What to do; list by default.")] = "list",
    name: Annotated[str, typer.Argument(metavar="NAME", help="Words, a name, owner/name, or an address.")] = "",
    backend: _BackendName = None,
    model: _Model = None,
    base_url: _BaseUrl = None,
    data_dir: _DataDir = None,
    as_json: _AsJson = False,
    verbose: _Verbose = False,
) -> _Job:
    """List the models that can be used, and why others cannot; find, download and delete models.

    `r1chat models find qwen3`, `r1chat models get DeepSeek-R1-Distill-Qwen-1.5B`, `r1chat models rm NAME`.
    """
    return partial(actions.list_models if ctx.params["action"] == "list" else actions.library, ctx.params)


@parser.command()
def doctor(
    ctx: typer.Context,
    backend: _BackendName = None,
    model: _Model = None,
    base_url: _BaseUrl = None,
    data_dir: _DataDir = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="The port that the page shall have.")] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where it shall listen.")] = None,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="Hold a conversation, and show the connections outside this computer.")
    ] = False,
    as_json: _AsJson = False,
    verbose: _Verbose = False,
) -> _Job:
    """Say what is there, what is wrong, and what to do about it."""
    return partial(actions.privacy if privacy else actions.doctor, ctx.params)


@parser.command()
def moments(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The text; standard input without it.")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Set a threshold for each kind from your labels on the page.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last calibration back.")] = False,
    as_json: _AsJson = False,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """List the moments of reflection in a chain of thought: where, of what kind, and what came of them."""
    if calibrate or undo:
        return partial(actions.calibrate, ctx.params)
    return partial(actions.moments, ctx.params)


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
    backend: _BackendName = None,
    model: _Model = None,
    base_url: _BaseUrl = None,
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
    temperature: _Temperature = None,
    seed: _Seed = None,
    max_tokens: _MaxTokens = None,
    thinking: Annotated[str | None, typer.Option(metavar="off|on|EFFORT", help="As for chat.")] = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="A system prompt.")] = None,
    context: _Context = None,
    as_json: _AsJson = False,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Measure a model on a task: pass@1, pass@k and cons@k, each with an interval. A run that was killed goes on.

    Made-up tasks: sums, products, division, expressions, decimals, percentages, fractions, equations, divisors, primes,
    sorting, letters, clock, stories, countdown, countdown-4, products-3x2. Data sets of a hub: gsm8k, math-500,
    aime-2024, gpqa-diamond, mmlu, cmath; nothing is fetched before you say so. A file of problems: as these are
    published, or JSON Lines with question and answer; code problems as HumanEval, MBPP and LiveCodeBench have them, or
    with question and tests. curve TASK: accuracy over thinking tokens, as a picture.
    """
    return partial(actions.evaluate, ctx.params)


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
    layers: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Of cold-start: of the model (6, or as --from has).")
    ] = None,
    feed_forward: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=8192, help="Of cold-start: width of its feed-forward layers (384)."),
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of the processor.")] = 1,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="auto: a GPU where there is one, else the processor.")
    ] = "auto",
    seed: _Seed = None,
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
    longest: Annotated[
        int | None, typer.Option(metavar="N", help="Of prefer, sft, kto: tokens of the longest judgement taken (1000).")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the run, and of what comes of it.")] = None,
    every_model: Annotated[bool, typer.Option("--every-model", help="Judgements of other models, too.")] = False,
    by: Annotated[
        str | None,
        typer.Option(metavar="ASPECTS", help="Of kto: helpfulness, harmlessness, or helpfulness=1,harmlessness=2."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Put it into the model list at once.")] = True,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Learn from judgements, or train a small model that thinks. The same command goes on after a kill.

    prefer, sft and kto train an adapter of a model from what you judged: pairs, good replies, thumbs; grpo with --model
    from questions with right answers. The other stages train a small model of r1chat's own. cold-start: from made-up
    chains of thought. reject: on its own right samples. grpo with a folder: reinforcement learning with rule rewards on
    made-up tasks or task files. distill: on the right replies of a larger model. gguf: write the model for llama.cpp
    and Ollama. demo: all of it in at most 30 minutes, with figures. All need the extra `train`.
    """
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    typed = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return partial(actions.train, ctx.params, typed)


@parser.command()
def adapters(
    ctx: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="[list|keep|add|rename|delete|export|merge]", help="What to do.")
    ] = "list",
    words: Annotated[list[str] | None, typer.Argument(metavar="[NAME] [NEW]", help="Of which one.")] = None,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """What was trained from judgements: list, keep, rename, delete, export, merge; add one that was made elsewhere."""
    return partial(actions.adapters, ctx.params)


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
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Write what was judged as rows that trainers take, whole conversations as an archive, or one as a document.

    Formats: preference, preference-implicit, unpaired, sft, grpo, stepwise, processbench, openai, llamafactory. A card
    that describes the data and a report of what was left out are written beside the file. Only what `r1chat consent`
    allows is exported. `chat CONVERSATION -o chat.html` (or .md) writes one conversation to read.
    """
    return partial(actions.export_data, ctx.params)


@parser.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file tells by itself what it is.")],
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Take in an archive of r1chat, or chats from Open WebUI, llama.cpp, ChatGPT, Claude, DeepSeek and others."""
    return partial(actions.import_data, ctx.params)


@parser.command()
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, or a folder for it.")],
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Copy all conversations to a file, while r1chat runs or not; the copy is checked."""
    return partial(actions.keep, ctx.params, "make")


@parser.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `r1chat backup` or `r1chat rescue` made.")],
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Put a copy in the place of the conversations; these are moved to another file, and kept."""
    return partial(actions.keep, ctx.params, "put_back")


@parser.command()
def rescue(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, for what can be read.")],
    damaged: Annotated[
        Path | None, typer.Option("--from", metavar="DATABASE", help="The damaged one. Default: r1chat's own.")
    ] = None,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Save what can be read of a damaged database, and say what is missing; the database is left as it is."""
    return partial(actions.keep, ctx.params, "save")


@parser.command()
def consent(
    ctx: typer.Context,
    conversation: Annotated[str | None, typer.Argument(metavar="[CONVERSATION]", help="Its id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of which nothing else was said.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Don't allow it any more.")] = False,
    page: Annotated[int, typer.Option("--page", metavar="N", help="Which page of the list to show.")] = 1,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """Allow that conversations are exported; without words, list what is allowed."""
    return partial(actions.consent, ctx.params)


@parser.command()
def deleted(
    ctx: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="[list|restore|erase]", help="What to do; list by default.")
    ] = "list",
    conversation: Annotated[str, typer.Argument(metavar="[CONVERSATION]", help="Its id.")] = "",
    page: Annotated[int, typer.Option("--page", metavar="N", help="Which page of the list to show.")] = 1,
    data_dir: _DataDir = None,
    verbose: _Verbose = False,
) -> _Job:
    """List the deleted conversations, with when each is erased for good; restore one, or erase it at once."""
    return partial(actions.deleted, ctx.params)
