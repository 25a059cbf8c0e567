"""The data card beside an export, in the form of Hugging Face's template, filled from the data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from r1chat import __version__
from r1chat.evaluation.measures import wilson
from r1chat.export.options import Format, Options, Summary, Thoughts
from r1chat.export.r1_models import licence
from r1chat.export.statistics import Statistics
from r1chat.plain_line import plain_line

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TRAINERS: dict[Format, str] = {
    "preference": "TRL's DPOTrainer",
    "preference-implicit": "TRL's RewardTrainer",
    "unpaired": "TRL's KTOTrainer",
    "sft": "TRL's SFTTrainer",
    "grpo": "TRL's GRPOTrainer, with a reward that reads `solution` and `solution_kind` (`r1chat.rewards.trl_reward`)",
    "stepwise": "process reward models, such as OpenRLHF's `train_prm`, whose placeholder token goes behind each step",
    "processbench": "measuring whether a model finds the first wrong step, in the form of ProcessBench",
    "llamafactory": "LLaMA-Factory's preference training (`stage: dpo`); the entry below goes into its "
    "`dataset_info.json`",
    "openai": "OpenAI's preference fine-tuning, and whatever reads its format",
}
_THOUGHTS: dict[Thoughts, str] = {
    "rendered": "Texts are rendered: the prompt as the model's own chat template gives it, up to and with `<think>`, "
    "without the begin-of-sentence that its tokenizer adds; the completion is the thought, `</think>` and the answer, "
    "without the end-of-sentence that the trainer adds. Do not apply a chat template again.",
    "full": "Texts are messages; the thought stands before the answer, between `<think>` and `</think>`. The template "
    "that R1's distills ship with drops it: train with one that keeps it.",
    "answer-only": "Texts are messages, without the thoughts.",
}
_LANGUAGES = {"en": "English", "zh": "Chinese", "": "neither English nor Chinese"}
_SOURCES = {
    "comparison": "comparisons of two replies",
    "correction": "corrections by a person, preferred to what they correct",
    "thumbs": "thumbs, up or down",
    "reference": "right answers given by a person, against which replies are checked by rule",
    "steps": "first wrong steps marked by a person",
}


def card(summary: Summary, statistics: Statistics, options: Options, clean: Callable[[str], str]) -> str:
    """The card as Markdown; the same data give the same text. `clean` replaces personal data in names of models."""
    sections = (
        ("", _front_matter(summary, statistics)),
        (f"# {plain_line(summary.files[0].stem)}", _what(summary, statistics)),
        ("## Uses", _uses(summary)),
        ("## Structure", _structure(summary, statistics)),
        ("## How it was made", _made(statistics, options, clean)),
        ("## Models and licences", _models(statistics, clean)),
        ("## Annotators", _annotators(statistics)),
        ("## Personal data and consent", _privacy(summary, options)),
        ("## Bias and limits", _limits(statistics)),
    )
    return "\n\n".join(part for heading, text in sections for part in (heading, text) if part) + "\n"


def _front_matter(summary: Summary, statistics: Statistics) -> str:
    rows = statistics.rows.total()
    size = next((name for bound, name in _SIZES if rows < bound), "n>1M")
    languages = [f"- {language}" for language in sorted(statistics.languages) if language] or ["- und"]
    splits = ["train", "test"][: len(summary.files) - 2]
    files = [
        line
        for split, file in zip(splits, summary.files, strict=False)
        for line in (f"  - split: {split}", f"    path: {_quoted(file.name)}")
    ]
    task = "reinforcement-learning" if summary.format != "sft" else "text-generation"
    lines = ["---", "language:", *languages, "license: unknown", "task_categories:", f"- {task}", "tags:"]
    lines += ["- r1chat", "- reasoning", f"- {summary.format}", "size_categories:", f"- {size}"]
    return "\n".join([*lines, "configs:", "- config_name: default", "  data_files:", *files, "---"])


def is_card(text: str) -> bool:
    """Whether a text is the beginning of a card."""
    front = text.partition("\n---\n")[0]
    return front.startswith("---\nlanguage:\n") and "\n- r1chat\n" in front


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _what(summary: Summary, statistics: Statistics) -> str:
    days = sorted({f"{day:%Y-%m-%d}" for day in (statistics.first, statistics.last) if day})
    return (
        f"What people said of the replies of reasoning models while they chatted in r1chat ({' to '.join(days)}, UTC): "
        f"{_plural(statistics.rows.total(), 'row')} in the format `{summary.format}`, from "
        f"{_plural(len(statistics.conversations), 'conversation')}."
    )


def _uses(summary: Summary) -> str:
    limits = {
        "llamafactory": "LLaMA-Factory cuts texts off at 2,048 tokens unless told otherwise: set `cutoff_len` so that "
        "long thoughts keep their answers.",
        "processbench": "A label is the number of the first wrong step, from 0, and -1 where none is wrong.",
        "stepwise": "Steps end with the first wrong one.",
        "openai": "",
    }
    trl = (
        "The trainers of TRL cut texts off at 1,024 tokens unless told otherwise: set `max_length` so that long "
        "thoughts keep their answers."
    )
    sentences = [f"For {_TRAINERS[summary.format]}.", limits.get(summary.format, trl)]
    sentences.append(
        "Not for telling who the raters are, nor as a benchmark: it says what a few people preferred."
        if summary.format != "processbench"
        else "Not for telling who the raters are."
    )
    text = " ".join(filter(None, sentences))
    return f"{text}\n\n{_dataset_info(summary)}" if summary.format == "llamafactory" else text


def _dataset_info(summary: Summary) -> str:
    """The entries for LLaMA-Factory's list of data sets, one for each file of data."""
    entries = {
        file.stem: {
            "file_name": file.name,
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
        }
        for file in summary.files[:-2]
    }
    return f"```json\n{json.dumps(entries, ensure_ascii=False, indent=2)}\n```"


def _structure(summary: Summary, statistics: Statistics) -> str:
    lines = [f"- train: {_plural(statistics.rows['train'], 'row')}, `{summary.files[0].name}`"]
    if len(summary.files) > 3:
        lines.append(
            f"- test: {_plural(statistics.rows['test'], 'row')}, `{summary.files[1].name}`; no conversation, and no "
            "first message of one, is in both"
        )
    refused = ", ".join(f"{code.replace('_', ' ')} {count:,}" for code, count in summary.refused.items())
    lines.append(f"- left out: {refused or 'nothing'}; each with its reason in `{summary.files[-1].name}`")
    if statistics.labels:
        lines.append(f"- labels: {statistics.labels[True]:,} good, {statistics.labels[False]:,} bad")
    table = ["| characters | median | 9 of 10 have at most | longest |", "|---|---|---|---|"]
    for name, lengths in (
        ("message", statistics.prompts),
        ("thought", statistics.thoughts),
        ("answer", statistics.answers),
    ):
        if lengths.counts:
            table.append(f"| {name} | {lengths.at(0.5):,} | {lengths.at(0.9):,} | {lengths.at(1.0):,} |")
    return "\n".join([_THOUGHTS[summary.thoughts], "", *lines, "", *table])


def _made(statistics: Statistics, options: Options, clean: Callable[[str], str]) -> str:
    lines = [f"- {_SOURCES.get(source, source)}: {count:,}" for source, count in sorted(statistics.sources.items())]
    lines += [
        f"- rows whose message is in {_LANGUAGES[code]}: {count:,}"
        for code, count in sorted(statistics.languages.items())
    ]
    selection = options.filter
    chosen = {
        "model": clean(selection.model),
        "language": selection.language,
        "since": selection.since and f"{selection.since:%Y-%m-%d %H:%M} UTC",
        "until": selection.until and f"{selection.until:%Y-%m-%d %H:%M} UTC",
        "rater": selection.rater,
        "verified by rule": {True: "right", False: "wrong", None: ""}[selection.verified],
        "shortest": selection.shortest,
        "longest": selection.longest,
        "one conversation": selection.conversation_id,
    }
    filters = ", ".join(f"{name} {plain_line(str(value))}" for name, value in chosen.items() if value)
    lines.append(f"- filter: {filters or 'none'}")
    return "\n".join([f"Exported by r1chat {__version__} from judgements made while chatting:", "", *lines])


def _models(statistics: Statistics, clean: Callable[[str], str]) -> str:
    table = ["| model | digest | replies | terms |", "|---|---|---|---|"]
    for model, digests in sorted(statistics.models.items()):
        for digest, count in sorted(digests.items()):
            terms = licence(model) or "not known: look them up"
            name, short = plain_line(clean(model)), plain_line(digest[:19]) or "not known"
            table.append(f"| {name} | {short} | {count:,} | {terms} |")
    note = (
        "Replies may be under the terms of the model that wrote them, messages belong to who wrote them. "
        "Choose a licence for this data set with that in mind, and set it above."
    )
    return "\n".join([*table, "", note]) if statistics.models else note


def _annotators(statistics: Statistics) -> str:
    raters = {rater: count for rater, count in statistics.raters.items() if rater}
    people = _plural(len(raters), "person", "people")
    text = f"{people}, by pseudonym, under `rater`." if raters else "The raters are not known."
    both = statistics.agreed.total()
    if both:
        text += f" Where two of them decided the same comparison they agreed {_share(statistics.agreed[True], both)}."
    return text


def _privacy(summary: Summary, options: Options) -> str:
    consent = "Only conversations whose owner allowed it are in here."
    if not options.redact:
        return f"{consent} Personal data were NOT replaced: read the texts before you pass them on."
    counts = ", ".join(f"{count:,} × {kind}" for kind, count in summary.redacted.items())
    return (
        f"{consent} E-mail addresses, phone numbers, keys, card and identity numbers, and the names of this machine's "
        f"user were replaced by placeholders such as `<EMAIL_1>`, the same value by the same one throughout: "
        f"{counts or 'none were found'} (distinct values). Other names of people are not found by rule: read the texts "
        "before you pass them on."
    )


def _limits(statistics: Statistics) -> str:
    votes = Counter({winner: count for winner, count in statistics.verdicts.items() if winner != "skipped"})
    decided = votes["left"] + votes["right"]
    lines = []
    if votes:
        lines.append(f"- ties and “both bad”: {_share(votes.total() - decided, votes.total())} of the comparisons")
    if decided:
        lines.append(
            f"- position: the left side won {_share(votes['left'], decided)}{_interval(votes['left'], decided)}"
        )
        lines.append(
            f"- blind: {_share(statistics.blind, statistics.sources['comparison'])} of the rows from comparisons"
        )
    differ = statistics.pairs - statistics.equally_long
    if differ:
        lines.append(
            f"- length: the longer reply won {_share(statistics.longer_won, differ)}"
            f"{_interval(statistics.longer_won, differ)}"
        )
    lines.append("- few raters, chatting about what they chat about: their taste is what a model learns from this")
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%} ({part:,} of {whole:,})" if whole else "none"


def _interval(part: int, whole: int) -> str:
    """In which the true share lies 19 times in 20; 50 % would be no bias."""
    share = wilson(part, whole)
    return f", true share likely {share.low:.0%} to {share.high:.0%}"


def _plural(count: int, singular: str, plural: str = "") -> str:
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
