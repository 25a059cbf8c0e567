"""Results that a reply takes back: "The answer is 5. Wait, no: it is 6." Pure text.

Owns the words of retraction, in English and Chinese, and what a plain correction looks like. Conservative: a correction
counts where it plainly states one value; any other retraction leaves the result open.
"""

from __future__ import annotations

import re

from r1chat.answers.spelling import unwrap

NUMBER = re.compile(
    r"(?:(?<![0-9a-zA-Z)\]}.])[-−])?[$¥€£]?"
    r"(?:\\[dt]?frac\s*(?:\{-?[\d.]{1,40}\}|\d)\s*(?:\{[\d.]{1,40}\}|\d)"
    r"|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:/\d+)?)(?:\s?\\?[%％])?"
)
_CHOICE = re.compile(  # "A" and "I" are words, too
    r"[(（\[][A-J][)）\]]|(?<![a-zA-Z\\])(?:[B-HJ](?![a-zA-Z'’])|[AI](?![a-zA-Z'’]|\s+[a-z]))"
)
_CLAUSE = r"(?:\A|[.!?;:,(—–。！？；：，（…\n]|\s-)[\s*_]{0,6}"
_OH = r"(?:(?:oh|ah|hm+|but|well|ok|or|and|no|wait|so)[,.…]{0,3}\s+|[啊哦噢嗯呃唉哎喔那][，,…]?|但是?|可是|是?我){0,3}"
_IT = r"(?:that|this|it|which|they|these|those|the\s(?:above|(?:\w{1,10}\s)?(?:answer|result|value|number|total|sum)))"
_BE = r"(?:['’]s|\s(?:is|are|was|were|seems|looks))"
_MARK = re.compile(
    # taken back, whether or not something else is said instead
    rf"(?P<refuted>{_CLAUSE}{_OH}(?:(?:no,?\s+wait|wait[,.…]{{0,3}}\s+no|correction|scratch\s+that|strike\s+that|oops"
    r"|whoops|i\s+misspoke|(?:my\s+(?:bad|mistake)))\b|(?:不对(?![称应等劲齐])|更正|纠正|修正(?=[：:一，])|(?:刚才|上面|前面)?"
    r"(?:我)?[算看写说弄搞记答]?错了|[算看写说弄搞记]错)|(?:这|那|它|上面|上述|结果|答案|以上)(?:里|个|的?(?:结果|答案|计算))?"
    r"(?:是|都)?(?:不对(?![称应等劲齐])|错了?|错误的?|不正确|有误|有错))"
    r"|\bi\s+(?:have\s+)?(?:made|see)\s+(?:an?|my|the)\s+(?:\w{1,12}\s)?(?:mistake|error|slip)\b"
    r"|\bi(?:\s+have|['’]ve)?\s+(?:misread|miscalculated|miscounted|misunderstood|was\s+wrong)\b"
    rf"|(?P<about>\b{_IT}(?:{_BE}\s(?:\w{{2,10}}\s)?(?:not\s(?:\w{{2,6}}\s)?(?:right|correct)|wrong|incorrect"
    r"|mistaken|an?\s(?:mistake|error))|\s(?:isn['’]t|wasn['’]t|aren['’]t|can['’]t\sbe|can\s?not\sbe"
    r"|do(?:es)?(?:n['’]t|\snot)\s(?:look|seem))\s(?:quite\s)?(?:right|correct))(?!\s(?:to|that|for)\b)))"
    # taken back, if another value follows
    rf"|(?P<strong>{_CLAUSE}{_OH}(?:(?:no(?=\s*[,.:;!—–]|\s-|\s+(?:it|that|this)\b)|sorry(?=[,.:;!]|\s+(?:i|it|that|this|about)\b"
    rf"|\s+{NUMBER.pattern})|apologies|i\s+apologi[sz]e|edit(?=\s*[*_]*:)|update(?=\s*[*_]*:)|erratum|rather(?!\s+than)|make\s+(?:that|it)"
    r"|on\s+second\s+thoughts?|i\s+meant?|i\s+forgot|i\s+overlooked|i\s+dropped)\b|不(?=[，,：:！!。])|不不|不是(?=[，,])"
    r"|抱歉|对不起|不好意思|应(?:该|当)?(?:改?为|是|选))"
    rf"|\b{_IT}\s(?:should|must|ought\sto)\s(?:\w{{4,8}}\s)?(?:be|read|have\sbeen|equal)(?=\s[*$\\(]{{0,6}}"
    r"(?:\d|[-−]\d|frac|[A-J]\b)))"
    # thought over: taken back, if it does not come to the same value, or is found right
    rf"|(?P<weak>{_CLAUSE}{_OH}(?:(?:wait(?=\s*[,.:;!—–…]|\s(?:that|this|i|actually)\b)|actually|hold\son|hm+"
    r"|let\sme\s(?:redo|recalc|recompute|reconsider|rethink|correct)[a-z]*)\b|等等(?=[，,。！!：:…]|我|不)|等一下|稍等|等下"
    r"|其实|实际上|事实上|重新[算计考]))"
    # checked: nothing is taken back, unless another value is plainly stated
    rf"|(?P<checked>{_CLAUSE}{_OH}(?:(?:let\sme|i['’]ll|let['’]s)\s(?:re-?|double[\s-]?|just\s)?(?:check|verify|examine)\b|让我[再重]"
    r"|检[查验]|验[证算]))",
    re.IGNORECASE,
)
CONFIRMED = re.compile(
    r"\b(?:yes|correct|right|works|match(?:es)?|checks\sout|confirmed|consistent|as\sexpected)(?=[.!,;]|\s*\Z)|[✓✔✅]"
    r"|正确[。！]|没错|无误|符合|一致|成立",
    re.IGNORECASE,
)
_DENIED = r"[,，]?\s{0,3}(?:and\s|but\s)?(?:\bnot|\binstead\sof|\brather\sthan|而不是|而非|不是|并非)\s{0,3}[*$(]{0,4}"
_LEAD = re.compile(  # what may stand before the value in a plain correction
    r"[\s*_$\\(\[:：,，]*(?P<stated>(?:(?:so|therefore|thus|hence|and|then|所以|因此|故|那么|即)[\s,，]*){0,2}"
    r"(?:(?:the\s|my\s)?(?:correct|right|actual|real|true|final|new|proper)?\s*"
    r"(?:answer|result|value|number|total|sum|solution|option|choice)\b|(?:正确|真正|最终|实际)?的?(?:答案|结果|数值|值|总数|选项)|it\b|that\b|this\b|[它这那])?"
    r"\s*(?:['’]s|is|are|be|equals?|(?:should|must)\s(?:\w{4,8}\s)?(?:be|have\sbeen)|应(?:该|当)?(?:是|为|选)"
    r"|是|为|選|选|等于|[=:：])?)[\s*_$\\(\[:：]*",
    re.IGNORECASE,
)
_TAIL = re.compile(  # a unit, and the end of the clause
    r"\s?(?!(?:more|less|fewer|times|or|and|if|is|are|was|were|to|of|by|in|out|wrong|too|also)\b)(?:[°℃²³]+|[a-zA-Z]{1,16}"
    r"(?:\s(?!(?:more|less|or|and|if|is|are|was|were|to|of|by|too)\b)[a-zA-Z]{1,16})?[²³]?|(?![^，。\s]{0,4}[多少倍或吗如])"
    r"[\u4e00-\u9fff]{1,4})?[\s*_$\\)\])）]*(?=[.。!！,，;；\n]|\Z)",
)
_BREAKS = re.compile(r"[.!?;:,(—–。！？；：，（\n]\s|[。！？；：，（\n]|\s-\s")
_CLAUSE_LENGTH = 120  # characters before a value in which its clause begins


def before_mark(result: str) -> str:
    """A result without the retraction that stands in the same clause: "17, I mean 19" is 17."""
    value = NUMBER.search(result)
    mark = _MARK.search(result, value.end()) if value else None
    return result[: mark.start()] if mark else result


def settled(result: str, behind: str, *, reported: bool = False) -> str | None:
    """The result after what is said behind it: itself, a plain correction, or None where it was taken back otherwise.

    `reported`: it was told as what others say, so it does not count.
    """
    value = _CHOICE if _CHOICE.fullmatch(result.strip()) else NUMBER if NUMBER.search(result) else None
    first = value.search(behind) if value else None
    marks: list[re.Match[str]] = []
    for mark in _MARK.finditer(behind):
        if mark["about"] and not marks and first and first.start() < mark.start():
            continue  # it is said of another value
        marks.append(mark)
    if not marks:
        return None if reported else result
    last = behind[marks[-1].end() :]
    refuted = reported or any(mark["refuted"] for mark in marks)
    strong = any(mark["strong"] for mark in marks)
    if value is None:
        return None if refuted or strong else result
    own = {bare(number[0]) for number in value.finditer(result)}
    others = {bare(number[0]) for number in value.finditer(behind, marks[0].end())} - own
    correction = _correction(last, value)
    if correction and {bare(correction[0])} == own:
        return result
    instead = f"{correction[0]}{correction[1]}" if correction else None
    if refuted:
        return instead
    if strong:
        return instead if others else result
    right = bool(CONFIRMED.search(last))
    if any(mark["weak"] for mark in marks) and not right:
        values = value.findall(last)
        same = bool(values) and bare(values[-1]) in own
        return instead if others and not same else result
    return None if instead and not right else result


def _correction(text: str, value: re.Pattern[str]) -> tuple[str, str] | None:
    """The value that a text plainly states last, and the unit behind it: "it is 6", "so 6 km", or 6 alone."""
    text = re.sub(f"{_DENIED}(?:{value.pattern})", "", text)
    values = list(value.finditer(text))
    if not values:
        return None
    last = values[-1]
    start = max(0, last.start() - _CLAUSE_LENGTH)
    for pause in _BREAKS.finditer(text, start, last.start()):
        start = pause.end()
    lead, tail = _LEAD.fullmatch(text, start, last.start()), _TAIL.match(text, last.end())
    if lead is None or tail is None or (not lead["stated"] and len(values) > 1):
        return None
    return unwrap(last[0].strip("()[]（） ")), tail[0].rstrip("*_$\\()[]（） \n")


def bare(value: str) -> str:
    """A number or letter without signs of currency, brackets and thousands."""
    return re.sub(r"[\s,$¥€£%％()（）\[\]*\\]", "", value)
