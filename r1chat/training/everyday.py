"""What a small model is asked and cannot know: everyday questions from templates and word lists, and greetings.

It shall say so honestly. The questions are many and odd on purpose: what is none of the tasks gets the honest sentence.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from itertools import chain

from r1chat.both import Both
from r1chat.evaluation.generated import Language
from r1chat.training import phrases

HONEST = Both(
    "I am a nano model: I do small sums and the like. For the rest, get a real model.",
    "我是一个纳米模型，只会做简单的算术之类的题。其他问题请换用真正的模型。",
)
_HELLO = Both("Hello! I do small sums and the like. Give me one.", "你好！我会做简单的算术题，给我一道吧。")
_WELCOME = Both("You are welcome!", "不客气！")
_BYE = Both("Goodbye!", "再见！")


@dataclass(frozen=True, slots=True)
class _Talk:
    """A message that is no problem, a short thought about it, and the reply."""

    question: str
    thought: str
    answer: str


def draw(rng: random.Random, lang: Language) -> _Talk:
    """A message: three quarters are questions that the model cannot answer."""
    chance = rng.random()
    if chance < 0.12:
        return _talk(rng, lang, phrases.GREETINGS, _GREETED, _HELLO)
    if chance < 0.19:
        return _talk(rng, lang, phrases.THANKS, _THANKED, _WELCOME)
    if chance < 0.23:
        return _talk(rng, lang, phrases.BYES, _LEFT, _BYE)
    if chance < 0.30:
        question = rng.choice(phrases.WHO.pick(lang).split("\n"))
    elif chance < 0.36:
        question = _loose(rng, lang)
    else:
        question = _question(rng, lang)
    return _Talk(worn(question, rng, lang), _UNKNOWN.pick(lang), HONEST.pick(lang))


def _talk(rng: random.Random, lang: Language, messages: Both, thought: Both, answer: Both) -> _Talk:
    return _Talk(worn(rng.choice(messages.pick(lang).split("\n")), rng, lang), thought.pick(lang), answer.pick(lang))


def follow(rng: random.Random, lang: Language, number: int) -> tuple[int, str, int, str]:
    """What a second turn asks for on top of `number`: that number, a sign, another number, and the words."""
    sign = rng.choice("+-*") if number < 2 or number % 2 else rng.choice("+-**/")
    by = 2 if sign == "/" else rng.choice((2, 2, 3, 4, 5, 10)) if sign == "*" else rng.choice((rng.randint(1, 20), 100))
    if sign in "+-" and rng.random() < 0.3:
        by = rng.randint(10, 999)
    key = "double" if (sign, by) == ("*", 2) and rng.random() < 0.8 else sign
    return number, sign, by, worn(rng.choice(phrases.FOLLOW[key].pick(lang).split("\n")).format(by), rng, lang)


def _loose(rng: random.Random, lang: Language) -> str:
    """Words without a plan, so that what matters is what a message lacks: a problem."""
    if lang == "zh":
        return "".join(rng.choices(_LOOSE_ZH, k=rng.randint(1, 6))) + rng.choice(("", "？", "。", "！", "吗？", "呢？"))
    words = [rng.choice(_LOOSE_EN) if rng.random() < 0.85 else _invented(rng) for _ in range(rng.randint(1, 9))]
    return " ".join(words) + rng.choice(("", "?", ".", "!"))


def _invented(rng: random.Random) -> str:
    return "".join(rng.choices("etaoinshrdlucmfwygpbvkxqjz", range(27, 1, -1), k=rng.randint(2, 9)))


def _question(rng: random.Random, lang: Language) -> str:
    slots = phrases.SLOTS_ZH if lang == "zh" else phrases.SLOTS_EN
    template = rng.choice(_TEMPLATES[lang])
    for name, words in slots.items():
        while f"{{{name}}}" in template:
            template = template.replace(f"{{{name}}}", rng.choice(words), 1)
    while "{n}" in template:
        template = template.replace("{n}", str(rng.choice((rng.randint(2, 20), rng.randint(20, 2030)))), 1)
    return template


def worn(text: str, rng: random.Random, lang: Language) -> str:
    """The same with the small differences of typing."""
    if rng.random() < 0.35:  # 58+67=?
        text = _SPACED.sub(r"\1", text)
    if rng.random() < 0.3:
        text = text.replace("×", rng.choice("*x"))
    before, after = _AROUND[lang]
    if rng.random() < 0.15:
        text = f"{text}{'' if lang == 'zh' else ' '}{rng.choice(after)}"
    if lang == "en":
        if rng.random() < 0.2:
            text = f"{rng.choice(before)} {text[0].lower()}{text[1:]}"
        if rng.random() < 0.25:
            text = text.lower()
        elif rng.random() < 0.02:
            text = text.upper()
        if rng.random() < 0.2:
            text = text.rstrip("?.!")
    else:
        if rng.random() < 0.2:
            text = rng.choice(before) + text
        if rng.random() < 0.2:
            text = text.rstrip("？。！")
    return text


_SPACED = re.compile(r"(?<=[\d)x]) ([-+*/×÷=]) ?(?=[\d(x?？]|$)")
_TEMPLATES: dict[Language, list[str]] = {
    "en": phrases.TEMPLATES_EN.split("\n"),
    "zh": phrases.TEMPLATES_ZH.split("\n"),
}
_AROUND = {
    "en": (phrases.BEFORE_EN.split("\n"), phrases.AFTER_EN.split("\n")),
    "zh": (phrases.BEFORE_ZH.split("\n"), phrases.AFTER_ZH.split("\n")),
}
_LOOSE_EN = [*chain.from_iterable(phrases.SLOTS_EN.values()), *phrases.GLUE_EN]
_LOOSE_ZH = [*chain.from_iterable(phrases.SLOTS_ZH.values()), *"我你他是的了在有不这个人们和会能要说去看想"]

_UNKNOWN = Both("This is no sum. I do not know it, and should say so.", "这不是算术题。我不知道，应该如实说。")
_GREETED = Both("This is a greeting.", "这是问候。")
_THANKED = Both("This is a thank you.", "这是感谢。")
_LEFT = Both("This is a goodbye.", "这是告别。")
