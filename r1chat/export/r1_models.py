"""DeepSeek-R1 and its distills, known by the names under which people have them; and under which terms they are."""

from __future__ import annotations

import re

_R1 = re.compile(r"deepseek[-_ ]?r1|r1[-_ ]?distill", re.IGNORECASE)
_MIT = "MIT"
_QWEN = "MIT; its base, Qwen2.5, is Apache-2.0"
_QWEN3 = "MIT; its base, Qwen3, is Apache-2.0"
_LLAMA_31 = "MIT, and the Llama 3.1 Community License of its base"
_LLAMA_33 = "MIT, and the Llama 3.3 Community License of its base"

# The first that is found in a name counts. Ollama's tags name a size only.
_LICENCES = (
    (r"r1chat-nano", _MIT),
    (r"0528-qwen3|r1-0528.*8b", _QWEN3),
    (r"distill-qwen", _QWEN),
    (r"distill-llama-70b", _LLAMA_33),
    (r"distill-llama", _LLAMA_31),
    (r"deepseek-r1:(?:1\.5b|7b|14b|32b)", _QWEN),
    (r"deepseek-r1:8b", f"{_QWEN3}; in Ollama before May 2025: {_LLAMA_31}"),
    (r"deepseek-r1:70b", _LLAMA_33),
    (r"deepseek-r1(?:-zero|-0528)?(?:$|:671b)", _MIT),
)


def is_r1(model: str) -> bool:
    """Whether a model's name says that it is DeepSeek-R1 or one of its distills."""
    return _R1.search(model) is not None


def licence(model: str) -> str:
    """The terms of a model as far as its name tells, "" where it does not."""
    name = re.sub(r"[_ ]", "-", model.lower())
    return next((terms for pattern, terms in _LICENCES if re.search(pattern, name)), "")
