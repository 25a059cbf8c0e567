"""A chat template -> its reasoning format, found by rendering it several times and comparing.

With and without a thought in the last reply and in an earlier one, with each of its switches on and off, with each
effort: the differences are the tags, the white space around them and what the switches do. The idea is that of the
auto-parser of llama.cpp (docs/autoparser.md). Five families whose tags a comparison cannot tell apart from the frame of
a turn come from a table (`known_formats.py`). What cannot be understood gives an error.

A template is somebody else's program, and says itself how many switches and values there are to try: the whole of the
search has a bound of renders and of seconds.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from r1chat.backends.known_formats import APRIEL, GEMMA_4, R1_FORMAT_NOT_OPENED, format_by_source
from r1chat.backends.template_process import TEMPLATES
from r1chat.backends.template_tags import (
    TAG,
    TemplateTags,
    added_pairs,
    common_length,
    ends_with,
    mirrored,
    pairs_of_tags,
    tags_between,
    text_after,
    whole_tags,
)
from r1chat.both import Both
from r1chat.errors import BackendError, UnsupportedError
from r1chat.reasoning_format import R1_FORMAT, HistoryField, ReasoningFormat, Variables, is_plain

QUESTION, ANSWER, THOUGHT, NEXT, SYSTEM = "questionword", "answerword", "thoughtword", "nextword", "systemword"
LONGEST_TEMPLATE = 1 << 20  # characters
MOST_RENDERS = 200  # of one template; of some 90 that are in use, none needs more than 72
MOST_SECONDS = 10.0  # of the processor, for one template
MOST_KNOWN = 32
MOST_TAILS = 1 << 19  # characters of all that prompts end with, which are compared with each other
EFFORTS = ("none", "no_think", "minimal", "low", "medium", "high", "xhigh", "max")  # least first
_OFF_NAMES = {"none", "no_think", "nothink", "off", "disabled", "false", "no"}
_OFF_WORDS = ("/no_think", "/nothink")  # of a system prompt
_ON_NAMES = {"on", "enabled", "true", "yes", "adaptive"}
_SWITCH = re.compile(r"think|reason|effort", re.IGNORECASE)
_KEEPS = re.compile(r"preserve|keep|clear|drop|truncate|history|include_think|think_render|add_thought", re.IGNORECASE)
_FIELDS: tuple[HistoryField, ...] = ("reasoning_content", "reasoning", "thinking", "chunks", "blocks")
_ANY_DAY = datetime(2026, 1, 1)  # a date in a template is no difference
_IS_DUMPED = re.compile(r"""['"]type['"]:""")  # blocks that a template writes out as data, since it knows none
VARIES = Both(
    "This model's chat template writes something else each time it is used, so its thought cannot be steered.",
    "该模型的对话模板每次输出都不同，因此无法引导其思考。",
)
_TOO_COSTLY = Both("it takes too long, or has too many switches", "耗时过长，或开关过多")
_TOO_LONG = Both("it is longer than a million characters", "它超过一百万个字符")
NOT_UNDERSTOOD = Both(
    "This model's chat template could not be understood ({reason}), so its thought cannot be steered.",
    "无法理解该模型的对话模板（{reason}），因此无法引导其思考。",
)


@dataclass(frozen=True, slots=True)
class FoundFormat:
    """What a template says of thoughts. `form` None: it knows none, or `problem` says why that cannot be told."""

    form: ReasoningFormat | None
    problem: UnsupportedError | None = None
    wants_parts: bool = False  # it reads each message as a list of parts, as templates for images do


class _TooCostlyError(Exception):
    """The search has reached its bound. No BackendError: those of single renders are passed over."""


class SearchStoppedError(Exception):
    """The search was told to stop."""


_turn = threading.Lock()  # searches share one process, and each one's seconds are to be its own
_results: dict[int, FoundFormat] = {}  # by the hash of a template, the newest MOST_KNOWN
_too_costly: set[int] = set()  # hashes of templates that reached the bound: not tried again


def find_format(source: str, bos: str = "", eos: str = "", stopped: Callable[[], bool] = bool) -> FoundFormat:
    """The reasoning format of a Jinja chat template, or why it has none. Never raises a BackendError.

    At most MOST_RENDERS renders and some MOST_SECONDS; one search at a time. Raises SearchStoppedError soon after
    `stopped` is true.
    """
    key = hash((source, bos, eos))
    if (known := _known(key)) is not None:
        return known
    with _turn:
        if (known := _known(key)) is not None:
            return known
        try:
            _results[key] = finding = _Finder(source, bos, eos, stopped).found()
        except _TooCostlyError:
            _too_costly.add(key)
            return _not_understood(_TOO_COSTLY)
        except BackendError as error:
            ends = (("en", ". "), ("zh", "。"))
            _results[key] = finding = _not_understood(
                Both(*(error.sentence(lang).partition(end)[0] for lang, end in ends))
            )
        if len(_results) > MOST_KNOWN:
            del _results[next(iter(_results))]
        return finding


def _known(key: int) -> FoundFormat | None:
    return _not_understood(_TOO_COSTLY) if key in _too_costly else _results.get(key)


def _not_understood(reason: Both) -> FoundFormat:
    return FoundFormat(None, UnsupportedError(NOT_UNDERSTOOD.format(reason=reason)))


def find_any_format(template: str, bos: str = "", eos: str = "", stopped: Callable[[], bool] = bool) -> FoundFormat:
    """Like `find_format`, for what a server calls its template: Jinja, or a Go template of Ollama's."""
    if len(template) > LONGEST_TEMPLATE:
        return _not_understood(_TOO_LONG)
    if "{%" in template or not re.search(r"\{\{-?\s*(?:\$|\.|range|if|else|end)", template):
        return find_format(template, bos, eos, stopped) if template.strip() else FoundFormat(None)
    if table := format_by_source(template):
        return FoundFormat(table)
    around = re.search(r"\}\}([^{}]*?)\{\{-?\s*[$.\w]*\.?Thinking\s*(-?)\}\}([^{}]*)", template)
    if around is None:
        return FoundFormat(R1_FORMAT_NOT_OPENED if "<think>" in template else None)
    before, after = around[1].lstrip("\n"), around[3].lstrip() if around[2] else around[3]
    opener, closer = before.strip(), (TAG.findall(after) or [""])[0]
    if not (opener and closer):
        return FoundFormat(None)
    return FoundFormat(ReasoningFormat(opener, closer, before, after, off=(("think", False),)))


def _processor_time() -> float:
    """Seconds that renders and this thread have taken; a clock would count those of a busy machine, too."""
    return TEMPLATES.seconds + time.thread_time()


class _Finder:
    """One template under examination."""

    def __init__(self, source: str, bos: str, eos: str, stopped: Callable[[], bool]) -> None:
        self._source = source
        self._stopped = stopped
        self._renders_left, self._deadline = MOST_RENDERS, _processor_time() + MOST_SECONDS
        self._names = {"bos_token": bos, "eos_token": eos, "tools": None}
        self._read, self._constants = TEMPLATES.vocabulary(source)
        self._wants_parts = False

    def found(self) -> FoundFormat:
        self._wants_parts = self._reads_parts_alone()
        return replace(self._found(), wants_parts=self._wants_parts)

    def _reads_parts_alone(self) -> bool:
        """Whether a message as plain text is lost or refused, and one as a list of parts is not."""
        shows_question = []
        for self._wants_parts in (False, True):
            try:
                shows_question.append(QUESTION in self._prompt())
            except BackendError:
                shows_question.append(False)
        return shows_question == [False, True]

    def _found(self) -> FoundFormat:
        if self._prompt() != self._prompt():
            return FoundFormat(None, UnsupportedError(VARIES))
        table = format_by_source(self._source)
        if table is not None:
            return FoundFormat(self._with_history(self._with_table_switches(table)))
        switches = list(self._switches())
        tags = self._tags(switches)
        if tags is None and "<think>" not in self._source:
            return FoundFormat(None)
        tags = tags or TemplateTags(R1_FORMAT.open, R1_FORMAT.close, R1_FORMAT.open_text, R1_FORMAT.close_text)
        form = ReasoningFormat(
            tags.open,
            tags.close,
            tags.open_text,
            tags.close_text,
            tags.answer_open,
            tags.answer_close,
            close_ends_turn=tags.close_ends_turn,
            more_tags=self._more_tags(),
        )
        form = self._with_switches(form, switches)
        form = replace(
            form, opens_in_prompt=ends_with(self._prompt(form.on), form.open), system_part=self._system_part(form)
        )
        return FoundFormat(self._with_history(form))

    # -- rendering ----------------------------------------------------------------------------------------------------

    def _render(self, messages: list[dict[str, Any]], generate: bool, variables: Mapping[str, Any]) -> str:
        template_messages = [in_parts(message) for message in messages] if self._wants_parts else messages
        self._go_on(renders=1)
        names = self._names | dict(variables) | {"messages": template_messages, "add_generation_prompt": generate}
        return TEMPLATES.render(self._source, [names], _ANY_DAY)[0]

    def _go_on(self, renders: int = 0) -> None:
        """Raises where the search has to end before so many more renders."""
        if self._stopped():
            raise SearchStoppedError
        self._renders_left -= renders
        if self._renders_left < 0 or _processor_time() > self._deadline:
            raise _TooCostlyError

    def _prompt(self, variables: Variables = ()) -> str:
        return self._render([_user(QUESTION)], True, dict(variables))

    def _tried(self, variables: Variables) -> str | None:
        """The prompt with these variables; None where the template refuses them."""
        try:
            return self._prompt(variables)
        except BackendError:
            return None

    def _prompts_with_off_words(self, variables: Variables = ()) -> dict[str, str]:
        """By each word that the template may take for an off switch: the prompt with it in the system message."""
        prompts = {}
        for word in _OFF_WORDS:
            if word in self._constants:
                messages = [{"role": "system", "content": word}, _user(QUESTION)]
                with suppress(BackendError):
                    prompts[word] = self._render(messages, True, dict(variables))
        return prompts

    # -- the tags -----------------------------------------------------------------------------------------------------

    def _tags(self, switches: list[tuple[str, list[Any]]]) -> TemplateTags | None:
        on = {name: True for name, _ in switches}
        efforts = {name: next((v for v in reversed(EFFORTS) if v in values), True) for name, values in switches}
        for variables in ({}, on, efforts):
            for field in _FIELDS:
                if tags := self._tags_of_field(field, variables):
                    return tags
        tails = self._tails(switches)
        past = self._render([_user(QUESTION), assistant(ANSWER)], False, {})
        before_answer = text_after(past, QUESTION).partition(ANSWER)[0]
        for opener, closer in added_pairs(tails, before_answer):
            return self._completed(opener, closer, tails)
        return (
            self._tags_of_prompts([*tails, before_answer])
            or self._tags_of_constants(tails)
            or self._tags_of_prose(switches)
        )

    def _tails(self, switches: list[tuple[str, list[Any]]]) -> list[str]:
        """What the prompt of a reply ends with, for each value of each switch."""
        prompts = [self._prompt(), *self._prompts_with_off_words().values()]
        for name, values in switches:
            for value in (True, False, *values):
                if (prompt := self._tried(((name, value),))) is not None:
                    prompts.append(prompt)
        tails = list(dict.fromkeys(text_after(prompt, QUESTION) for prompt in prompts))
        if sum(map(len, tails)) > MOST_TAILS:
            raise _TooCostlyError
        return tails

    def _tags_of_field(self, field: HistoryField, variables: Mapping[str, Any]) -> TemplateTags | None:
        """The tags around the thought of the last reply, where the template reads it from this field."""
        try:
            with_thought = self._render([_user(QUESTION), assistant(ANSWER, THOUGHT, field)], False, variables)
            without = self._render([_user(QUESTION), assistant(ANSWER)], False, variables)
            prompt = self._render([_user(QUESTION)], True, variables)
        except BackendError:
            return None
        reply_text = text_after(with_thought, QUESTION)
        before, thought, rest = reply_text.partition(THOUGHT)
        between, answer, after = rest.partition(ANSWER)
        if not (thought and answer and between.strip()) or _IS_DUMPED.search(with_thought):
            return None
        bare = text_after(without, QUESTION).partition(ANSWER)[0]
        return tags_between(before, between, after, bare, text_after(prompt, QUESTION))

    def _tags_of_prompts(self, tails: list[str]) -> TemplateTags | None:
        """The tags by what stands before an answer: an empty thought with thinking off, an opened one with it on."""
        for tail in tails:
            last = list(TAG.finditer(tail))[-2:]
            if len(last) == 2 and last[0].group() in mirrored(last[1].group()):
                between, behind = tail[last[0].end() : last[1].start()], tail[last[1].end() :]
                if not (between + behind).strip():
                    return self._completed(last[0].group(), last[1].group(), tails)
        frame = self._frame()
        for tail in tails:
            last = list(TAG.finditer(tail))[-1:]
            if last and not tail[last[0].end() :].strip() and last[0].group() not in frame:
                for closer in self._closers():
                    if closer != last[0].group() and (last[0].group() in mirrored(closer) or self._cuts_at(closer)):
                        return self._completed(last[0].group(), closer, tails)
        return None

    def _tags_of_constants(self, tails: list[str]) -> TemplateTags | None:
        """The tags by what the template looks for in a reply in order to cut its thought off."""
        for closer in self._closers():
            if self._cuts_at(closer):
                for opener in mirrored(closer):
                    return self._completed(opener, closer, tails)
        return None

    def _tags_of_prose(self, switches: list[tuple[str, list[Any]]]) -> TemplateTags | None:
        """The tags by what the system prompt tells the model to write once thinking is on (Granite 3.3)."""
        for name, values in switches:
            texts = [text for value in (True, *values) if (text := self._tried(((name, value),)))]
            off = self._tried(((name, False),)) or self._prompt()
            for text in texts:
                start = common_length(text, off)
                end = len(text) - common_length(text[start:][::-1], off[start:][::-1])
                if pairs := list(pairs_of_tags(text[start:end])):
                    (opener, closer), *others = pairs
                    if not others:
                        return TemplateTags(opener, closer, opener + "\n", f"\n{closer}\n\n")
                    return TemplateTags(opener, closer, opener, closer + others[0][0], *others[0])
        return None

    def _cuts_at(self, tag: str) -> bool:
        """Whether the template looks for this tag in a message, or divides one there."""
        quoted = rf"['\"]{re.escape(tag)}['\"]"
        return re.search(rf"(?:split|rsplit|partition|find)\(\s*{quoted}|{quoted} in ", self._source) is not None

    def _closers(self) -> Iterator[str]:
        """Closing tags that the template mentions, the longest texts last."""
        seen: set[str] = set()
        for text in (*self._constants, self._source):
            for tag in dict.fromkeys(TAG.findall(text)):
                if tag in seen or "tool" in tag.lower():
                    continue
                seen.add(tag)
                self._go_on()
                if any(mirrored(tag)) or self._cuts_at(tag):
                    yield tag

    def _completed(self, opener: str, closer: str, tails: list[str]) -> TemplateTags:
        """Tags with the white space that the prompts and an answer without a thought show around them."""
        bare = text_after(self._render([_user(QUESTION), assistant(ANSWER)], False, {}), QUESTION)
        before, _, after = bare.partition(ANSWER)
        empty = re.compile(rf"{re.escape(opener)}(\s*){re.escape(closer)}(\s*)$")
        opened = next((tail[len(tail.rstrip()) :] for tail in tails if ends_with(tail, opener)), None)
        closed = next((match for text in (before, *tails) if (match := empty.search(text))), None)
        if opened is not None:
            inside, behind = opened, (closed[2] if closed else "") or ("\n\n" if opened else "")
        elif closed is not None:
            inside, behind = closed[1][: (len(closed[1]) + 1) // 2], closed[2]
        else:  # nothing shows it: as R1 writes
            inside, behind = ("\n", "\n\n") if is_plain(opener) and opener.startswith("<") else ("", "")
        wrapper = "" if opener in before else before[whole_tags(before, common_length(before, tails[0])) :].strip()
        wrapper = wrapper if TAG.fullmatch(wrapper) else ""
        closing = (TAG.match(after.strip()) or [""])[0] if wrapper else ""
        return TemplateTags(opener, closer, opener + inside, inside + closer + behind + wrapper, wrapper, closing)

    def _frame(self) -> set[str]:
        """The tags that stand around every turn."""
        text = self._render([_user(QUESTION), assistant(ANSWER)], False, {})
        before = text_after(text, QUESTION).partition(ANSWER)[0]
        return set(TAG.findall(text.partition(QUESTION)[0])) | set(TAG.findall(before))

    def _more_tags(self) -> tuple[str, ...]:
        return tuple(sorted({tag for tag in TAG.findall(self._source) if "budget_reflect" in tag}))

    # -- the switches -------------------------------------------------------------------------------------------------

    def _switches(self) -> Iterator[tuple[str, list[Any]]]:
        """The variables that look like switches of thinking, each with the values that it is compared with."""
        for name, values in self._read.items():
            if _SWITCH.search(name) and not _KEEPS.search(name) and "token" not in name and "content" not in name:
                yield name, values

    def _with_switches(self, form: ReasoningFormat, switches: list[tuple[str, list[Any]]]) -> ReasoningFormat:
        default = self._prompt()
        for name, values in switches:
            texts = [value for value in values if isinstance(value, str)]
            if name.endswith("_effort") and name.startswith(EFFORTS):
                form = self._with_one_effort(form, name, default)
            elif "effort" in name or "strength" in name:
                form = self._with_efforts(form, name, texts, default)
            elif "budget" in name:
                form = self._with_budget(form, name, default)
            elif any(text in _OFF_NAMES | _ON_NAMES for text in texts):
                form = self._with_mode(form, name, texts, default)
            elif not texts:
                form = self._with_switch(form, name, default)
        if not form.on and form.off is None and self._is_off(default, form):
            form = replace(form, off=(), on_by_default=False)
        return self._with_off_word(form) if form.off is None else form

    def _with_switch(self, form: ReasoningFormat, name: str, default: str) -> ReasoningFormat:
        """A switch that is true or false. A template may have several, which are then set together."""
        on, off = self._tried(((name, True),)), self._tried(((name, False),))
        if on is None or off is None or on == off:
            return form
        if form.on or form.off:
            return replace(
                form,
                on=(*form.on, (name, True)) if on != default else form.on,
                off=(*form.off, (name, False)) if form.off and off != default else form.off,
            )
        if self._is_off(on, form) and not self._is_off(off, form):  # such as `skip_thinking`
            return replace(form, off=((name, True),))
        is_on = default == on or (default != off and not self._is_off(default, form))
        return replace(
            form,
            on=() if is_on and on == default else ((name, True),),
            off=((name, False),) if off != default or is_on else (),
            on_by_default=is_on,
        )

    def _with_mode(self, form: ReasoningFormat, name: str, values: list[str], default: str) -> ReasoningFormat:
        """A switch with words for its states (MiniMax M3)."""
        if form.off is not None or form.on:
            return form
        off = next((v for v in values if v in _OFF_NAMES and self._tried(((name, v),)) not in (None, default)), None)
        on = next((v for v in ("enabled", "on", "adaptive") if v in values), None)
        is_on = not self._is_off(default, form)
        return replace(
            form,
            on=() if is_on or on is None else ((name, on),),
            off=((name, off),) if off is not None else form.off,
            on_by_default=is_on,
        )

    def _with_efforts(self, form: ReasoningFormat, name: str, values: list[str], default: str) -> ReasoningFormat:
        """How hard to think: those of the known words that change the prompt."""
        base = form.on
        free = self._tried((*base, (name, "someeffort")))
        known = (
            [v for v in EFFORTS if v in values] if not (free and "someeffort" in free) else ["low", "medium", "high"]
        )
        for text in self._constants:  # `{'low': …}`, `in ['low', 'high']` behind another name
            known += [v for v in EFFORTS if v == text and v not in known]
        neutral = self._tried(base) or default
        tried = {v: self._tried((*base, (name, v))) for v in sorted(known, key=EFFORTS.index)}
        prompts = {v: prompt for v, prompt in tried.items() if prompt is not None}
        offs = [v for v, prompt in prompts.items() if v in _OFF_NAMES or self._is_off(prompt, form)]
        distinct = {prompt: v for v, prompt in reversed(prompts.items()) if v not in offs}
        efforts = tuple(v for v in EFFORTS if v in distinct.values())
        chosen = distinct.get(neutral, "")
        if form.off is None and offs and prompts[offs[0]] != neutral:
            form = replace(form, off=((name, offs[0]),))
        if not base and self._is_off(default, form):  # thinking is asked for by an effort (Hy3)
            off = form.off if form.off is not None else ()
            if not efforts:
                return form
            return replace(
                form,
                on=((name, efforts[-1]),),
                off=off,
                on_by_default=False,
                efforts=efforts,
                effort_variable=name,
                default_effort=efforts[-1],
            )
        if not efforts or (len(efforts) == 1 and chosen):
            return form
        return replace(form, efforts=efforts, effort_variable=name, default_effort=chosen)

    def _with_one_effort(self, form: ReasoningFormat, name: str, default: str) -> ReasoningFormat:
        """An effort with a switch of its own: `low_effort` of Nemotron 3 Super, `medium_effort` of Ultra."""
        effort = name.removesuffix("_effort")
        if effort not in EFFORTS or form.efforts or self._tried(((name, True),)) in (None, default):
            return form
        return replace(form, efforts=(effort,), effort_variable=name)

    def _with_off_word(self, form: ReasoningFormat) -> ReasoningFormat:
        """A word in the system prompt that switches thinking off, and is left out of it (Nemotron Nano 2)."""
        for word, prompt in self._prompts_with_off_words(form.on).items():
            if self._is_off(prompt, form) and word not in prompt:
                return replace(form, off=(), off_word=word)
        return form

    def _with_budget(self, form: ReasoningFormat, name: str, default: str) -> ReasoningFormat:
        none, some = self._tried(((name, 0),)), self._tried(((name, 1024),))
        if some in (None, default):
            return form
        off = ((name, 0),) if none not in (None, default, some) else form.off
        return replace(form, budget_variable=name, off=off)

    def _with_table_switches(self, form: ReasoningFormat) -> ReasoningFormat:
        """A format of the table, as far as this template knows its switches."""
        if form is GEMMA_4:
            return replace(form, history_field="reasoning_content")
        if form is APRIEL:
            tail = text_after(self._prompt(), QUESTION)
            return form if form.open in tail else replace(form, open_text="")  # 1.5 thinks from its first word on
        if form.effort_variable and form.effort_variable not in self._read:
            return replace(form, efforts=(), effort_variable="", default_effort="")
        return form

    def _system_part(self, form: ReasoningFormat) -> str:
        """The template's own system prompt, where it tells the model how to think and another one would replace it."""
        usual = self._prompt(form.on).partition(QUESTION)[0]
        try:
            messages = [{"role": "system", "content": SYSTEM}, _user(QUESTION)]
            replaced = self._render(messages, True, dict(form.on)).partition(QUESTION)[0]
        except BackendError:
            return ""
        before, system, after = replaced.partition(SYSTEM)
        if not system or form.open not in usual or form.open in before + after:
            return ""
        return (
            usual[len(before) : len(usual) - len(after)] if usual.startswith(before) and usual.endswith(after) else ""
        )

    def _is_off(self, prompt: str, form: ReasoningFormat) -> bool:
        """Whether a prompt ends behind a closed thought, or within the answer."""
        tail = text_after(prompt, QUESTION).rstrip()
        if re.search(rf"{re.escape(form.open.strip())}\s*{re.escape(form.close.strip())}", tail):
            return True  # an empty thought, perhaps with a new turn behind it (Solar)
        return tail.endswith(form.close) or bool(form.answer_open and tail.endswith(form.answer_open))

    # -- the history --------------------------------------------------------------------------------------------------

    def _with_history(self, form: ReasoningFormat) -> ReasoningFormat:
        """Where the thoughts of earlier turns go, whether the template keeps them, and what makes it keep them."""
        keepers: list[tuple[Variables, HistoryField]] = []
        for more in ((), *self._keepers()):
            for field in _FIELDS:
                if self._keeps(field, (*form.on, *more)):
                    keepers.append((more, field))
                    break
            if keepers:
                break
        if not keepers:
            return replace(form, keeps_thoughts=False, keep=None, history_field="")
        more, field = keepers[0]
        return replace(form, keep=more, history_field=field, keeps_thoughts=not more)

    def _keepers(self) -> Iterator[Variables]:
        for name, values in self._read.items():
            if _KEEPS.search(name):
                tries: list[bool | str] = [True, False, *(value for value in values if isinstance(value, str))]
                for value in tries:
                    yield ((name, value),)

    def _keeps(self, field: HistoryField, variables: Variables) -> bool:
        messages = [_user(QUESTION), assistant(ANSWER, THOUGHT, field), _user(NEXT)]
        try:
            text = self._render(messages, True, dict(variables))
            return THOUGHT in text and not _IS_DUMPED.search(text)
        except BackendError:
            return False


def assistant(content: str, thought: str = "", field: HistoryField = "") -> dict[str, Any]:
    """An assistant's message with its thought where the template reads it."""
    if not thought or not field:
        return {"role": "assistant", "content": content}
    if field == "chunks":
        parts = [{"type": "thinking", "thinking": thought}, {"type": "text", "text": content}]
        return {"role": "assistant", "content": parts}
    if field == "blocks":
        blocks = [{"type": "thoughts", "text": thought}, {"type": "response", "text": content}]
        return {"role": "assistant", "content": {"blocks": blocks}}
    return {"role": "assistant", "content": content, field: thought}


def in_parts(message: dict[str, Any]) -> dict[str, Any]:
    """A message with its text as the only part of its content."""
    content = message["content"]
    return message | {"content": [{"type": "text", "text": content}] if isinstance(content, str) else content}


def _user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}
