"""The command line: arguments in, exit code out. Every error becomes one sentence on stderr."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import typer

from r1chat.cli.commands import parser
from r1chat.cli.process import harmless, log_file, speak_utf8, stop_writing
from r1chat.core_files import write_no_core_files
from r1chat.errors import R1ChatError

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 after an error, 130 after Ctrl-C, 141 where nobody reads on."""
    speak_utf8()
    os.umask(os.umask(0o077) | 0o077)  # what r1chat writes is its owner's alone, whatever the shell says
    write_no_core_files()
    # Imports make half a million objects that stay: a tenth of the start was for garbage.
    gc.set_threshold(20_000, 20, 20)
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
