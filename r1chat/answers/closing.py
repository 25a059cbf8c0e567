"""What a reply says at its end, where the right answer is a text, a day, or a quotient with its remainder. Pure text.

Owns what it takes to state a text in a sentence. Strict: a text is stated behind the verb of the closing sentence, or
alone; where it merely occurs, nothing is decided.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from r1chat.answers import dates
from r1chat.answers.compare import compare
from r1chat.answers.denials import is_question, refuses, without_denied
from r1chat.answers.final import WINDOW, final_answer, is_prose, is_system, quantities, stated
from r1chat.answers.numerals import scale
from r1chat.answers.parts import before_parts
from r1chat.answers.reading import plain_text, read, same_text
from r1chat.answers.retractions import NUMBER
from r1chat.answers.spelling import unwrap

_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[^\W\d][.!?*])\s+(?=[A-Z*\"“])|(?<=\d[.!?])\s+(?=[A-Z*])|\n")
_VERB = re.compile(
    r"\b(?:(?:is|are|was)\s(?:called|named)|is|are|was|were|be|becomes?|falls)\b\s?:?|(?<=\b(?:it|he))['’]s\s|(?<=\bthat)['’]s\s|[是为叫](?=[^\W的])|[:：]",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\A(?:(?:on|in|at|by)\s+)?(?:the\s+|an?\s+)?", re.IGNORECASE)
_PAUSE = re.compile(
    r"[,，;；(（。—–]|\s-\s|\.(?=\s|$)|\s(?:because|since|as|which|who|and\s(?:so|not)|so|when|after|before)\s",
    re.IGNORECASE,
)
_OPEN = re.compile(  # whoever says so, or whether: no statement
    r"\b(?:not|never|cannot|no|nor|neither|if|whether|unless|would|might|may|could|should|must|think|thought|believed?|says?"
    r"|seems?|wrong|false|incorrect|mistaken|suppose|except|than|but|however|instead|actually|wait|yesterday"
    r"|tomorrow|although|though|while|before|after|question|often|sometimes|once|used|former(?:ly)?|guess|naive|tempting"
    r"|trap|common|popular|or"
    r"|least|too|another|other|opposite|negation|converse|distractor|runner-up|rival|only|part(?:ly|ial)?|nobody|none|loser|lost|first|second|half)\b"
    r"|n['’]t\b|[不没非若错或吗曾另说?？]|如果|可能|认为|以为|以前|昨天|明天|虽然|难道",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"\A[\s*_#>]{0,8}(?P<text>[^\n.!?。！？,，;；:：(（—–]{1,80}?)[*_]{0,4}\s?(?:[.!。！(（—–\n]|\s-\s|\Z)"
)
_CONTRAST = re.compile(r"[(（,，]\s?(?:and\s)?(?:not\s|而?不是|而非)[^()（）,，.。\n]{1,60}[)）]?", re.IGNORECASE)
_ITEMS = re.compile(r"\s*(?:[,，、;；\n]|\band\b|[和与及])+\s*(?:and\s)?", re.IGNORECASE)
_BULLET = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+", re.MULTILINE)
_PLAIN = re.compile(r"\*\*|[=\\]|\$[^$\n]*\$(?!\d)|[:：]\s|\d!")
_NAME = re.compile(
    r"[^\W\d_][\w'’.-]*(?:\s[\w'’-]+)?\s*(?:[.,;(]|\Z)|[\u4e00-\u9fff]{1,4}[。，！]?\Z"
)  # another answer, perhaps
_CLAUSE = re.compile(r"[;；(（–—]|\s-\s")
_THAT = re.compile(r"\b(?:that|which|who|what)\b[^,;]*\Z|的\Z", re.IGNORECASE)
_CONCLUSION = re.compile(r"\b(?:so|therefore|thus|hence|leaving|making|giving|but)\b|所以|因此|故|但", re.IGNORECASE)
_LEAD = 4  # characters at the beginning of a sentence, with the conclusion that it is itself
_MOST = 6  # numbers of a sentence that are compared
_REMAINDER = re.compile(
    r"(?<![\d.])(\d{1,12})[,，;；]?\s?(?:and\s|with\s|并且?|且)?(?:(?:an?|the)\s)?"
    r"(?:remainder|rem\.?|R|余数?|…{1,2}|\.{3,6})\s?(?:of|is|was|=|[是为:：])?\s?(\d{1,12})(?![\d.]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict that may be undecided, beside None for no verdict at all."""

    right: bool | None


def says_same(answer: str, reference: str) -> Decision | None:
    """Where the reference is a day, or a quotient with its remainder, and the answer states one too: are they the same?

    Undecided where it stands beside another one, is denied or doubted, or is not in the last sentence. None for other
    references and answers.
    """
    pair, right = _REMAINDER.fullmatch(reference.strip().removeprefix("商").lstrip("是为 ")), read(reference).moment

    def same(sentence: str) -> list[bool]:
        if pair:
            return [other == pair.groups() for other in _REMAINDER.findall(sentence)]
        return [dates.agree(day, right) for day in dates.days(sentence)] if isinstance(right, dates.Date) else []

    *earlier, last = _sentences(answer) or [""]
    verdicts = [verdict for sentence in (*earlier, last) for verdict in same(sentence)]
    if not verdicts:
        return None
    if all(verdicts) and same(last) and not _OPEN.search(last) and not _CONCLUSION.search(last, _LEAD):
        return Decision(True)
    return Decision(None if any(verdicts) else False)


def says(answer: str, text: str) -> bool | None:
    """Does an answer state a text? None: it merely occurs, or is denied; False: another is stated, or none."""
    final, (line, announced) = final_answer(answer), stated(answer)
    word, first = read(text).word, read(answer[:WINDOW].replace("*", "")).word
    if read(text).moment and ((final and read(final).moment) or NUMBER.search(answer[-WINDOW:])):
        return False if final and read(final).moment else None
    if word and first and first != word and not _is_open(answer):
        return False
    if final and (announced or not line or (word and read(final).word)):
        inside = announced and not read(final).word and _occurs(_bare(text), final)
        return _same(final, text) or (None if inside else False)
    sentences = _sentences(answer)
    if not sentences:
        return False
    if _stands_alone(answer, text) or (
        _is_behind_the_verb(sentences[-1], text) and not _names_another(sentences[:-1], text)
    ):
        return True
    if len(items := _ITEMS.split(text)) > 1:
        return _lists(answer, items)
    if word:
        before, value = _divided(sentences[-1])
        return False if (read(_bare(value)).word and not _is_open(before)) or refuses(answer) else None
    return None if all(_occurs(part, answer) for part in NUMBER.findall(text) or [_bare(text)]) else False


def _stands_alone(answer: str, text: str) -> bool:
    """Does an answer begin with a text as a sentence or line of its own, and say nothing against it or like it?"""
    alone = _ALONE.match(answer)
    if alone is None or not _same(alone["text"], text) or _is_open(rest := answer[alone.end() :]):
        return False
    return not _names_another(_sentences(rest), text)


def _names_another(sentences: list[str], text: str) -> bool:
    """Does a sentence state another name; beside yes, no, true or false, another of these?"""
    values = (_PAUSE.split(_divided(sentence)[1].lstrip("*_ \n"))[0] for sentence in sentences)
    others = (value for value in values if _NAME.match(value) and not _same(value, text))
    return any(not read(text).word or read(_bare(value)).word for value in others)


def _is_behind_the_verb(sentence: str, text: str) -> bool:
    """Does a sentence state a text behind its verb, its only one or that of a conclusion?"""
    before, value = _divided(sentence)
    pause = None if _same(value, text) else _PAUSE.search(value)
    value, behind = (value[: pause.start()], value[pause.start() :]) if pause else (value, "")
    single = not (_VERB.search(before) or _CLAUSE.search(before)) or _CONCLUSION.search(before) or _THAT.search(before)
    return (
        bool(single)
        and not is_question(sentence)
        and _same(value, text)
        and not _is_open(before)
        and not _is_open(behind)
    )


def _lists(answer: str, items: list[str]) -> bool | None:
    """Does an answer end in a list of just these items, in this order? None: some occur."""
    before, value = _divided(_sentences(answer)[-1])
    lines = [_BULLET.sub("", line) for line in answer.strip().splitlines()[-len(items) :]]
    right = list(map(_bare, items))
    if not _is_open(before) and right in (list(map(_bare, lines)), list(map(_bare, _ITEMS.split(value)))):
        return True
    return None if any(_occurs(item, answer) for item in right) else False


def expresses(answer: str, reference: str) -> bool | None:
    """Does the closing sentence state an expression behind its verb? None: it occurs; False: another is announced."""
    line, announced = stated(answer)
    sentences = _sentences(line)
    if not sentences or announced:
        return False
    before, value = _divided(sentences[-1])
    if before and compare(value, reference) and not _is_open(before):
        return True
    return None if plain_text(reference) in plain_text(sentences[-1]) else False


def mentions(answer: str, reference: str) -> bool:
    """Does the sentence that states a result, but does not announce it, name the right number beside another one? Or
    does any result count it in dozens or millions?

    Not where the result is plain in it: boxed, bold, a formula, behind a sign of equality or a conclusion; nor where
    the right number is denied or a part of a total.
    """
    line, announced = stated(answer)
    final = final_answer(answer) or ""
    counted = (number[0] for number in NUMBER.finditer(final) if scale(final, number.end()))
    if any(compare(number, reference) for number in islice(counted, _MOST)):
        return True  # 5 dozen, where dozens may be asked for
    if not is_system(final):
        sentence = next(filter(NUMBER.search, reversed(_sentences(line))), "")
        if announced or not is_prose(sentence) or _PLAIN.search(sentence):
            return False
        final = before_parts(without_denied(sentence)[0])[0]
        for conclusion in _CONCLUSION.finditer(final):
            final = final[conclusion.end() :] if NUMBER.search(final, conclusion.end()) else final
    return any(compare(quantity, reference) for quantity in islice(quantities(final), _MOST))


def _sentences(answer: str) -> list[str]:
    """The sentences at the end of an answer."""
    return [part for part in _SENTENCE.split(answer[-WINDOW:].strip()) if re.search(r"\w", part)]


def _divided(sentence: str) -> tuple[str, str]:
    """A sentence up to its last verb, and what it says behind it."""
    verbs = list(_VERB.finditer(sentence))
    return (sentence[: verbs[-1].start()], sentence[verbs[-1].end() :]) if verbs else ("", sentence)


def _is_open(text: str) -> bool:
    return bool(_OPEN.search(_CONTRAST.sub("", text)))


def _bare(text: str) -> str:
    """A text without marks, an article, or a preposition before it."""
    plain = unwrap(text.strip("*_ "))
    return _ARTICLE.sub("", plain, count=1).casefold()


def _same(a: str, b: str) -> bool:
    return bool(_bare(a)) and same_text(_bare(a), _bare(b))


def _occurs(text: str, answer: str) -> bool:
    """Does a text occur in an answer, as whole words?"""
    words = re.escape(text.casefold())
    return bool(re.search(rf"(?<![a-z0-9]){words}(?![a-z0-9])", answer.casefold().replace("*", "")))
