"""Letters in a word, times of a day, and word problems of several steps."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from r1chat.both import Both, Language
from r1chat.evaluation.generated.drawing import OPERATIONS, Drawn, say
from r1chat.evaluation.words import WORDS


def _syllables(rng: random.Random) -> str:
    """A word that does not exist: two to four syllables."""
    parts = (rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") + rng.choice("nrstlmpg ") for _ in range(4))
    return "".join(list(parts)[: rng.randint(2, 4)]).replace(" ", "")


def letters(rng: random.Random, lang: Language) -> Drawn:
    """How often a letter occurs in a word: the r in strawberry."""
    word = rng.choice(WORDS) if rng.random() < 0.6 else _syllables(rng)
    letter = rng.choice(word) if rng.random() < 0.85 else rng.choice("abcdefghijklmnopqrstuvwxyz")
    question = say(
        rng,
        lang,
        (
            'How many "{c}" are in "{w}"?',
            "How many times does the letter {c} occur in {w}?",
            "Count the {c}s in {w}.",
            "How many {c} in {w}?",
            "how many {c}'s are in the word {w}",
            "How many times does the letter {c} occur in “{w}”?",
            "How many times does {c} appear in {w}?",
            "How many letters {c} does the word {w} have?",
            "How often is there a {c} in the word “{w}”?",
            "how many {c}s are there in {w}?",
            "Count the letter {c} in '{w}'",
            "What is the number of {c}'s in {w}?",
        ),
        (
            "单词 {w} 里有几个字母 {c}？",
            "“{w}”中字母“{c}”出现了几次？",
            "{w} 这个单词里有多少个 {c}？",
            "数一数 {w} 里的 {c}。",
            "{w}里有几个{c}？",
            "字母 {c} 在 {w} 中出现几次？",
            "请数出单词“{w}”里字母 {c} 的个数。",
        ),
        c=letter,
        w=word,
    )
    return Drawn(f"{letter} in {word}", question, str(word.count(letter)), values=(letter, word))


def clock(rng: random.Random, lang: Language) -> Drawn:
    """The time so many minutes later, as minutes past the hour."""
    hour, minute, later = rng.randint(0, 23), rng.randrange(0, 60, 5), rng.randrange(5, 300, 5)
    total = hour * 60 + minute + later
    split = later >= 60 and rng.random() < 0.4  # "2 h 35 min"
    question = say(
        rng,
        lang,
        (
            "It is {t}. What time is it {m} later? Write hours and minutes as HH:MM.",
            "It is {t}. What time is it {m} later?",
            "What time is it {m} after {t}?",
            "A train leaves at {t} and needs {m}. When does it arrive?",
            "A bus leaves at {t}. The ride takes {m}. When does it arrive?",
            "A film begins at {t} and takes {m}. When does it end?",
            "{t} plus {m} is what time?",
            "School starts at {t} and ends {m} later. When does it end?",
        ),
        (
            "现在是 {t}。{m}以后是几点？请按 HH:MM 的格式回答。",
            "现在是{t}，{m}以后是几点？",
            "{t} 过{m}是几点？",
            "一列火车 {t} 出发，行驶{m}，几点到达？",
            "一趟汽车{t}出发，路上要{m}，什么时候到？",
            "电影 {t} 开始，长{m}，几点结束？",
        ),
        t=f"{hour:02d}:{minute:02d}" if rng.random() < 0.5 else f"{hour}:{minute:02d}",
        m=_duration(later, split, lang, rng),
    )
    answer = f"{total // 60 % 24:02d}:{total % 60:02d}"
    return Drawn(f"{hour}:{minute}+{later}", question, answer, "text", (hour, minute, later, split))


def _duration(minutes: int, split: bool, lang: Language, rng: random.Random) -> str:
    """A time in minutes, or in hours and minutes."""
    hours, rest = divmod(minutes, 60)
    if lang == "zh":
        return f" {hours} 小时 {rest} 分钟" if split else f" {minutes} 分钟"
    if not split:
        return f"{minutes} minutes"
    text = rng.choice(("{} h {} min", "{} hours and {} minutes", "{} hours {} minutes")).format(hours, rest)
    return text.replace("1 hours", "1 hour") if hours == 1 else text


_NAMES = Both(
    "Anna Ben Carla David Emma Felix Grace Hugo Ivy Jack Lena Max Nora Oscar Paul Rosa Sam Tom Mary Peter",
    "小明 小红 小华 小丽 小刚 小芳 小军 小美 小强 小王 小李 妈妈 爸爸 老师 爷爷 丽丽",
)
_THINGS = Both(
    "apples books pens stickers marbles eggs coins cards cookies oranges balls stamps toys flowers cups",
    "个苹果 本书 支笔 张贴纸 颗玻璃球 个鸡蛋 枚硬币 张卡片 块饼干 个橘子 个球 张邮票 朵花 个杯子 颗糖",
)
Steps = tuple[tuple[Any, str, Any], ...]
_STORIES: tuple[tuple[tuple[str, ...], tuple[str, ...], Callable[[int, int, int, int], Steps]], ...] = (
    (
        (
            "{n} has {b} boxes with {e} {t} each, and gets {m} more. How many {t} does {n} have now?",
            "{n} owns {b} bags of {e} {t} and then finds {m} {t}. How many {t} is that?",
        ),
        (
            "{n}有 {b} 盒东西，每盒 {e} {t}，又得到 {m} {t}。现在一共有多少{t}？",
            "{n}有{b}袋，每袋{e}{t}，后来又买了{m}{t}，一共多少？",
        ),
        lambda b, e, m, less: ((b, "*", e), (".", "+", m)),
    ),
    (
        (
            "{n} has {b} boxes with {e} {t} each and gives {l} {t} away. How many are left?",
            "There are {b} rows of {e} {t}. {n} takes {l} of them. How many remain?",
        ),
        ("{n}有 {b} 盒东西，每盒 {e} {t}，送出 {l} {t}。还剩多少？", "有{b}排，每排{e}{t}，{n}拿走{l}{t}，还剩多少？"),
        lambda b, e, m, less: ((b, "*", e), (".", "-", less)),
    ),
    (
        ("{n} buys {b} bags with {e} {t} each, finds {m} more, and loses {l}. How many {t} are there?",),
        ("{n}买了 {b} 袋，每袋 {e} {t}，又找到 {m} {t}，丢了 {l} {t}。一共有多少？",),
        lambda b, e, m, less: ((b, "*", e), (".", "+", m), (".", "-", less)),
    ),
    (
        (
            "{n} has {b} shelves with {e} {t} each. A friend has twice as many, and gives {l} away. How many {t} does "
            "the friend have?",
        ),
        ("{n}有 {b} 层架子，每层 {e} {t}。朋友的数量是{n}的两倍，又送出 {l} {t}。朋友还有多少？",),
        lambda b, e, m, less: ((b, "*", e), (".", "*", 2), (".", "-", less)),
    ),
    (
        (
            "{n} has {m} {t} and gets {e} more. How many {t} does {n} have?",
            "{n} had {m} {t}. Then {n} bought {e} {t}. How many now?",
            "There are {m} {t} on the table and {e} on the floor. How many are there in all?",
        ),
        (
            "{n}有{m}{t}，又得到{e}{t}，现在有多少？",
            "桌上有 {m} {t}，地上有 {e} {t}，一共有多少？",
            "{n}原来有{m}{t}，后来买了{e}{t}，共有多少？",
        ),
        lambda b, e, m, less: ((m, "+", e),),
    ),
    (
        (
            "{n} has {m} {t} and gives {l} to a friend. How many {t} are left?",
            "There were {m} {t}. {n} ate {l}. How many are there now?",
            "{n} had {m} {t} and lost {l} of them. How many does {n} still have?",
        ),
        (
            "{n}有{m}{t}，给了朋友{l}{t}，还剩多少？",
            "原来有 {m} {t}，{n}用掉了 {l} {t}，还剩几？",
            "{n}有 {m} {t}，丢了 {l} {t}，还有多少？",
        ),
        lambda b, e, m, less: ((m, "-", less),),
    ),
    (
        (
            "One of the {t} costs {e} dollars. How many dollars do {b} of them cost?",
            "A ticket costs {e} euros. How much do {b} tickets cost?",
            "{n} earns {e} dollars an hour and works {b} hours. How much does {n} earn?",
            "Each of {b} children gets {e} {t}. How many {t} are needed?",
            "A car drives {e} km in an hour. How far does it drive in {b} hours?",
            "{n} reads {e} pages a day. How many pages are that in {b} days?",
        ),
        (
            "一张票 {e} 元，{b} 张票多少钱？",
            "{n}每小时挣 {e} 元，工作 {b} 小时，一共挣多少元？",
            "{b}个孩子每人分{e}{t}，一共需要多少？",
            "汽车每小时行驶 {e} 公里，{b} 小时行驶多少公里？",
            "{n}每天看 {e} 页书，{b} 天看多少页？",
        ),
        lambda b, e, m, less: ((b, "*", e),),
    ),
    (
        (
            "{n} buys {b} {t} for {e} dollars each and pays with a 200 dollar note. How much change does {n} get?",
            "{n} has 200 dollars and buys {b} {t} at {e} dollars each. How many dollars are left?",
        ),
        ("{n}买了{b}{t}，每样 {e} 元，付了 200 元，应找回多少元？",),
        lambda b, e, m, less: ((b, "*", e), (200, "-", ".")),
    ),
    (
        (
            "A rope is {e} times {b} metres long. {l} metres are cut off. How long is it now?",
            "{n} is {e} years old and the grandmother {b} times as old. How old was the grandmother {l} years ago?",
        ),
        (
            "一根绳子长 {b} 米的 {e} 倍，剪去 {l} 米，还剩多少米？",
            "{n}{e}岁，奶奶的年龄是{n}的{b}倍，{l}年前奶奶多少岁？",
        ),
        lambda b, e, m, less: ((b, "*", e), (".", "-", less)),
    ),
    (
        (
            "{n} is {e} years old. How old will {n} be in {m} years?",
            "It was {e} degrees in the morning and is {m} degrees warmer now. How many degrees is it now?",
        ),
        ("{n}今年 {e} 岁，{m} 年后多少岁？", "早上 {e} 度，现在升高了 {m} 度，现在多少度？"),
        lambda b, e, m, less: ((e, "+", m),),
    ),
    (
        (
            "There are {b} birds and {e} dogs. How many legs do they have together?",
            "How many legs do {b} birds and {e} dogs have?",
        ),
        ("有 {b} 只鸡和 {e} 只兔子，一共有多少条腿？", "{b}只鸡和{e}只兔，共有几只脚？"),
        lambda b, e, m, less: ((b, "*", 2), (e, "*", 4), (2 * b, "+", 4 * e)),
    ),
)


def stories(rng: random.Random, lang: Language) -> Drawn:
    """Word problems of one to three steps, and heads and legs of chickens and rabbits."""
    if rng.random() < 0.12:
        return _cage(rng, lang)
    kind = rng.randrange(len(_STORIES))
    boxes, per_box, more, less = rng.randint(2, 9), rng.randint(2, 12), rng.randint(2, 20), rng.randint(1, 4)
    english, chinese, solve = _STORIES[kind]
    if kind in (4, 5, 9):  # one sum: larger numbers
        per_box, more, less = rng.randint(2, 99), rng.randint(20, 99), rng.randint(2, 19)
    values = {"b": boxes, "e": per_box, "m": more, "l": less, "t": rng.choice(_THINGS.pick(lang).split())}
    question = say(rng, lang, english, chinese, n=rng.choice(_NAMES.pick(lang).split()), **values)
    steps = solve(boxes, per_box, more, less)
    core = f"story{kind} " + " ".join(f"{a}{sign}{b}" for a, sign, b in steps)
    return Drawn(core, question, str(_result(steps)), values=steps)


def _result(steps: Steps) -> int:
    """Of operations one after another; "." is the result of the one before."""
    value = 0
    for a, sign, b in steps:
        value = OPERATIONS[sign](value if a == "." else a, value if b == "." else b)
    return value


def _cage(rng: random.Random, lang: Language) -> Drawn:
    """Chickens and rabbits by their heads and legs: how many rabbits (or chickens)?"""
    chickens, rabbits = rng.randint(1, 30), rng.randint(1, 20)
    heads, legs = chickens + rabbits, 2 * chickens + 4 * rabbits
    rabbit = rng.choice((True, False))
    question = say(
        rng,
        lang,
        (
            "A cage holds chickens and rabbits with {h} heads and {f} legs. How many {w} are there?",
            "Chickens and rabbits have {h} heads and {f} legs together. How many {w}?",
        ),
        (
            "笼中有鸡和兔共 {h} 只，脚共 {f} 只，{w}有几只？",
            "鸡兔同笼，共有 {h} 个头，{f} 只脚，{w}有多少只？",
            "笼子里有鸡和兔，共{h}个头、{f}条腿，有几只{w}？",
        ),
        h=heads,
        f=legs,
        w=("rabbits" if rabbit else "chickens") if lang == "en" else ("兔" if rabbit else "鸡"),
    )
    both = lang == "zh" and rng.random() < 0.4
    if both:
        question = say(
            rng,
            lang,
            (),
            ("笼中有鸡和兔共 {h} 只，脚共 {f} 只，鸡和兔各有几只？", "鸡兔同笼，共 {h} 个头，{f} 只脚，鸡兔各几只？"),
            h=heads,
            f=legs,
        )
    answer = f"{chickens}, {rabbits}" if both else str(rabbits if rabbit else chickens)
    what = "both" if both else "rabbits" if rabbit else "chickens"
    return Drawn(
        f"cage {heads} {legs}", question, answer, "expression" if both else "number", ("cage", heads, legs, what)
    )
