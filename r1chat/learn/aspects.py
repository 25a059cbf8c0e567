"""Training on one aspect of the marks, or on a weighted sum: helpfulness and harmlessness apart, as in R1's last stage.

DeepSeek-R1 (arXiv 2501.12948, section 2.3.4) judges helpfulness by the answer alone, and harmlessness by the thought
and the answer. So marks of helpfulness alone train the tokens of the answer, with the thought as part of the prompt;
everything else trains both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.reasoning_format import ReasoningFormat

Aspect = Literal["helpfulness", "harmlessness"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
MIDDLE = 3  # of the marks 1 to 5: neither good nor bad


def weights(text: str) -> dict[Aspect, float]:
    """The weights of aspects: "helpfulness", or "helpfulness=1,harmlessness=2"; {} for "". Raises TrainingError."""
    by_aspect: dict[Aspect, float] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        aspect = next((known for known in ASPECTS if known == name.strip()), None)
        try:
            weight = float(number or 1)
        except ValueError:
            weight = 0.0
        if aspect is None or aspect in by_aspect or not 0 < weight < 1000:
            raise TrainingError(_SENSELESS.format(text=text))
        by_aspect[aspect] = weight
    return by_aspect


def label(marks: Mapping[Aspect, int], by: Mapping[Aspect, float]) -> bool | None:
    """Whether marks (0: not given) speak for a reply: the sign of their weighted distance from the middle.

    None where they say nothing.
    """
    total = sum(weight * (marks[aspect] - MIDDLE) for aspect, weight in by.items() if marks.get(aspect))
    return None if total == 0 else total > 0


def split_thought(completion: str, form: ReasoningFormat) -> tuple[str, str]:
    """What stands before the answer of a rendered reply, and the answer; ("", completion) without a thought."""
    close = form.close_text.strip()  # with the tag that opens the answer, where there is one
    before, close, after = completion.partition(close if close and close in completion else form.close)
    answer = after.lstrip()
    if not close or not answer:
        return "", completion
    return before + close + after[: len(after) - len(answer)], answer


_SENSELESS = Both(
    "“{text}” makes no sense. Give helpfulness, harmlessness, or weights such as helpfulness=1,harmlessness=2.",
    "“{text}”没有意义。请给出 helpfulness、harmlessness，或权重，如 helpfulness=1,harmlessness=2。",
)
