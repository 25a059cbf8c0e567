"""Which sampling a model's maker recommends, and what a person changed of it. Pure; a table and its reader.

The order: what the model's own file says (`general.sampling.*`), then the table of families, then DeepSeek's advice for
R1 (temperature 0.6, top-p 0.95). What a person set, in the settings or for a conversation, is laid over that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from r1chat.both import Both
from r1chat.errors import MessageError
from r1chat.json_columns import value_of
from r1chat.messages import Message, ModelInfo, Params
from r1chat.reasoning_format import OFF

BOUNDS: dict[str, tuple[float, float]] = {
    "temperature": (0.0, 5.0),
    "top_p": (0.0, 1.0),
    "top_k": (0, 100_000),
    "min_p": (0.0, 1.0),
    "repeat_penalty": (0.01, 10.0),
    "presence_penalty": (-2.0, 2.0),
    "seed": (0, 2**31 - 1),
    "max_tokens": (1, 10_000_000),
}
_WHOLE = ("top_k", "seed", "max_tokens")
_SENSELESS = Both(
    "{name} = {value} makes no sense: it must be a number from {least} to {most}. Correct it, or go back to what is "
    "recommended.",
    "{name} = {value} 没有意义：必须是 {least} 到 {most} 之间的数。请改正，或恢复推荐值。",
)
_GGUF_KEYS = {
    "temp": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "penalty_repeat": "repeat_penalty",
    "penalty_present": "presence_penalty",
}


@dataclass(frozen=True, slots=True)
class _Family:
    """What a maker recommends: parameters with a thought, without one, and whether a system prompt harms."""

    name: str
    pattern: str  # of the model's name or architecture
    params: Params
    plain: Params | None = None
    no_system_prompt: bool = False


def _p(temperature: float, top_p: float, top_k: int = 0, min_p: float = 0.0, presence: float = 0.0) -> Params:
    return Params(temperature, top_p, top_k, min_p, presence_penalty=presence)


# By the makers' model cards and the defaults of widely used programs; the first that fits counts.
FAMILIES = (
    _Family("DeepSeek-R1", r"deepseek-?r1|r1-distill|(?:^|[^a-z0-9])r1(?:[^a-z0-9]|$)", _p(0.6, 0.95), None, True),
    _Family("DeepSeek-V4", r"deepseek-?v4", _p(1.0, 1.0)),
    _Family("DeepSeek-V3", r"deepseek-?v3", _p(0.6, 0.95)),
    _Family("QwQ", r"qwq", _p(0.6, 0.95, 40)),
    _Family("Qwen3.5 and later", r"qwen-?3\.[5-9]", _p(0.6, 0.95, 20, 0.0, 1.5), _p(0.7, 0.8, 20, 0.0, 1.5)),
    _Family("Qwen3", r"qwen-?3", _p(0.6, 0.95, 20), _p(0.7, 0.8, 20)),
    _Family("GLM", r"glm-?[45]|glm4|chatglm", _p(1.0, 0.95)),
    _Family("Kimi", r"kimi", _p(1.0, 0.95)),
    _Family("MiniMax", r"minimax", _p(1.0, 0.95, 40)),
    _Family("gpt-oss", r"gpt-?oss", _p(1.0, 1.0)),
    _Family("Gemma", r"gemma-?[34]", _p(1.0, 0.95, 64)),
    _Family("Ministral instruct", r"ministral(?!.*reason)", _p(0.15, 0.95)),
    _Family("Magistral", r"magistral|ministral", _p(0.7, 0.95)),
    _Family("Seed-OSS", r"seed-?oss", _p(1.1, 0.95)),
    _Family("Apertus", r"apertus", _p(0.8, 0.9)),
    _Family("Nemotron 3", r"nemotron-?3", _p(1.0, 0.95)),
    _Family("Nemotron", r"nemotron", _p(0.6, 0.95), _p(0.0, 1.0)),
    _Family("SmolLM3", r"smollm-?3", _p(0.6, 0.95)),
    _Family("LFM2.5", r"lfm-?2\.5", _p(0.1, 0.1, 50, 0.15)),
    _Family("Phi-4-reasoning", r"phi-?4.*reason", _p(0.8, 0.95)),
    _Family("EXAONE", r"exaone", _p(0.6, 0.95)),
    _Family("Hunyuan", r"hunyuan", _p(0.7, 0.8, 20)),
    _Family("Granite 4", r"granite-?4", _p(0.0, 1.0)),
    _Family("Muse Glimmer", r"glimmer", _p(1.0, 0.95, 64)),
)


@dataclass(frozen=True, slots=True)
class Recommended:
    """Parameters and who recommends them."""

    params: Params
    source: str  # a family, or "GGUF": the model's own file
    known: bool = True  # False: nobody recommends anything for this model, and R1's parameters stand in


def family_of(info: ModelInfo) -> _Family | None:
    """The family of a model, by its name and what its file calls itself."""
    for text in (info.name, info.title, info.architecture):
        for family in FAMILIES:
            if re.search(family.pattern, text, re.IGNORECASE):
                return family
    return None


def with_system_prompt(
    messages: Sequence[Message], system: str, info: ModelInfo, system_role: bool
) -> tuple[Message, ...]:
    """The messages with a system prompt, where the model's maker wants one.

    DeepSeek advises against one for R1: there it stands at the head of the first message, unless the person wants it in
    the `system_role`. Where the maker's own default switches thinking on (Magistral), it stays in front.
    """
    if not system:
        return tuple(messages)
    family = family_of(info)
    if family is not None and family.no_system_prompt and messages and not system_role:
        return (replace(messages[0], content=f"{system}\n\n{messages[0].content}"), *messages[1:])
    if info.reasoning is not None and info.reasoning.system_part:
        system = f"{info.reasoning.system_part}\n\n{system}"
    return (Message("system", system), *messages)


def recommended(info: ModelInfo, file: Mapping[str, object] | None = None, thinking: str = "") -> Recommended:
    """What to sample a model with. `file`: the metadata of its GGUF, where it has one."""
    params, source = Params(), "DeepSeek-R1"
    family = family_of(info)
    if family is not None:
        params, source = family.params, family.name
        if thinking == OFF and family.plain is not None:
            params = family.plain
    own = {
        name: value
        for key, name in _GGUF_KEYS.items()
        if isinstance(value := (file or {}).get(f"general.sampling.{key}"), int | float) and is_sensible(name, value)
    }
    return Recommended(with_values(params, own), "GGUF") if own else Recommended(params, source, family is not None)


def is_sensible(name: str, value: object) -> bool:
    """Whether a parameter can have this value."""
    if name not in BOUNDS or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    least, most = BOUNDS[name]
    return least <= value <= most and (name not in _WHOLE or value == int(value))  # not so for NaN


def checked(values: Mapping[str, object]) -> dict[str, float | int]:
    """The values of parameters by name, each of them sensible. Raises MessageError for the first that is not."""
    good: dict[str, float | int] = {}
    for name, value in values.items():
        if not is_sensible(name, value) or not isinstance(value, int | float):
            least, most = BOUNDS.get(name, (0, 0))
            raise MessageError(_SENSELESS.format(name=name, value=value, least=least, most=most))
        good[name] = int(value) if name in _WHOLE else float(value)
    return good


def with_values(params: Params, values: Mapping[str, object]) -> Params:
    """`params` with these in place of its own. Raises MessageError for senseless ones."""
    return replace(params, **checked(values))  # type: ignore[arg-type]


def as_text(values: Mapping[str, object]) -> str:
    """Changed parameters as they are stored; "" for none."""
    return json.dumps(checked(values), sort_keys=True) if values else ""


def from_text(text: str) -> dict[str, float | int]:
    """What `as_text` wrote; nothing for what cannot be read."""
    values = value_of(text, dict) or {}
    names = {field.name for field in fields(Params)}
    return {name: value for name, value in values.items() if name in names and is_sensible(name, value)}
