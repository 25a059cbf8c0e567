"""A reply and what surrounds it, as HTML. Pure: values and words in, Markup out; knows no Gradio and no HTTP.

A reply is sent as blocks that grow only at the end: steps of the thought, parts of the answer. A button says what it
does by `data-verb` and `data-id`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup

from r1chat.config import NANO
from r1chat.conversations import StoredReply, StoredTurn, Verdict
from r1chat.library import Curated
from r1chat.library.forecast import Forecast
from r1chat.messages import FinishReason, LaterThought, Progress, Reply
from r1chat.reflect import Alarm, Bars, Moment, Reader
from r1chat.sizes import readable_size
from r1chat.steer import ends_by_budget
from r1chat.ui.html.blocks import Segments
from r1chat.ui.html.icons import icon, sign
from r1chat.ui.html.parts import (
    EMPTY,
    attributes,
    button,
    concat,
    icon_button,
    joined,
    markdown,
    notice,
    speed,
    text_input,
)
from r1chat.ui.html.unfinished import without_open_formula
from r1chat.ui.talk import moments
from r1chat.ui.talk.availability import Availability, trouble
from r1chat.ui.talk.moments import OutlineRow, Verdicts
from r1chat.ui.words.page import Words, spoken

LONGEST_SHOWN = 1_000_000  # characters of a thought, and of an answer
LONG_MESSAGE = 2_000  # characters; a longer message of the person is folded
PREVIEW = 600  # characters of it that are always shown
_NUMBER = re.compile(r"\d+")
FULL = 16  # free tokens; with fewer the window counts as full

CAN_GO_ON: frozenset[FinishReason | None] = frozenset({"stopped", "cut", "length", "error", "interrupted"})


_LATER = Markup(
    '<details class="thought later"><summary>{label}</summary>'
    '<div class="steps" id="{id}-steps" tabindex="0" role="group" aria-label="{label}"></div></details>'
)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a reply. `start` and `end` are its place in the thought or the answer, in characters.

    `gone` takes back a block that was sent before.
    """

    id: str
    kind: Literal["step", "part", "again"]
    html: Markup
    start: int = 0
    end: int = 0
    gone: bool = False
    later: int = 0  # of a step: which thought within the answer it belongs to, from 1; 0: the first thought


class ReplyRenderer:
    """Renders one reply while it grows: steps are `<reply id>-t0`, parts of the answer `<reply id>-a0`, and so on.

    `bars`: the calibrated thresholds of moments, by kind.
    """

    def __init__(self, reply_id: str, words: Words, verdicts: Verdicts | None = None, bars: Bars | None = None) -> None:
        self.reply_id = reply_id
        self.words = words
        self.verdicts: dict[tuple[int, int], Verdict] = dict(verdicts or {})
        self._thought = _Thought(f"{reply_id}-t", self.verdicts, bars)
        self._answer = _Growing(f"{reply_id}-a", "part")
        self._bars = bars
        self._later: tuple[LaterThought, ...] = ()
        self._outline = moments.Outline(reply_id, words)
        self._outlined, self._outlined_over = self._thought.origin, False

    def update(self, reply: Reply) -> list[Block]:
        """The blocks that are new or have changed since the last call, in order.

        Whatever the snapshots in between were, what is on the page in the end is the same. The cost is that of the
        new text and of the last open block, at most some ten thousand characters. A thought or an answer that did not
        grow at its end (answer text turned out to be thought) is rendered anew.
        """
        reply = _beginning(reply)
        over = reply.closed or reply.finish is not None
        gone: list[Block] = []
        if reply.later[: len(self._later)] != self._later:  # they were part of one long thought after all
            gone = [self._again(number, gone=True) for number in range(1, len(self._later) + 1)]
            self._thought, self._later = _Thought(f"{self.reply_id}-t", self.verdicts, self._bars), ()
        new_places = reply.later[len(self._later) :]
        self._thought.breaks = thoughts = [place.thought for place in reply.later]
        self._answer.breaks = [place.answer for place in reply.later]
        steps = [
            replace(block, later=bisect_right(thoughts, block.start))
            for block in self._thought.read(reply.reasoning, over)
        ]
        parts = self._answer.update(reply.answer, reply.finish is not None, whole=reply.finish == "stop")
        blocks = gone + [block for block in steps if not block.later]
        for number, place in enumerate(new_places, len(self._later) + 1):
            blocks += [block for block in parts if block.gone or block.start < place.answer]
            blocks.append(self._again(number))
            parts = [block for block in parts if not block.gone and block.start >= place.answer]
        self._later = reply.later
        return blocks + parts + [block for block in steps if block.later]

    def _again(self, number: int, gone: bool = False) -> Block:
        """The fold of a thought within the answer."""
        name = f"{self.reply_id}-later{number}"
        html = EMPTY if gone else _LATER.format(id=name, label=self.words.thought_again)
        return Block(name, "again", html, gone=gone)

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments of reflection in the thought so far."""
        return self._thought.reader.moments

    def judge(self, start: int, end: int, verdict: Verdict) -> list[Block]:
        """The blocks that change when a person confirms or denies a moment."""
        self.verdicts[start, end] = verdict
        return self._thought.anew(start)

    def strip(self, reply: Reply) -> Markup:
        """The moments on a line above the thought."""
        return moments.strip(self.moments, len(reply.reasoning), reply.reasoning, self.words)

    def counts(self) -> str:
        """How often the thought checked itself, corrected itself and so on."""
        return moments.counts(self.moments, self.words)

    def outline_rows(self) -> list[OutlineRow] | None:
        """The steps of the thought that are new in its outline, or have changed, since this was asked last.

        None: the thought was read anew, so the whole outline is to be shown again.
        """
        goes_on = self._outlined_over and not self._thought.over
        anew = goes_on or self._outlined is not self._thought.origin
        self._outlined, self._outlined_over = self._thought.origin, self._thought.over
        if anew:
            self._outline = moments.Outline(self.reply_id, self.words)
        rows = self._outline.update(self._thought.text, self._thought.reader)
        return None if anew else rows

    def outline(self) -> Markup:
        """The whole outline of the thought."""
        self.outline_rows()
        return self._outline.html(self.moments)


class _Growing:
    """One growing text and the blocks of it that were sent."""

    def __init__(self, name: str, kind: Literal["step", "part"]) -> None:
        self.breaks: list[int] = []  # places at which a block begins in any case
        self._name = name
        self._kind = kind
        self._text = ""
        self._splitter = self._new_splitter()
        self._open: Block | None = None
        self._over = False  # the text will not grow
        self._held = False  # the last block lacks a formula that is still open
        self._whole = False  # it ended by itself: a formula that is open at its end was meant so

    @property
    def text(self) -> str:
        """What has been rendered."""
        return self._text

    def _new_splitter(self) -> Segments:
        return Segments(trusting=self._kind == "part")

    def update(self, text: str, over: bool, whole: bool = False) -> list[Block]:
        """The blocks that are new or have changed; `over`: the text will not grow, `whole`: since it ended by itself.

        A formula that is open at the end waits. Where the text was cut there, "…" stands for it.
        """
        sent = 0
        if not text.startswith(self._text):  # a comparison of memory: 10 µs for 100,000 characters
            sent = len(self._splitter.starts)
            self._splitter = self._new_splitter()
            self._open = None
        if self._held:
            self._open, self._held = None, False
        self._text, self._over, self._whole = text, over, whole
        first = self._splitter.feed(text, self.breaks)
        count = len(self._splitter.starts)
        blocks = [block for index in range(first, count) if (block := self._block(index)) is not self._open]
        if blocks:
            self._open = blocks[-1]
        gone = [Block(f"{self._name}{index}", self._kind, EMPTY, gone=True) for index in range(count, sent)]
        return blocks + gone

    def _block(self, index: int) -> Block:
        start, piece = self._piece(index)
        block_id, end = f"{self._name}{index}", start + len(piece)
        if self._open is not None and (self._open.id, self._open.end) == (block_id, end):
            return self._open  # only blank lines came after it
        return Block(block_id, self._kind, self._html(index, start, piece), start, end)

    def _piece(self, index: int) -> tuple[int, str]:
        starts = self._splitter.starts
        start = starts[index]
        return start, self._text[start : starts[index + 1] if index + 1 < len(starts) else None].rstrip()

    def _html(self, index: int, start: int, piece: str) -> Markup:
        return markdown(self._shown(index, piece))

    def _shown(self, index: int, piece: str) -> str:
        """The text of a block as it is rendered; of the last one, without a formula that is open."""
        text = self._splitter.prefixes[index] + piece
        if self._whole or not self._is_last(index):
            return text
        complete = without_open_formula(text)
        if complete != text and self._over:
            return f"{complete.rstrip()} …"
        self._held = complete != text
        return complete

    def _is_last(self, index: int) -> bool:
        """Whether the text ends with this block, but for the sentence that follows where a budget was spent."""
        after = len(self._splitter.starts) - 1 - index
        return after == 0 or (after == 1 and self._over and ends_by_budget(self._text))


class _Thought(_Growing):
    """A thought: as it grows its moments are found and marked, and a step is sent again when those in it change."""

    def __init__(self, name: str, verdicts: Verdicts, bars: Bars | None) -> None:
        super().__init__(name, "step")
        self._bars = bars
        self.reader = self._growing = Reader(bars)  # the first is a closed copy of the second while the thought is over
        self._verdicts = verdicts
        self._closed = False
        self._read = 0  # characters
        self._marked: dict[int, tuple[Moment, ...]] = {}  # by block: the moments that its HTML shows
        self._settled = 0  # moments that will not change, and are shown
        self._marks: tuple[Moment, ...] = ()  # the moments that are marked, as the reader had them last

    @property
    def origin(self) -> Reader:
        """The reader that grows with the thought; another one once the thought was read anew."""
        return self._growing

    @property
    def over(self) -> bool:
        """Whether `reader` is closed."""
        return self._closed

    def read(self, text: str, over: bool) -> list[Block]:
        """Like `update`, and the steps whose moments have changed; `over`: the thought will not grow."""
        if not text.startswith(self._text):
            self._growing, self._closed, self._read, self._marked, self._settled = Reader(self._bars), False, 0, {}, 0
        if len(text) > self._read or not self._closed:
            if self._closed:  # it was over, and goes on
                self._closed, self._settled = False, 0
            self._growing.feed(text[self._read :])
            self.reader, self._read = self._growing, len(text)
            if over:
                self.reader, self._closed = self._growing.closed(), True
        self._marks = self.reader.moments[: moments.MOST_MARKED]
        blocks = self.update(text, over)
        sent = {block.id for block in blocks}
        changed = {self._holder(moment) for moment in self._marks[self._settled :]}
        self._settled = self.reader.settled
        for index in sorted(changed):
            if f"{self._name}{index}" not in sent and self._moments(index) != self._marked.get(index, ()):
                blocks.append(self._again(index))
        return blocks

    def anew(self, at: int) -> list[Block]:
        """The step that holds this character, rendered anew."""
        if not self._splitter.starts:
            return []
        return [self._again(max(0, bisect_right(self._splitter.starts, at) - 1))]

    def _again(self, index: int) -> Block:
        start, piece = self._piece(index)
        block = Block(f"{self._name}{index}", "step", self._html(index, start, piece), start, start + len(piece))
        if self._open is not None and self._open.id == block.id:
            self._open = block
        return block

    def _holder(self, moment: Moment) -> int:
        return max(0, bisect_right(self._splitter.starts, moment.start) - 1)

    def _moments(self, index: int) -> tuple[Moment, ...]:
        starts = self._splitter.starts
        end = starts[index + 1] if index + 1 < len(starts) else len(self._text) + 1
        marks = self._marks
        first = bisect_left(marks, starts[index], key=lambda moment: moment.start)
        last = bisect_left(marks, end, key=lambda moment: moment.start)
        return marks[first:last]

    def _html(self, index: int, start: int, piece: str) -> Markup:
        self._marked[index] = inside = self._moments(index)
        prefix = self._splitter.prefixes[index]
        return moments.marked_html(self._shown(index, piece), start - len(prefix), inside, self._verdicts)


def _beginning(reply: Reply) -> Reply:
    """The beginning of a reply that is too long for a page; any other one itself."""
    if max(len(reply.reasoning), len(reply.answer)) <= LONGEST_SHOWN:
        return reply
    later = tuple(place for place in reply.later if max(place.thought, place.answer) <= LONGEST_SHOWN)
    return replace(reply, reasoning=reply.reasoning[:LONGEST_SHOWN], answer=reply.answer[:LONGEST_SHOWN], later=later)


# --- the frame of a reply --------------------------------------------------------------------------------------------


def tools(words: Words) -> Markup:
    """What can be done with a step of a thought; the page copies it to the step that is chosen."""
    return Markup('<div id="tools" hidden>{}{}{}<span class="judge">{}{}</span></div>').format(
        button(
            "edit-step", "", _captioned("git-branch", words.go_on_from_here), label=words.edit_step, cancel=words.cancel
        ),
        button("wrong-step", "", _captioned("flag", words.first_wrong), kind="wrong-step"),
        button("wrong-step", "", _captioned("check", words.not_wrong), kind="not-wrong", text="back"),
        button("confirm", "", _captioned("check", words.is_moment)),
        button("deny", "", _captioned("x", words.no_moment)),
    )


def skeleton(reply_id: str) -> Markup:
    """The places of a reply: `-who` for its heading, `-sum` for the thought's summary, `-strip`, `-steps` and so on."""
    return Markup(
        '<h2 class="unseen" id="{id}-who"></h2>'
        '<details class="thought"><summary id="{id}-sum"></summary><div class="strip" id="{id}-strip"></div>'
        '<div class="steps" id="{id}-steps" tabindex="0" role="group" aria-labelledby="{id}-sum"></div>'
        '<div class="judge-thought" id="{id}-judge"></div></details>'
        '<div class="answer" id="{id}-answer"></div>'
        '<div class="notes" id="{id}-notes"></div>'
        '<div class="acts" id="{id}-acts"></div>'
        '<div class="teach" id="{id}-teach"></div>'
    ).format(id=reply_id)


def summary(reply: Reply, words: Words, counts: str = "", earlier_tokens: int = 0) -> Markup:
    """The line that a thought folds to, with its moments counted; while it runs, what the model is doing.

    `earlier_tokens`: about how many tokens of the thought were there before this reply was sampled.
    """
    sampled, seconds = reply.usage.reasoning_tokens, reply.timings.thinking
    tokens = words.about_tokens(earlier_tokens + sampled) if earlier_tokens else _count(sampled, words)
    if reply.closed:
        if not reply.reasoning:
            return _text(words.no_thought)
        if earlier_tokens and not sampled:  # kept from another reply, or a person's words: there is no time to tell
            return _in_pieces(joined(words.thought, tokens), counts)
        time = words.duration(seconds, 1 if seconds < 1 else 0)
        sentence = words.thought_more if earlier_tokens else words.thought_for
        return _in_pieces(joined(sentence.format(time=time), tokens), counts)
    if reply.finish is None:
        if reply.progress is not None or not reply.reasoning:
            line = _stage(reply.progress or Progress("waiting"), words)
        else:
            line = joined(words.thinking, words.duration(seconds), tokens, speed(reply.tokens_per_second, words, 0))
        return Markup('<span class="live">{}</span>').format(_in_whole_parts(line))
    ended = words.stopped_thinking if reply.finish == "stopped" else words.unfinished_thought
    return _in_pieces(joined(ended, words.duration(seconds, 1 if seconds < 1 else 0), tokens), counts)


def _in_pieces(line: str, counts: str = "") -> Markup:
    """A line that breaks before its dots and after its commas only, so that none hangs where the rest is out of sight.

    `counts` follow behind a dot, on a phone in a line below.
    """
    pieces = re.split(r" (?=· )|(?<=,) |(?<=、)", line)
    between = EMPTY if "、" in line else Markup(" ")
    html = between.join(Markup('<span class="piece">{}</span>').format(piece) for piece in pieces)
    if counts:
        html += Markup('<span class="tally"><span class="between"> · </span>{}</span>').format(_in_pieces(counts))
    return html


def _in_whole_parts(line: str) -> str:
    """A line of `joined` parts that wraps before a dot only: a narrow screen shows as many whole parts as fit."""
    parts = line.split(" · ")
    whole = [part.replace(" ", "\u00a0").replace("/", "/\u2060") for part in parts]  # a line may end at a slash
    return " ·\u00a0".join(whole) if len(parts) > 1 else line


def _text(line: str) -> Markup:
    return Markup("{}").format(line)


def _stage(progress: Progress, words: Words) -> str:
    if progress.stage == "queued":
        return words.queued.format(n=progress.done)
    if progress.stage == "loading":
        part = f"{100 * progress.done // progress.total}" if progress.total else ""
        return joined(words.loading, words.percent.format(n=part) if part else "")
    if progress.stage == "prefill":
        counts = words.done_of_total.format(done=f"{progress.done:,}", total=f"{progress.total:,}")
        return joined(words.prefill, counts if progress.total else "")
    return words.waiting


def notices(reply: Reply, words: Words, cannot_resume: str = "") -> Markup:
    """What a person has to know about a reply that has ended: why it did, and what can be done.

    `cannot_resume`: why the model that made it cannot continue it, where that is so.
    """
    parts = []
    if max(len(reply.reasoning), len(reply.answer)) > LONGEST_SHOWN:
        parts.append(notice(words.first_shown.format(n=f"{LONGEST_SHOWN:,}")))
    if reply.reopened:
        parts.append(notice(words.reopened))
    if window_is_full(reply) and reply.finish != "error":
        parts.append(notice(_length(reply, words)))
    elif reply.wants_tool:
        parts.append(notice(words.wants_tool))
    elif cannot_resume and reply.finish in ("stopped", "cut", "interrupted"):
        ended = words.said_stopped if reply.finish == "stopped" else words.ended_early
        parts.append(notice(f"{ended} {cannot_resume}"))
    elif reply.finish == "stopped":
        parts.append(notice(words.stopped))
    elif reply.finish == "cut":
        parts.append(notice(words.cut))
    elif reply.finish == "interrupted":
        parts.append(notice(words.interrupted))
    elif reply.finish == "length":
        parts.append(notice(_length(reply, words)))
    elif reply.finish == "error":
        parts.append(notice(spoken(reply.error, words) or words.failed, error=True))
    elif reply.finish == "stop" and not reply.answer.strip():
        parts.append(notice(words.no_answer if reply.closed or not reply.reasoning else words.only_thought))
    return concat(parts)


def not_saved(stored: StoredReply, words: Words) -> Markup:
    """That a reply is only in memory so far, and why; nothing where it is saved."""
    if stored.not_saved is None:
        return EMPTY
    return notice(words.not_saved.format(why=stored.not_saved.sentence(words.lang)), error=True)


def of_another_file(turns: Sequence[StoredTurn]) -> set[str]:
    """The replies whose model has another file (by its digest) than earlier in the branch, under the same name."""
    files: dict[tuple[str, str], str] = {}
    changed = set()
    for reply in (turn.reply for turn in turns if turn.reply is not None):
        provenance = reply.provenance
        if (
            provenance.digest
            and files.setdefault((provenance.backend, provenance.model), provenance.digest) != provenance.digest
        ):
            changed.add(reply.id)
            files[provenance.backend, provenance.model] = provenance.digest
    return changed


def origin(stored: StoredReply, question: str, words: Words, *, other_file: bool = False) -> Markup:
    """How a reply came to be, where a person had a hand in it; and that the model is not made for such a question.

    `other_file`: another model file has its model's name now.
    """
    provenance = stored.provenance
    origins = {
        "edited": words.origin_edited,
        "forked": words.origin_forked,
        "extended": words.origin_extended,
        "skipped": words.origin_skipped,
        "voted": words.origin_voted,
        "corrected": words.origin_corrected,
    }
    parts = [origins[provenance.origin]] if provenance.origin in origins else []
    if provenance.closed_by == "person":
        parts.append(words.cut_by_person)
    elif provenance.closed_by == "budget":
        parts.append(words.cut_by_budget.format(n=f"{provenance.budget or 0:,}"))
    if other_file:
        parts.append(words.other_file.format(model=provenance.model))
    if provenance.model == NANO and provenance.origin != "corrected" and len(_NUMBER.findall(question)) < 2:
        parts.append(words.nano_answered)
    picture = sign("corner-down-right") if provenance.origin in origins else EMPTY
    return Markup('<div class="origin">{}{}</div>').format(picture, joined(*parts)) if parts else EMPTY


def alarm(seen: Alarm, turn_id: str, words: Words, cannot_steer: str = "") -> Markup:
    """What is going wrong with a thought that runs, and the ways out; `cannot_steer`: why it cannot be closed."""
    if seen.kind == "drift":
        sentence = words.drift.format(what=seen.detail)
    else:
        sentence = words.loop.format(what=seen.detail) if seen.detail else words.blank_loop
    ways = button("answer", turn_id, words.answer_now, barred=cannot_steer)
    ways += button("stop", turn_id, words.stop) + button("retry", turn_id, words.again)
    return Markup('<div class="notice" role="alert">{} {}</div>').format(sentence, ways)


def can_go_on(reply: Reply) -> bool:
    """Whether there is more to come of a reply that has ended: it ended early, or by itself with a thought alone."""
    only_thought = reply.finish == "stop" and bool(reply.reasoning) and not reply.answer.strip()
    return reply.finish in CAN_GO_ON or only_thought


def window_is_full(reply: Reply) -> bool:
    """Whether a reply ended early, however it did, and the context window has no room left to continue it."""
    return can_go_on(reply) and reply.usage.free is not None and reply.usage.free < FULL


def _length(reply: Reply, words: Words) -> str:
    usage = reply.usage
    if not window_is_full(reply):
        return words.limit_reached.format(n=f"{usage.reasoning_tokens + usage.answer_tokens:,}")
    return words.window_full.format(
        prompt=f"{usage.prompt_tokens:,}",
        thought=f"{usage.reasoning_tokens:,}",
        answer=f"{usage.answer_tokens:,}",
        context=f"{usage.context:,}",
    )


def reply_acts(stored: StoredReply, words: Words, cannot_resume: str = "", *, leads: bool = True) -> Markup:
    """What is done most often with a reply that has ended: continue it, copy it, make another one.

    `cannot_resume` says why the model that made this reply cannot continue it; "" where it can. `leads`: nothing else
    on the page is recommended before continuing it. The rest of the acts is in `more_acts`.
    """
    reply = stored.reply
    kind = "primary" if leads else "second"
    buttons = []
    if reply.too_long:
        buttons.append(_edit(stored.turn_id, words, kind=kind))
    elif can_go_on(reply) and not window_is_full(reply):
        in_thought = reply.finish == "stop" and not reply.closed  # it would end there again
        verb, label = ("close-thought", words.answer_now) if in_thought else ("resume", words.resume)
        buttons.append(button(verb, stored.id, label, kind=kind, barred=cannot_resume))
    if reply.answer:
        buttons.append(icon_button("copy", stored.id, "copy", words.copy, data_done=words.copied))
    buttons.append(icon_button("again", stored.turn_id, "refresh-cw", words.again))
    return concat(buttons)


def more_acts(stored: StoredReply, words: Words, cannot_steer: str = "") -> Markup:
    """What is done less often with a reply, for its menu. `cannot_steer` says why the chosen model cannot."""
    parts = []
    if stored.reply.reasoning and stored.reply.finish is not None:
        longer = _captioned("brain", words.think_longer)
        parts.append(button("longer", stored.id, longer, barred=cannot_steer))
    parts.append(button("skip", stored.turn_id, _captioned("skip-forward", words.skip_thinking), barred=cannot_steer))
    for form, label in (("html", words.save_html), ("md", words.save_markdown)):
        parts.append(button("save-conversation", form, _captioned("download", label)))
    return concat([*parts, _vote(stored.turn_id, words)])


def position(stored: StoredReply, words: Words) -> Markup:
    """The switch between a reply and its siblings; empty where there is one only."""
    return _switch("reply", stored.id, stored.position, stored.siblings, words)


def figures(stored: StoredReply, maker: str, words: Words) -> Markup:
    """Who wrote it, and how fast: the model's name, tokens per second, and the time to the first token."""
    line = joined(maker, meta(stored.reply, words))
    return Markup('<span class="meta" title="{}">{}</span>').format(line, _in_pieces(line))


def _captioned(picture: str, caption: str) -> Markup:
    return Markup("{}<span>{}</span>").format(icon(picture), caption)


def _vote(turn_id: str, words: Words) -> Markup:
    """How many replies to sample for a vote."""
    choices = concat(button("vote", turn_id, str(number), text=number) for number in (3, 5, 8))
    own = text_input(type="number", min=2, max=32, placeholder="…", aria_label=words.samples)
    run = button("vote", turn_id, words.take_samples)
    return Markup('<div class="sampling" role="group" aria-label="{name}">{head}<div>{inside}</div></div>').format(
        name=words.vote, head=Markup("<p>{}</p>").format(_captioned("vote", words.vote)), inside=choices + own + run
    )


def meta(reply: Reply, words: Words) -> str:
    """How fast it was: `41.2 tokens/s · first token 0.4 s`. Text."""
    first = reply.timings.first_token
    return joined(
        speed(reply.tokens_per_second, words, 1),
        "" if first is None else words.first_after.format(time=words.duration(first, 1)),
    )


def _count(tokens: int, words: Words) -> str:
    return words.tokens(tokens) if tokens else ""


# --- a person's message ----------------------------------------------------------------------------------------------


def message(content: str, words: Words) -> Markup:
    """The message as it was written (its bubble keeps white space); a long one is folded after its beginning."""
    if len(content) <= LONG_MESSAGE:
        return _text(content)
    cut = max(content.rfind(" ", 0, PREVIEW), content.rfind("\n", 0, PREVIEW)) + 1
    cut = cut if cut > PREVIEW // 2 else PREVIEW
    size = words.characters.format(n=f"{len(content):,}")
    return Markup('<details><summary>{}<span class="more">… <small>{}</small></span></summary>{}</details>').format(
        content[:cut], size, content[cut:]
    )


def message_acts(turn: StoredTurn, words: Words) -> Markup:
    """What can be done with a message: copy it, edit it, and switch between its siblings."""
    switch = _switch("turn", turn.id, turn.position, turn.siblings, words)
    copy = icon_button("copy-message", turn.id, "copy", words.copy_message, data_done=words.copied)
    return switch + copy + _edit(turn.id, words)


def _edit(turn_id: str, words: Words, kind: str = "") -> Markup:
    data = {"label": words.edit_message, "save": words.send, "cancel": words.cancel}
    if kind:
        return button("edit", turn_id, words.edit, kind, **data)
    return icon_button("edit", turn_id, "pencil", words.edit, **{f"data_{name}": text for name, text in data.items()})


def _switch(verb: str, subject: str, position: int, siblings: int, words: Words) -> Markup:
    """`‹ 2 of 3 ›`. The buttons name the sibling that is shown, and in `data-text` the step from it: -1 or 1."""
    if siblings < 2:
        return EMPTY
    before = icon_button(verb, subject, "chevron-left", words.previous, data_text=-1, disabled=position <= 1)
    after = icon_button(verb, subject, "chevron-right", words.following, data_text=1, disabled=position >= siblings)
    where = words.position.format(position=position, siblings=siblings)
    return Markup('<span class="switch">{}<span>{}</span>{}</span>').format(before, where, after)


# --- no message yet --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that suits this computer, and what to expect of it."""

    model: Curated
    expected: Forecast


def welcome(now: Availability, folder: str, words: Words, offers: Sequence[Offer] = ()) -> Markup:
    """The empty conversation: where messages go, and questions that the chosen model can answer.

    Where it cannot be used: why, and the ways out. Where there is no real model yet, `offers` are made, unless nothing
    is installed that could run them.
    """
    goes = words.goes_to.format(host=now.host) if now.host else words.stays_here
    goes = words.goes_to_account.format(account=now.account) if now.account else goes
    between = "" if words.lang == "zh" else " "
    sentence = f"{words.welcome}{between}{goes}" if now.available else words.welcome
    head = Markup("<h1>{}</h1><p>{}</p>").format(words.greeting, sentence)
    nano = now.model is not None and now.model.name == NANO
    links = concat(_offer(offer, words) for offer in offers)
    links += Markup('<a href="models/">{}</a>').format(words.all_models)
    get = Markup('<div class="get-models"><p>{}</p><nav class="get" aria-label="{}">{}</nav></div>').format(
        words.get_models.format(path=folder), words.models, links
    )
    if not now.available:
        return concat([head, trouble(now, words), get if now.engine and not now.others else EMPTY])
    questions = (words.nano_questions if nano else words.questions).split("\n")
    buttons = concat(
        Markup('<button type="button"{}>{}</button>').format(
            attributes(data_verb="ask", data_text=question),
            re.sub(r"(?<=\d) ", "\u00a0", question),  # a number and its unit stay on one line
        )
        for question in questions
    )
    examples = Markup('<div class="examples" role="group" aria-label="{}">{}</div>').format(words.try_one, buttons)
    note = Markup('<p class="nano">{}</p>').format(words.nano) if nano else EMPTY
    return concat([head, note, examples, get if nano else EMPTY])


def _offer(offer: Offer, words: Words) -> Markup:
    """A link to a model on the library page, with what a person wants to know before."""
    model = offer.model
    return Markup(
        '<a href="models/#{id}"><b>{get}</b><span>{text}</span><small>{licence} · {expected}</small></a>'
    ).format(
        id=model.name,
        get=words.get_model.format(name=model.name, size=readable_size(model.size).replace(" ", "\u00a0")),
        text=model.text.pick(words.lang),
        licence=model.licence,
        expected=offer.expected.sentence(words.lang),
    )
