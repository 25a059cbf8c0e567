"""Choices: what the letter of one looks like, and those that a reply judges one by one ("(A) No. (C) Yes."). Pure text.

Owns the words by which a choice is affirmed or denied, in English and Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from r1chat.answers.spelling import unwrap

_BRACKETED = re.compile(r"[(\[（][A-J][)\]）]")
_CHOICE = re.compile(
    r"(?i:option|choice|选项|選項|选|選)?[\s:：]*(?:[(\[（]([A-J])[)\]）]|([A-J])(?=\s*$|\s*(?:选?项|選?項)|\s*[).:：、）](?!\d)|\s+[(（]))"
)
_CHOICES = re.compile(r"\s*[(\[]?[A-J][)\]]?(?:(?:[\s,;、，和与及.]|and)*[(\[]?[A-J][)\]]?){0,9}[\s.]*")
_LETTER = r"(?:[(（\[]\s?[A-J]\s?[)）\]]|(?<![a-zA-Z0-9_\\'’.])[A-J](?![a-zA-Z0-9_'’]))"
_LETTERS = re.compile(
    rf"{_LETTER}(?:[\s*_]{{0,4}}(?:[,，、/&]|\b(?:and|or|nor)\b|[和或与及]){{1,2}}[\s*_]{{0,4}}(?:\band\s+)?{_LETTER}){{0,9}}"
)
_JOINED = re.compile(r"\b(?:or|nor)\b|或")
_LED = re.compile(  # a line that begins with the choice: "D. B would be right if", "**C)** 12", "B (not A)"
    r"^[ \t*_#>]{0,8}(?:[(（\[]([A-J])[)）\]]|([A-J])(?:[)）.．。:：]|、(?!\s?[A-J])|(?=[ *_]{0,4}[(（—–]|\s-\s)))",
    re.MULTILINE,
)
_ASIDE = re.compile(r"[(（][^()（）\n]{0,200}[)）]")
_BEHIND = re.compile(
    r"(?:[\s*_:：)）\]|—–-]{0,6}|(?P<point>[\s*_)）\]]{0,4}[.．、?？][\s*_]{0,4})|(?P<comma>[\s*_)）\]]{0,4}[,，][\s*_]{0,4}))"
    r"(?:(?:is|are|was|would\s+be|must\s+be|seems|looks|项|选项)\s*)?"
    r"(?:(?:also|the|an?|only|clearly|definitely|obviously|therefore|thus|all|both|indeed|completely|statement|answer|option"
    r"|choice|也|都|是|显然|明显|完全|项)\s*){0,4}[\s*_:：]{0,4}"
    r"(?:(?P<no>(?:(?:is|are|was|does|do|did|can|could|would|has|have|will)(?:n['’]t|\s+not)|not(?!\s+[(（*]{0,3}[A-J]\b)"
    r"|cannot|can['’]t|incorrect|wrong|false|no|fail(?:s|ed)?|untrue|invalid|impossible|too\s+\w+|contradicts?|ignores?|irrelevant"
    r"|out|excluded|eliminated|ruled\s+out)\b|[❌✗✘×✖]|不|错|非(?!常)|排除|有误|无关)"
    r"|(?P<yes>(?:correct|right|true|yes|just\s+right|best|fits?|works|holds|matches|valid|the\s+answer|answers\s+the\s+question)\b|[✓✔✅☑√]|对|正确|符合|成立))",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[\s*_]{0,4}(?:[.,;:!。，；：！—–-]|$|\n|because\b|since\b|的)", re.IGNORECASE)
_VERB = re.compile(r"\s+(?!is\b)[a-z]")  # "I can"
_WORD = re.compile(  # "A train"
    r"\s+(?!(?:is|isn|was|and|or|fits|fails|works|holds|matches|does|doesn|contradicts|ignores|would|can|cannot|seems|best)\b)[a-z]"
)
_DENIED = re.compile(
    r"\b(?:not|cannot|never|neither|nor|none|except|than|instead|wrong|incorrect|false|eliminates?|excludes?|discard|reject|distractor"
    r"|rules?\s+out|without|unlike|(?:all|\w{3,5}thing)\s+but)\b|n['’]t\b|[不非除错]|没有",
    re.IGNORECASE,
)
_AFFIRMED = re.compile(
    r"(?:\b(?:is|are|be|choose|pick|select|prefer|take|(?:go(?:ing)?\s+with|opt\s+for)|so|therefore|thus|hence|leaves|leaving|answer|yes|clearly|definitely|certainly|obviously)|[选選是故]|(?<![因认])为)"
    r"[\s:：*_(（]{0,6}(?:(?:option|choice|statement|answer|letter|选项|只有)\s*)?[\s:：*_]{0,4}$",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"\b(?:(?P<no>incorrect|wrong|false|no)|correct|right|true|yes)\s*[:：]\s*[*_]{0,4}$", re.IGNORECASE
)
_SAME = re.compile(r"\b(?:so|neither|nor)\s+(?:is|are|does|do)\s[\s*_(]{0,4}$", re.IGNORECASE)  # as the one before
_CONDITIONAL = re.compile(r"[\s*_)）\].:：,，]{0,6}would\b[^.!?;\n]{0,60}\bif\b", re.IGNORECASE)
_OPEN = re.compile(r"[\s*_)）\].:：,，]{0,6}(?:would|might|may|could|should)\b", re.IGNORECASE)
_PAUSE = re.compile(
    r"[.!?;:。！？；：\n]|[,，]|\b(?:so|therefore|thus|hence|leaves|leaving|(?<!all\s)(?<!thing\s)but|because|since)\b|所以|因此|故",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?;。！？；\n]")
_REACH = 100  # characters around a letter in which its clause begins and ends


@lru_cache(maxsize=512)
def choice(text: str) -> str | None:
    """The letter of a choice, A to J: `B`, `(B)`, `B. Paris`, `选B`; None where the text is no choice."""
    text = unwrap(text)
    match = _CHOICE.match(text)
    if match is None or len(_BRACKETED.findall(text)) > 1:  # a list of the choices
        return None
    return match[1] or match[2]


def choices(text: str) -> frozenset[str]:
    """The letters of a text that is nothing but choices: `B`, `AC`, `A、C`, `(A) and (C)`; else empty."""
    text = unwrap(text)
    letters = re.findall("[A-J]", text)
    if len(text) > 60 or not _CHOICES.fullmatch(text) or len(set(letters)) != len(letters):
        return frozenset()
    return frozenset(letters)


@dataclass(frozen=True, slots=True)
class LetterMarks:
    """The letters that a text names, by what it says of them."""

    affirmed: frozenset[str]
    denied: frozenset[str]
    named: frozenset[str]  # and neither of the two
    asked: frozenset[str]  # in questions alone, or as another one


def read(text: str) -> LetterMarks:
    """What a text says of each choice; the last word on it counts."""
    verdicts: dict[str, str] = {}
    for mention in _LETTERS.finditer(text):
        if verdict := _verdict(text, mention):
            for letter in re.findall("[A-J]", mention[0]):
                if verdict in ("yes", "no") or verdicts.get(letter, "asked") == "asked":
                    verdicts[letter] = verdict
    kinds = ("yes", "no", "named", "asked")
    return LetterMarks(*(frozenset(letter for letter in verdicts if verdicts[letter] == kind) for kind in kinds))


def _verdict(text: str, mention: re.Match[str]) -> str:
    """yes, no, named or asked; empty for a word ("A train")."""
    if (mention[0] == "A" and _WORD.match(text, mention.end())) or (
        mention[0] == "I" and _VERB.match(text, mention.end())
    ):
        return ""
    behind = _judged(text, mention.end())
    if behind == "yes" and _CONDITIONAL.match(text, mention.end()):
        return "asked"
    end = _END.search(text, mention.end(), mention.end() + _REACH)
    if end and end[0] in "?？" and not (behind and end.start() - mention.end() < 2):  # "A? No."
        return "asked"
    start = max(0, mention.start() - _REACH)
    for pause in _PAUSE.finditer(text, start, mention.start()):
        start = pause.start() if pause[0][0].isalpha() else pause.end()
    before = text[start : mention.start()]
    if _SAME.search(before):
        return "asked"
    if headed := _HEADED.search(text, max(0, mention.start() - 20), mention.start()):
        return "no" if headed["no"] else "yes"
    if behind != "no" and _JOINED.search(mention[0]):
        return "named"
    if behind:
        return behind
    if _DENIED.search(before) or _OPEN.match(text, mention.end()):
        return "no"
    return "yes" if _AFFIRMED.search(before) else "named"


def _judged(text: str, end: int) -> str:
    """yes or no, where a text says so right behind a letter that ends at `end`; else empty."""
    behind = _BEHIND.match(text, end)
    if behind is None or (behind["point"] and not _ENDS.match(text, behind.end())):
        return ""  # "C. No other fits."
    if behind["comma"] and not re.match("fail|wrong|incorrect|错", behind[0].strip("，, *_").lower()):
        return ""  # "C, not D"
    return "no" if behind["no"] else "yes"


def chosen(text: str) -> str | None:
    """The letters that a text chooses, in order; empty where it names none, None where it does not plainly choose.

    The letter that leads the reply or its last line, where no other line begins with one, or None where another is
    affirmed outside of brackets. Else those that it affirms; else those that stand alone on the last line or the first;
    else the only one that it names and does not deny; else the one that begins the last line, where that is no list of
    the choices.
    """
    marks = read(text)
    if leading := _leading(text, marks):
        return None if read(_ASIDE.sub(" ", text)).affirmed - {leading} else leading
    if marks.affirmed:
        return "".join(sorted(marks.affirmed))
    lines = text.strip().splitlines()
    for line in (*lines[-1:], *lines[:1]):
        if alone := choices(line):
            return "".join(sorted(alone))
    if len(marks.named) == 1:
        return "".join(marks.named)
    last = choice(lines[-1]) if lines else None
    if last in marks.named and not any(map(choice, lines[-2:-1])):
        return last
    return None if marks.named or marks.denied or marks.asked else ""


def _leading(text: str, marks: LetterMarks) -> str:
    """The letter of the only line that begins with a choice, if that is the first or the last; else empty."""
    leads = list(_LED.finditer(text.strip()))
    if len(leads) != 1 or (leads[0].start() and "\n" in text.strip()[leads[0].end() :]):
        return ""
    letter = leads[0][1] or leads[0][2]
    return "" if letter in marks.denied else letter


def marked(text: str) -> str:
    """The one letter that a text affirms where it judges several one by one; empty where it does not."""
    marks = read(text)
    single = len(marks.affirmed) == 1 and marks.denied and not _leading(text, marks)
    return "".join(marks.affirmed) if single else ""
