"""Where a reply stops to state its result and checks it: "It is 70. You can verify: 70 - 27 = 43." Pure text.

Owns the words of checking, in English and Chinese. A check proves what stands before it, and is no result itself.
"""

from __future__ import annotations

import re

from r1chat.answers.retractions import CONFIRMED, NUMBER, bare

_LONG = 600  # characters behind a check; in more than that there may be more than a check
_CLAUSE = r"(?:^|[.!?;:,(—–。！？；：，（]|\band\b|\s-\s)[\s*_#>]{0,8}"
_LEAD = (
    r"(?:(?:and|so|now|also|just|to|as|a|we|you|i|one|can|could|may|let['’]s|let\s+me|let\s+us|i['’]ll|quick(?:ly)?|easily"
    r"|final(?:ly)?|by|the|our|for)\s+){0,5}"
)
_ITSELF = (
    r"(?:this|it|that|our|my|your|these|back|by|the\s+(?:answer|result|solution|value|total|calculation|sum|number))\b"
)
_CHECK = re.compile(
    rf"{_CLAUSE}(?:{_LEAD}(?:(?:re-?|double[\s-]?|cross[\s-]?|sanity[\s-]?)?check(?:ing|ed)?|sanity|test|verif(?:y|ying|ication)"
    rf"|confirm(?:ing|ation)?|proof|prov(?:e|ing))(?:[\s*_]{{0,4}}(?:[:：,，]|$)|\s+{_ITSELF}"
    r"|\s+(?:gives|shows|yields|confirms|is\s*:))"
    r"|indeed\b"
    r"|(?:我们|你|您)?(?:可以|可|来|再|经|经过|让我们?|下面|最后|进行|我)?(?:再)?(?:检验|檢驗|验证|驗證|验算|驗算|检查|核对|复核|验一下)"
    r"(?:一下|如下|答案|结果)?(?:[\s*_]{0,4}[:：,，。]|$|可知|得|符合|成立|正确|\s{0,3}[\dx])"
    r"|(?:将|把)?[^，。；\n]{0,12}代入[^，。；\n]{0,10}(?:检验|验证|验算|检查))",
    re.IGNORECASE | re.MULTILINE,
)
_SUBSTITUTED = re.compile(  # a step, or a check: where the text says that it works
    rf"{_CLAUSE}{_LEAD}(?:substitut(?:e|ing)|plug(?:ging)?|put(?:ting)?)\b|代入",
    re.IGNORECASE | re.MULTILINE,
)
_WORKS = re.compile(
    r"\b(?:works|correct|right|true|holds|match(?:es)?|satisf(?:y|ies|ied)|checks\sout|as\s(?:required|expected|given|needed)"
    r"|original\s+equation)\b|[✓✔✅]|正确|成立|符合|满足|无误|相等|左边\s*=\s*右边",
    re.IGNORECASE,
)
_BACK = re.compile(r"\bback\b", re.IGNORECASE)
_NAMED = re.compile(r"(?<![a-zA-Z\\])[a-zA-Z]\s*=")
_MATCHES = re.compile(  # says of what stands before it, or behind it, that it agrees with the question
    r"(?:[,;，；]?\s*(?:and\s+)?(?:\b(?:which|this|that|it)\s+(?:also\s+)?(?:matches|agrees|checks\s+out|confirms|is\s+consistent"
    r"|is\s+in\s+line|fits|is\s+what\s+(?:we|was|the|is))\b|\bconsistent\s+with\b|\bas\s+(?:was\s+|we\s+were\s+)?"
    r"(?:required|given|needed|expected|stated|told|claimed)\b|\bas\s+the\s+\w+\s+(?:demands|requires|says|states|wants)\b)"
    r"|[,，]?(?:这)?(?:正好|恰好|刚好)?(?:符合(?:题|条|要)|与题意相符|与题目?(?:相符|一致)|和题目一致|满足(?:条件|题意|要求)))",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(r"[\s*_]{0,6}(?:so|therefore|thus|hence|所以|因此|故)\b", re.IGNORECASE)
_COMMA = re.compile(r"[,;，；]")
_CONFIRMS = re.compile(
    r"(?:,|;|\band\b)(?=[^,;.\n]{0,60}=[^,;.\n]{0,40}\b(?:confirms?|verif(?:y|ies)|proves?)\b)", re.IGNORECASE
)
_FAILS = re.compile(
    r"\b(?:does|do|did|is|are)(?:n['’]t|\s+not)\s+(?:\w+\s+)?(?:hold|equal|match|work|satisfy|correct|right|true|the\s+same)\b"
    r"|\bfails\b|不成立|不等于|不符合|不满足|不对|不正确",
    re.IGNORECASE,
)
_GOES_ON = re.compile(  # a conclusion with a number behind a check: the check was a step
    r"(?:\b(?:so|therefore|thus|hence|in\s+total|altogether)\b|(?:^|[.\n])[\s*_]{0,6}(?:then|now|next|finally|step)\b"
    r"|所以|因此|故|那么|然后|接着|最后|一共|总共)[^.\n。]{0,80}?(?=\d)",
    re.IGNORECASE | re.MULTILINE,
)


def divided(text: str) -> tuple[str, bool]:
    """A text up to the check of a number in it; and False where what follows may be more than a check."""
    first = NUMBER.search(text)
    if first is None:
        return text, True
    check = _CHECK.search(text, first.end()) or _CONFIRMS.search(text, first.end())
    if check is None:
        check = _SUBSTITUTED.search(text, first.end())
        if check is None or not _proves(text[check.end() :]):
            return text, True
    before, behind = text[: check.start()], text[check.end() :]
    return before, len(behind) <= _LONG and not _concludes(before, behind)


def without_check(sentence: str) -> str:
    """A sentence without what agrees with the question, as it says itself: "70 - 43 = 27, which matches." is empty."""
    matches = _MATCHES.search(sentence)
    if matches is None or _CONCLUSION.match(sentence):
        return sentence
    if NUMBER.search(sentence, 0, matches.start()) and NUMBER.search(sentence, matches.end()):
        return sentence[: matches.start()]
    for pause in reversed(list(_COMMA.finditer(sentence, 0, matches.start()))):
        if NUMBER.search(sentence, 0, pause.start()) and NUMBER.search(sentence, pause.end(), matches.start()):
            return sentence[: pause.start()]
    return ""


def _proves(behind: str) -> bool:
    """Is a substitution a check? It is where it works, or goes back to numbers alone, and finds no other unknown."""
    return bool(_WORKS.search(behind)) or (bool(_BACK.search(behind)) and not _NAMED.search(behind))


def _concludes(before: str, behind: str) -> bool:
    """Does a check fail, or go on to another number than the one before it?"""
    if _FAILS.search(behind):
        return True
    values = NUMBER.findall(before)
    for conclusion in _GOES_ON.finditer(behind):
        number = NUMBER.search(behind, conclusion.end())
        if number and bare(number[0]) not in map(bare, values[-1:]) and not CONFIRMED.search(behind, number.end()):
            return True
    return False
