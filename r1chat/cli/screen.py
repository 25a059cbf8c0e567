"""Prints a reply as it grows: the thought on stderr, the answer on stdout.

On a terminal the thought is dimmed, with its moments of reflection marked in the margin, and the answer is drawn as
Markdown block by block. Elsewhere both are printed as they are. Knows what a reply is and what a terminal is; nothing
of conversations, models or who stops what.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from typing import TextIO

from r1chat.cli.drawing import draw
from r1chat.cli.formulas import Formulas
from r1chat.cli.process import harmless
from r1chat.cli.wrapping import TerminalWriter, columns, wrapped
from r1chat.messages import LaterThought, Progress, Reply
from r1chat.reflect import Reader
from r1chat.ui.html.blocks import BlockSplitter
from r1chat.ui.talk.moments import GLYPHS

_MARGIN = 2  # cells beside a thought


class Screen:
    """Prints replies as they grow, and on a terminal what is going on until words come.

    `quiet` keeps the words back.
    """

    def __init__(self, out: TextIO, err: TextIO, quiet: bool = False) -> None:
        self._out = out
        self._err = err
        self._quiet = quiet
        self._live = _is_terminal(err)
        self._colour = not os.environ.get("NO_COLOR")
        self._start()

    def _start(self) -> None:
        self._reasoning = ""  # as far as it is printed
        self._answer = ""
        self._thought: _Part = _Thought(self._err, self._dim) if self._live else _Plain(self._err)
        self._said: _Part = _Answer(self._out, self._colour) if _is_terminal(self._out) else _Plain(self._out)
        self._open: _Part | None = None  # the part whose last line waits for its end
        self._status = ""

    def show(self, reply: Reply, thinks: bool = True) -> None:
        """Print what is new in a reply. `thinks`: its model does, so words before any `</think>` may be thought."""
        if reply.finish is None and not reply.reasoning and not reply.answer:
            self.show_status(_progress(reply.progress or Progress("waiting"), reply.timings.total))
        if self._quiet:
            return
        if not reply.answer.startswith(self._answer):  # a late </think>: what was printed as answer was thought
            self.note("(What stands above was still thought; the answer follows.)")
            *_, unseen = reply.reasoning.rpartition(self._answer)
            self._reasoning, self._answer = reply.reasoning.removesuffix(unseen), ""
        certain = self._out.isatty() or reply.closed or bool(reply.later) or reply.finish is not None or not thinks
        cuts = [LaterThought(0, 0), *reply.later, LaterThought(len(reply.reasoning), len(reply.answer))]
        for cut, following in pairwise(cuts):
            self._show_thought(reply, following)
            if certain:  # a program that reads the answer must not be given thought
                self._show_answer(reply, cut, following)

    def _show_thought(self, reply: Reply, end: LaterThought) -> None:
        """Print the new part of a thought that ends before another one, or with the reply."""
        new = reply.reasoning[len(self._reasoning) : end.thought]
        if end.thought < len(reply.reasoning):
            new = new.rstrip()  # a blank line joins it to the next thought
        self._print(self._thought, new)
        self._reasoning = reply.reasoning[: max(end.thought, len(self._reasoning))]

    def _show_answer(self, reply: Reply, begin: LaterThought, end: LaterThought) -> None:
        """Print the new part of the answer between two thoughts."""
        new = reply.answer[len(self._answer) : end.answer]
        if begin.answer and len(self._answer) <= begin.answer:  # a blank line joins it to the part before
            new = new.lstrip("\n")
            if new and not self._out.isatty():
                new = "\n" + new
        self._print(self._said, new, last=reply.finish is not None and end.answer == len(reply.answer))
        self._answer = reply.answer[: max(end.answer, len(self._answer))]

    def end(self) -> None:
        """End the lines that are open; the next reply is another one."""
        self.show_status("")
        self._end_line()
        self._start()

    def note(self, text: str) -> None:
        """Lines of r1chat's own, on stderr; on a terminal their words wrap whole."""
        text = harmless(text, self._err)
        self._print_line(wrapped(text) if self._live else text)

    def aside(self, text: str) -> None:
        """A line that only a person needs: dimmed, and only on a terminal."""
        if self._live:
            self._print_line(self._dim(harmless(text, self._err)))

    def show_status(self, text: str) -> None:
        """What is going on, in a line that gives way to whatever is printed next; only on a terminal."""
        if self._live and text != self._status:
            self._err.write(f"\r\x1b[2K{self._dim(text) if text else ''}")
            self._err.flush()
            self._status = text

    def _print_line(self, text: str) -> None:
        self.show_status("")
        self._end_line()
        print(text, file=self._err, flush=True)

    def _print(self, part: _Part, text: str, last: bool = False) -> None:
        if not text:
            return
        self.show_status("")
        if self._open not in (None, part):
            self._end_line()
            if self._live and self._out.isatty():
                print(file=self._err, flush=True)  # a blank line between thought and answer
        self._open = part
        part.write(text, last)

    def _end_line(self) -> None:
        if self._open:
            self._open.end()
            self._open = None

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[22m" if self._live and self._colour else text


class _Part:
    """One side of a reply on its stream."""

    def write(self, text: str, last: bool) -> None:
        """Print what is new of it; `last`: nothing follows."""
        raise NotImplementedError

    def end(self) -> None:
        """End its last line."""
        raise NotImplementedError


class _Plain(_Part):
    """Text as it is, for files and programs, and for terminals that know nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ended = True

    def write(self, text: str, last: bool) -> None:
        self._stream.write(harmless(text, self._stream))
        self._stream.flush()
        self._ended = text.endswith("\n")

    def end(self) -> None:
        if not self._ended:
            print(file=self._stream, flush=True)
        self._ended = True


class _Thought(_Part):
    """A thought on a terminal: dimmed, its formulas drawn, with a mark in the margin where a moment begins."""

    def __init__(self, stream: TextIO, dim: Callable[[str], str]) -> None:
        self._stream = stream
        self._dim = dim
        self._begin()

    def _begin(self) -> None:
        self._writer = TerminalWriter(self._stream, _MARGIN, self._dim)
        self._formulas = Formulas()
        self._reader = Reader()
        self._marked = 0

    def write(self, text: str, last: bool) -> None:
        text = harmless(text, self._stream)
        self._writer.write(self._formulas.feed(text))
        self._reader.feed(text)
        self._mark()

    def end(self) -> None:
        self._writer.write(self._formulas.feed("", last=True))
        self._reader.close()
        self._mark()
        print(file=self._stream, flush=True)
        self._begin()

    def _mark(self) -> None:
        moments = self._reader.moments
        for moment in moments[self._marked :]:
            self._writer.mark(self._formulas.place(moment.start), GLYPHS[moment.kind])
        self._marked = len(moments)


class _Answer(_Part):
    """An answer on a terminal. A block of Markdown is shown as it comes, and drawn in its place once it is whole."""

    def __init__(self, stream: TextIO, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._begin()

    def _begin(self) -> None:
        self._text = ""
        self._splitter = BlockSplitter()
        self._drawn = 0  # blocks
        self._shown = 0  # characters
        self._writer = TerminalWriter(self._stream)

    def write(self, text: str, last: bool) -> None:
        self._text += harmless(text, self._stream)
        self._splitter.feed(self._text)
        starts = self._splitter.starts
        for block in range(self._drawn, len(starts) - (0 if last else 1)):
            self._draw(block)
        if self._drawn < len(starts):
            begin = max(self._shown, starts[self._drawn])
            self._writer.write(self._text[begin:])
            self._shown = len(self._text)

    def end(self) -> None:
        for block in range(self._drawn, len(self._splitter.starts)):
            self._draw(block)
        self._begin()

    def _draw(self, block: int) -> None:
        """Put the drawn block in the place of what was shown of it; what is too long to be taken back stays."""
        ends = [*self._splitter.starts, len(self._text)]
        source = self._splitter.prefixes[block] + self._text[ends[block] : ends[block + 1]]
        drawing = draw(source, columns(), self._colour)
        if self._writer.layout:
            self._writer.write(self._text[self._shown : ends[block + 1]])
        layout = self._writer.layout
        if layout != drawing and (not layout or self._writer.erase()):
            self._stream.write(drawing)
        follows = block + 2 < len(ends)
        self._stream.write("\n\n" if follows else "\n")
        self._stream.flush()
        self._drawn, self._shown = block + 1, ends[block + 1]
        self._writer = TerminalWriter(self._stream)


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _progress(progress: Progress, seconds: float) -> str:
    match progress.stage:
        case "queued":
            return f"Waiting for {progress.done} other {'reply' if progress.done == 1 else 'replies'} …"
        case "loading":
            return f"Loading the model … {progress.done} %"
        case "prefill":
            return f"Reading the prompt … {progress.done:,} of {progress.total:,} tokens"
        case _:
            return f"Waiting for the model … {seconds:.0f} s"
