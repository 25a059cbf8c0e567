"""A run in a process of its own, begun by the page.

It goes on when the page is closed; its folder tells how far it is.
"""

from __future__ import annotations

from r1chat import detached
from r1chat.both import Both
from r1chat.config import Settings
from r1chat.errors import TrainingError
from r1chat.learn.runs import RunStatus, TrainingRun, check_free, claim

OUTPUT = "output.txt"  # in the run's folder: what the process prints


def start(settings: Settings, run: TrainingRun) -> None:
    """Begin a run, or go on with it.

    Raises TrainingError while another one runs, or where no process can be started.
    """
    check_free(run)
    wish = run.wish
    arguments = ["train", wish.kind, "--model", wish.model, "--name", run.name]
    arguments += ["--seed", str(wish.seed), "--threads", str(wish.threads), "--no-keep"]
    arguments += ["--rate", repr(wish.rate)] if wish.rate else []
    arguments += ["--epochs", repr(wish.epochs)] if wish.epochs else []
    arguments += ["--data", wish.data] if wish.data else []
    arguments += ["--every-model"] if wish.every_model else []
    arguments += ["--samples", str(wish.samples)] if wish.samples else []
    arguments += ["--trials", str(wish.trials)] if wish.trials > 1 else []
    arguments += ["--limit", str(wish.limit)] if wish.limit else []
    arguments += ["--longest", str(wish.longest)] if wish.longest else []
    arguments += ["--weights", wish.weights] if wish.weights else []
    arguments += ["--device", wish.device]
    arguments += ["--by", wish.by] if wish.by else []
    run.write(RunStatus())
    try:
        owner = detached.begin(
            arguments,
            settings,
            run.folder / OUTPUT,
            {"R1CHAT_DATABASE_URL": settings.database, "R1CHAT_OLLAMA": "false"},
        )
    except OSError as error:
        raise TrainingError(_NO_PROCESS.format(reason=error.strerror)) from None
    claim(run, owner)  # from now on the run lives, though its process is still loading


_NO_PROCESS = Both("No process could be started ({reason}). Try again.", "无法启动进程（{reason}）。请重试。")
