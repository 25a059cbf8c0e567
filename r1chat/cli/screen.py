"""Prints a reply as it grows: the thought dimmed on stderr, the answer plain on stdout.

Knows what a reply is and what a terminal is; nothing of conversations, models or who stops what.
"""

from __future__ import annotations

import os
import re
from typing import TextIO

from r1chat.messages import Progress, Reply

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and newline


class Screen:
    """Prints replies as they grow, and on a terminal what is going on until words come.

    `quiet` keeps the words back.
    """

    def __init__(self, out: TextIO, err: TextIO, quiet: bool = False) -> None:
        self._out = out
        self._err = err
        self._quiet = quiet
        self._live = err.isatty() and os.environ.get("TERM") != "dumb"
        self._dimmed = self._live and not os.environ.get("NO_COLOR")
        self._start()

    def _start(self) -> None:
        self._reasoning = ""  # as far as it is printed
        self._answer = ""
        self._open_line: TextIO | None = None  # where a line waits for its end
        self._status = ""

    def show(self, reply: Reply, thinks: bool = True) -> None:
        """Print what is new in a reply. `thinks`: its model does, so words before any `</think>` may be thought."""
        if reply.finish is None and reply.progress and not self._reasoning and not self._answer:
            self._show_status(_progress(reply.progress, reply.timings.total))
        if self._quiet:
            return
        if not reply.answer.startswith(self._answer):  # a late </think>: what was printed as answer was thought
            self.note("(What stands above was still thought; the answer follows.)")
            *_, unseen = reply.reasoning.rpartition(self._answer)
            self._reasoning, self._answer = reply.reasoning.removesuffix(unseen), ""
        self._print_reasoning(reply.reasoning[len(self._reasoning) :])
        certain = self._out.isatty() or reply.closed or reply.finish is not None or not thinks
        if certain:  # a program that reads the answer must not be given thought
            self._print_answer(reply.answer[len(self._answer) :])

    def end(self) -> None:
        """End the lines that are open; the next reply is another one."""
        self._show_status("")
        self._end_line()
        self._start()

    def note(self, text: str) -> None:
        """A line of r1chat's own, on stderr."""
        self._print_line(harmless(text, self._err))

    def aside(self, text: str) -> None:
        """A line that only a person needs: dimmed, and only on a terminal."""
        if self._live:
            self._print_line(self._dim(harmless(text, self._err)))

    def _print_line(self, text: str) -> None:
        self._show_status("")
        self._end_line()
        print(text, file=self._err, flush=True)

    def _print_reasoning(self, text: str) -> None:
        if text:
            self._begin(self._err)
            self._write(self._err, self._dim(harmless(text, self._err)), text)
            self._reasoning += text

    def _print_answer(self, text: str) -> None:
        if text:
            if self._begin(self._out) and self._live and self._out.isatty():
                print(file=self._err, flush=True)  # a blank line between thought and answer
            self._write(self._out, harmless(text, self._out), text)
            self._answer += text

    def _begin(self, stream: TextIO) -> bool:
        """Make way for text on this stream; whether a line of the other one had to be ended."""
        self._show_status("")
        if self._open_line not in (None, stream):
            self._end_line()
            return True
        return False

    def _write(self, stream: TextIO, styled: str, text: str) -> None:
        stream.write(styled)
        stream.flush()
        self._open_line = None if text.endswith("\n") else stream

    def _end_line(self) -> None:
        if self._open_line:
            print(file=self._open_line, flush=True)
            self._open_line = None

    def _show_status(self, text: str) -> None:
        if self._live and text != self._status:
            self._err.write(f"\r\x1b[2K{self._dim(text) if text else ''}")
            self._err.flush()
            self._status = text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[22m" if self._dimmed else text


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


def harmless(text: str, stream: TextIO) -> str:
    """Text that cannot steer the terminal, where the stream is one; else the text as it is."""
    return _CONTROL.sub("\ufffd", text.replace("\r", "")) if stream.isatty() else text
