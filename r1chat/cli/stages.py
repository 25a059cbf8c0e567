"""Which options each stage of `r1chat train` takes; what is given in vain is refused before anything begins."""

from __future__ import annotations

from collections.abc import Iterable

from r1chat.both import Both
from r1chat.errors import TrainingError

_ALWAYS = frozenset(("stage", "seed", "threads", "data_dir", "verbose"))
_MADE = _ALWAYS | {"folder"}
_RUN = _MADE | {"minutes", "device"}
_FROM = _RUN | {"begin_with", "rate"}
_SAMPLED = _FROM | {"task", "k", "problems"}
_ADAPTED = _ALWAYS | {
    "model",
    "data",
    "weights",
    "rate",
    "epochs",
    "samples",
    "device",
    "name",
    "every_model",
    "keep",
    "by",  # its own sentence says which stage takes it
}
_OPTIONS = {
    "prefer": _ADAPTED | {"trials", "longest"},
    "sft": _ADAPTED | {"trials", "longest"},
    "kto": _ADAPTED | {"trials", "longest"},
    "cold-start": _FROM | {"layers", "feed_forward"},
    "reject": _SAMPLED,
    "grpo": _SAMPLED,
    "distill": _SAMPLED | {"teacher"},
    "gguf": _MADE | {"output"},
    "demo": _RUN | {"task"},
}
_OF_GRPO_WITH_MODEL = _ADAPTED | {"limit"}
_SPELLED = {"folder": "FOLDER", "begin_with": "--from", "keep": "--keep/--no-keep", "k": "-k"}


def check_options(stage: str, typed: Iterable[str]) -> None:
    """`typed`: the parameters that stood on the command line. Raises TrainingError for one that the stage passes over.

    A stage that does not exist is told by who runs it.
    """
    typed = frozenset(typed)
    adapts = stage == "grpo" and "model" in typed
    options = _OF_GRPO_WITH_MODEL if adapts else _OPTIONS.get(stage)
    if options is None or typed <= options:
        return
    title = f"{stage} --model" if adapts else stage
    spelled = [", ".join(sorted(map(_spelled, names))) for names in (typed - options, options - {"stage"})]
    raise TrainingError(_NOT_TAKEN.format(stage=title, vain=spelled[0], taken=spelled[1]))


def _spelled(parameter: str) -> str:
    return _SPELLED.get(parameter, "--" + parameter.replace("_", "-"))


_NOT_TAKEN = Both("{stage} does not take {vain}. It takes {taken}.", "{stage} 不接受 {vain}。它接受的选项：{taken}。")
