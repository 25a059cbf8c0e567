"""A command of r1chat in a process of its own, which goes on when the page that began it is closed.

For what takes long: training, evaluation. The rest of the machine goes before it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from r1chat.config import Settings
from r1chat.store.reply_owner import owner_of

_NICE = 10  # chatting goes first


def is_locked(file: Path) -> bool:
    """Whether a process holds a file's lock; for where nobody can tell whether the one that was named still lives.

    What cannot be opened for writing, or is a link, no r1chat that may work there has locked.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def begin(arguments: Sequence[str], settings: Settings, output: Path, environment: Mapping[str, str]) -> str:
    """Begin `r1chat ARGUMENTS` with these settings' data and models; its process, as `reply_owner` names it.

    What it prints stands in `output`. `environment` is added to this process's own. Raises OSError where no process can
    be started.
    """
    variables = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # "" is the current folder, whoever filled it
        "R1CHAT_MODELS_DIR": str(settings.models_folder),
        "R1CHAT_MODEL_PATH": os.pathsep.join(map(str, settings.model_path)),
        **environment,
    }
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "r1chat", *arguments, "--data-dir", str(settings.data_dir)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=variables,
        )
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    threading.Thread(target=process.wait, name="r1chat-detached", daemon=True).start()  # so that it leaves no zombie
    return owner_of(process.pid)
