"""The language reward: how much of a chain is in its question's language?

After DeepSeek-R1, section 2.3.2: the share of words in the chain that are in the target language. Languages are told
apart by their script, so "English" stands for all that is written in Latin letters. Owns what counts as a word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from r1chat.rewards.reward import Reward

CHARACTERS_A_WORD = 1.6  # of Chinese, on average, to one word of English

_SCRIPTS = {
    "English": "A-Za-zÀ-ÖØ-öø-ɏ",
    "Chinese": "\u3400-\u4dbf\u4e00-\u9fff",
    "Japanese": "\u3041-\u30ff",
    "Korean": "\uac00-\ud7af",
    "Russian": "\u0400-\u04ff",
    "Greek": "\u0370-\u03ff",
    "Arabic": "\u0600-\u06ff",
    "Hebrew": "\u0590-\u05ff",
    "Hindi": "\u0904-\u0963",
    "Bengali": "\u0980-\u09ff",
    "Tamil": "\u0b80-\u0bff",
    "Thai": "\u0e00-\u0e7f",
}
_ZH = {
    "English": "英语",
    "Chinese": "中文",
    "Japanese": "日语",
    "Korean": "韩语",
    "Russian": "俄语",
    "Greek": "希腊语",
    "Arabic": "阿拉伯语",
    "Hebrew": "希伯来语",
    "Hindi": "印地语",
    "Bengali": "孟加拉语",
    "Tamil": "泰米尔语",
    "Thai": "泰语",
}
_UNSPACED = ("Chinese", "Japanese", "Thai")  # a match is one character, not one word
_WORD = re.compile(
    "|".join(f"(?P<{name}>[{span}]{'' if name in _UNSPACED else '+'})" for name, span in _SCRIPTS.items())
)
# What is no language: code in fences, in backticks or by the look of its lines, formulas, LaTeX commands, addresses,
# tags, names with digits or `_`.
_NO_WORDS = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$[^$]+\$\$|\$[^$\n]+\$|\\\[(?:[^\\]|\\(?![\[\]]))*\\\]|\\\((?:[^\\]|\\(?![()]))*\\\)"
    r"|\\[a-zA-Z]+(?:\{[a-zA-Z ]*\})?|https?://\S+|</?[a-zA-Z]+>|(?<![a-zA-Z0-9_])[a-zA-Z]*[0-9_][a-zA-Z0-9_]*",
    re.DOTALL,
)
_CODE_LINE = re.compile(
    r"^[ \t]*+(?:(?:for|if|elif|else|while|def|class|return|import|print)\b[ -~]*[:;)\]]|[ -~]*[;{}])[ \t]*$",
    re.MULTILINE,
)
_FUNCTIONS = frozenset(("sin", "cos", "tan", "log", "ln", "exp", "sqrt", "lim", "max", "min", "mod", "gcd", "lcm"))


def language_consistency(reasoning: str, question: str) -> Reward:
    """The share of the chain's words that are in the question's language.

    After DeepSeek-R1 (arXiv 2501.12948v1), section 2.3.2. In languages written without spaces, 1.6 characters count as
    a word. Formulas, numbers, code, single letters, acronyms, and foreign words that the question itself uses are not
    counted. If the question has no words, the chain's most frequent language is the expected one. A chain without words
    has the value 1.0, an empty chain None.
    """
    if not reasoning.strip():
        return Reward(None, "There is no chain of thought to judge.", "没有可评判的思考过程。")
    question_counts = _weigh(_words(question))
    quoted = {word for _, word in _words(question)}
    target = _main(question_counts)
    counts = _weigh(
        (language, word) for language, word in _words(reasoning) if language == target or word not in quoted
    )
    main = target or _main(counts)
    if main is None or not counts:
        return Reward(1.0, "The chain holds no words, only formulas or code.", "思考过程只有公式或代码，没有文字。")
    if main == "Japanese":
        counts[main] += counts.pop("Chinese", 0.0)
    share = counts[main] / sum(counts.values())
    percent = "100%" if share == 1 else f"{min(99, round(100 * share))}%"
    if target:
        why, why_zh = (
            f"{percent} of the chain is in {main}, as the question is",
            f"思考过程的 {percent} 与问题同用{_ZH[main]}",
        )
    else:
        why, why_zh = (
            f"{percent} of the chain is in its main language, {main}",
            f"思考过程的 {percent} 使用其主要语言{_ZH[main]}",
        )
    if share < 1:
        other = max((language for language in counts if language != main), key=lambda language: counts[language])
        why, why_zh = f"{why}; most of the rest is in {other}", f"{why_zh}，其余多为{_ZH[other]}"
    return Reward(share, f"{why}.", f"{why_zh}。")


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text (characters in languages without spaces), each with its language."""
    for match in _WORD.finditer(_CODE_LINE.sub("", _NO_WORDS.sub(" ", text))):
        language, word = match.lastgroup or "", match[0]
        if language in ("English", "Greek"):
            if len(word) == 1 or (word.isupper() and len(word) <= 5) or word in _FUNCTIONS:
                continue
            word = word.lower()
        yield language, word


def _weigh(words: Iterable[tuple[str, str]]) -> defaultdict[str, float]:
    """The number of words in each language."""
    weights: defaultdict[str, float] = defaultdict(float)
    for language, _ in words:
        weights[language] += 1 / CHARACTERS_A_WORD if language in _UNSPACED else 1.0
    return weights


def _main(weights: Mapping[str, float]) -> str | None:
    """The most frequent language, if there is any. Chinese characters mixed with kana count as Japanese."""
    merged = dict(weights)
    if merged.get("Japanese", 0.0) > 0.2 * merged.get("Chinese", 0.0):
        merged["Japanese"] += merged.pop("Chinese", 0.0)
    return max(merged, key=lambda language: merged[language], default=None)
