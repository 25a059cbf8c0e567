"""A run in a process of its own, begun by the page.

It goes on when the page is closed; its folder tells how far it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

from r1chat.both import Both
from r1chat.config import Settings
from r1chat.errors import TrainingError
from r1chat.learn.runs import Run, Status, check_free, claim
from r1chat.store.reply_owner import owner_of

OUTPUT = "output.txt"  # in the run's folder: what the process prints


def start(settings: Settings, run: Run) -> None:
    """Begin a run, or go on with it.

    Raises TrainingError while another one runs, or where no process can be started.
    """
    check_free(run)
    wish = run.wish
    command = [sys.executable, "-P", "-m", "r1chat", "train", wish.kind, "--model", wish.model, "--name", run.name]
    command += ["--seed", str(wish.seed), "--threads", str(wish.threads), "--no-keep"]
    command += ["--data-dir", str(settings.data_dir)]
    command += ["--rate", repr(wish.rate)] if wish.rate else []
    command += ["--epochs", repr(wish.epochs)] if wish.epochs else []
    command += ["--data", wish.data] if wish.data else []
    command += ["--every-model"] if wish.every_model else []
    command += ["--by", wish.by] if wish.by else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # "" is the current folder, whoever filled it
        "R1CHAT_DATABASE_URL": settings.database,
        "R1CHAT_MODELS_DIR": str(settings.models_folder),
        "R1CHAT_MODEL_PATH": os.pathsep.join(map(str, settings.model_path)),
        "R1CHAT_OLLAMA": "false",
    }
    run.write(Status())
    try:
        with (run.folder / OUTPUT).open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
    except OSError as error:
        raise TrainingError(_NO_PROCESS.format(reason=error.strerror)) from None
    claim(run, owner_of(process.pid))  # from now on the run lives, though its process is still loading
    _lower_priority(process.pid)
    threading.Thread(target=process.wait, name="r1chat-learn", daemon=True).start()  # so that it leaves no zombie


def _lower_priority(pid: int) -> None:
    """Chatting goes before training."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, pid, 10)


_NO_PROCESS = Both("No process could be started ({reason}). Try again.", "无法启动进程（{reason}）。请重试。")
