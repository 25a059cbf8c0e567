"""The commands export, import and consent: options are parsed and results told; `export` and `archive` work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

from r1chat import archive
from r1chat.app import App
from r1chat.both import Both
from r1chat.cli.process import harmless
from r1chat.errors import ConfigError
from r1chat.export import FORMATS, THOUGHTS, Filter, Options, Summary, export, set_apart
from r1chat.export.options import SOURCES
from r1chat.files import named_path
from r1chat.store.entries import LanguageFilter
from r1chat.verdicts import renew

ARCHIVE = "archive"
CHAT = "chat"
LISTED = 20  # conversations
_Choice = TypeVar("_Choice", bound=str)

_FORMAT = Both("format", "格式")
_WAY = Both("way to export thoughts", "导出思考的方式")
_SOURCE = Both("source", "来源")
_LANGUAGE = Both("language", "语言")
_NO_SUCH = Both("There is no {what} “{word}”. Choose among: {names}.", "没有名为“{word}”的{what}。可选的有：{names}。")
_NO_DATE = Both(
    "{flag} “{text}” is no date. Write it like 2026-11-30, or 2026-11-30T18:00.",
    "{flag} “{text}”不是日期。请写成 2026-11-30 或 2026-11-30T18:00 的样子。",
)
_ONLY_FOR_ARCHIVES = Both(
    "--everything is for archives; a data set holds only what may be exported. Leave it out.",
    "--everything 只用于存档；数据集只包含允许导出的内容。请去掉它。",
)
_ONLY_EVERYTHING = Both(
    "An archive holds conversations as they are: of the options it takes only --everything.",
    "存档按原样保存对话：这些选项中它只接受 --everything。",
)
_EITHER = Both("Give either a conversation or --all, not both.", "请只给出一个对话或 --all，不要两者都给。")
_WITHDRAW_WHAT = Both(
    "Name the conversation whose consent is withdrawn, or give --all.",
    "请指明要撤回哪个对话的同意，或使用 --all。",
)


_NO_CONVERSATION = Both(
    "Only `r1chat export chat` takes the id of a conversation; a data set is made from all that may be exported.",
    "只有 `r1chat export chat` 接受对话的标识；数据集由全部允许导出的内容生成。",
)
_WHICH_CONVERSATION = Both(
    "Give the id of the conversation: `r1chat export chat ID -o chat.html`. `r1chat consent` lists them.",
    "请提供对话的标识：`r1chat export chat ID -o chat.html`。用 `r1chat consent` 查看。",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of an export as they were typed; None or empty where an option was not given."""

    thoughts: str | None = None
    test: float | None = None
    sources: tuple[str, ...] = ()
    model: str | None = None
    language: str | None = None
    since: str | None = None
    until: str | None = None
    rater: str | None = None
    verified: bool | None = None
    shortest: int | None = None
    longest: int | None = None
    text: str | None = None
    redact: bool = True
    template: Path | None = None
    everything: bool = False
    conversation: str | None = None


def take_out(app: App, kind: str, path: Path, request: Wanted, out: TextIO, err: TextIO) -> None:
    """Write an export or an archive, and say what was written. Raises ConfigError, ExportError, StoreError."""
    status = _StatusLine(err)
    try:
        if kind == CHAT:
            lines = _take_chat(app, path, request)
        elif request.conversation is not None:
            raise ConfigError(_NO_CONVERSATION)
        elif kind == ARCHIVE:
            lines = _take_archive(app, path, request, status)
        elif request.everything:
            raise ConfigError(_ONLY_FOR_ARCHIVES)
        else:
            format = _one_of(_FORMAT, kind, FORMATS, also=f"{ARCHIVE}, {CHAT}")
            renew(app.store)
            lines = describe(export(app.store, app.catalogue, format, path, _options(request), status.show))
    finally:
        status.clear()
    if not named_path(path).is_file():  # a pipe, such as standard output's: it holds what was written alone
        out = err
    for line in lines:
        print(harmless(line, out), file=out)


def take_in(app: App, path: Path, out: TextIO, err: TextIO) -> None:
    """Import an archive, or what another program exported, and say what came. Raises ImportFileError, StoreError."""
    status = _StatusLine(err)
    try:
        came = archive.read(app.store, path, status.show, app.teacher.rater)
    finally:
        status.clear()
    for line in archive.told(came, f"{path} ({came.source})"):
        print(harmless(str(line), out), file=out)


def _take_chat(app: App, path: Path, request: Wanted) -> list[str]:
    from r1chat.ui.document import write_document
    from r1chat.ui.words.page import Words

    if request.conversation is None:
        raise ConfigError(_WHICH_CONVERSATION)
    messages = write_document(app.store, request.conversation, path, Words("en"))
    return [f"{_count(messages, 'message')} with the replies in {path}. Personal data stand in it as they are."]


def describe(summary: Summary) -> list[str]:
    """What an export wrote, as lines for a person."""
    data, *test, card, report = summary.files
    rows = f"{_count(summary.rows, 'row')} in {data}"
    if test:
        rows += f", {summary.test_rows:,} in {test[0]}"
    lines = [f"{rows} ({summary.format}, thoughts {summary.thoughts}); described in {card}."]
    if summary.refused:
        lines.append(f"Left out: {_listed(summary.refused)}. Why, one by one: {report}.")
    if summary.redacted:
        lines.append(f"Replaced: {_listed(summary.redacted)}. Names of other people are not found by rule.")
    if not test and (old := set_apart(data)).exists():
        lines.append(f"{old} is an earlier export's: what it sets apart is among these rows now. Do not test with it.")
    return lines


def consent(
    app: App, conversation_id: str | None, everything: bool, withdraw: bool, out: TextIO, page: int = 1
) -> None:
    """Allow, or stop allowing, that conversations are exported; with neither, list a page of what is allowed.

    Raises ConfigError, NotFoundError.
    """
    if conversation_id and everything:
        raise ConfigError(_EITHER)
    if conversation_id or everything:
        app.teacher.set_consent(conversation_id, not withdraw)
    elif withdraw:
        raise ConfigError(_WITHDRAW_WHAT)
    else:
        _list_consents(app, page, out)
    gathered = app.store.judgements.gathered()
    others = "may" if app.store.judgements.consent_for_all() else "may not"
    print(
        f"{gathered.consented:,} of {_count(gathered.conversations, 'conversation')} may be exported; "
        f"those of which nothing was said {others}.",
        file=out,
    )


def _list_consents(app: App, number: int, out: TextIO) -> None:
    """Page `number` (from 1) of the conversations, newest first; where it is not all of them, which part it is."""
    page = app.store.page(LISTED)
    pages = max(1, -(-(page.total or 0) // LISTED))
    if not 1 <= number <= pages:
        raise ConfigError(f"There is no page {number} of conversations. Choose one from 1 to {pages}.")
    for _ in range(number - 1):
        page = app.store.page(LISTED, page.next) if page.next else page
    for info in page.conversations:
        mark = "yes" if app.store.judgements.judged(info.id).consent else "no "
        print(harmless(f"{mark}  {info.id}  {info.title}", out), file=out)
    if pages > 1:
        print(f"Page {number} of {pages}; `r1chat consent --page N` shows another one.", file=out)


class _StatusLine:
    """How far it is, in one line that overwrites itself; only on a terminal."""

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._live = err.isatty()

    def show(self, done: int, total: int) -> None:
        """`done` of `total`."""
        if self._live:
            self._err.write(f"\r\x1b[2K{done:,} of {total:,} …")
            self._err.flush()

    def clear(self) -> None:
        """Make way for other lines."""
        if self._live:
            self._err.write("\r\x1b[2K")
            self._err.flush()


def _take_archive(app: App, path: Path, request: Wanted, status: _StatusLine) -> list[str]:
    if request != Wanted(everything=request.everything):
        raise ConfigError(_ONLY_EVERYTHING)
    counts = archive.write(app.store, path, request.everything, status.show)
    return [f"{archive.contents(counts)} in {path}. Personal data were not replaced."]


def _options(request: Wanted) -> Options:
    """What was asked for, checked. Raises ConfigError."""
    return Options(
        thoughts=_one_of(_WAY, request.thoughts, THOUGHTS) if request.thoughts else None,
        test=request.test or 0.0,
        sources=frozenset(_one_of(_SOURCE, source, SOURCES) for source in request.sources) or None,
        filter=Filter(
            model=request.model or "",
            language=_one_of(_LANGUAGE, request.language, _LANGUAGES) if request.language else "",
            since=_time("--since", request.since),
            until=_time("--until", request.until),
            rater=request.rater or "",
            verified=request.verified,
            shortest=request.shortest,
            longest=request.longest,
            text=request.text or "",
        ),
        redact=request.redact,
        template=request.template,
    )


_LANGUAGES: tuple[LanguageFilter, ...] = ("en", "zh")


def _one_of(what: Both, word: str, known: tuple[_Choice, ...], also: str = "") -> _Choice:
    for choice in known:
        if choice == word:
            return choice
    names = ", ".join([*known, also] if also else known)
    raise ConfigError(_NO_SUCH.format(what=what, word=word, names=names))


def _time(flag: str, text: str | None) -> datetime | None:
    """A day, or a moment; without a zone it is that of this machine."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(_NO_DATE.format(flag=flag, text=text)) from None


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count:,} {str(code).replace('_', ' ')}" for code, count in counts.items())


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
