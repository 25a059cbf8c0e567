"""Numbers that a reply names, but does not state: denied, doubted, asked for, or the number of a page. Pure text.

Owns the words of denial, doubt and refusal, in English and Chinese.
"""

from __future__ import annotations

import re

from r1chat.answers.retractions import NUMBER, bare

_MARKS = r"[\s*_$\\(]{0,6}"
_VERB = (  # another statement begins with it: "those who do not play are 12"
    r"is|are|was|were|equals|has|had|gets|makes|costs|needs|gives|leaves|earns|spends|will|would|so|but|then|because|since"
    r"|therefore|hence|who|which|that"
)
_NOT = (
    r"(?:(?:n['’]t|\bnot|\bcannot|\bnever)\b(?!\s+(?:only|just|merely|counting|including)\b)"
    r"|\bnowhere\b|\bno\s+longer\b|\bby\s+no\s+means\b|\bin\s+no\s+way\b|\banything\s+but\b|\bfar\s+from\b|\bhardly\b|\bneither\b|\bnor\b|\brather\s+than\b|\binstead\s+of\b|\bother\s+than\b"
    r"|\bexcept\b)"
)
_ASIDE = (  # a value that is set aside, or somebody else's
    r"\b(?:nothing|exclud(?:e|es|ing)|eliminat(?:e|es|ing)|rul(?:e|es|ing)\s+out|reject(?:s|ing)?|discard(?:s|ing)?|differs?"
    r"|different\s+from|other\s+than|unlike|naive|trap|tempting|(?:common|usual|frequent|typical)\s+(?:wrong|mistake|error|misconception)"
    r"|(?:wrong|false|incorrect|mistaken)\s+(?:answer|result|value|number|guess|solution))\b"
)
_DOUBT = (
    r"(?:(?:\b(?:do|does|did|would|could|can)(?:n['’]t|\s+not)|\bcannot|\bnever|\bhardly)\s+(?:\w+\s+)?"
    r"(?:think|believe|say|claim|assume|suppose|expect|guess|see|know|agree|accept|conclude|be\s+(?:sure|certain))\b"
    r"|(?:n['’]t|\bnot)\s+(?:\w+\s+)?(?:sure|certain|convinced|confident|true|the\s+case|likely|possible|clear)\b"
    r"|(?<!no\s)(?<!without\s)(?<!without\sa\s)\bdoubt(?:s|ful)?\b|\bunlikely\b|\bimprobable\b|\bdisagree\b|\bdeny\b"
    r"|\buncertain\b|\bunsure\b|\bno\s+(?:reason|evidence|chance|possibility|way)\b|\b(?:nobody|no\s+one)\b"
    r"|\b(?:wrong|false|incorrect|mistake|absurd|hard)\s+(?:to\s+(?:say|think|claim|assume|believe)|that)\b"
    r"|难以?说|难道|莫非|没有?人|谁说|是否|不(?:认为|觉得|相信|确定|敢说|清楚|同意|能说)|怀疑|未必|不一定|不见得)"
)
_DOUBTED = re.compile(
    rf"(?:{_DOUBT}[^.!?;:,。！？；：，\n]{{0,80}}"
    r"|\b(?:no|if|whether|suppose|assume|assuming|unless)\s+(?:(?:that|the)\s+)?(?:[\w-]{1,12}\s+)?"
    r"|\b(?:least\s+\w+|naive|trap|tempting|wrong|false|incorrect|mistaken|intuitive)\s+"
    r"|(?:如果|假如|若|假设)[^。，\n]{0,10}|(?:错误|常见|典型)的)\Z"
    r"|[.!?。！？\n]\s{0,3}(?:do|does|did|is|are|could|can|would|what|why|how)\s[^.!?。！？\n]{0,80}\Z",
    re.IGNORECASE,
)
_DENIED = re.compile(
    rf"{_NOT}(?:\s+(?!(?:{_VERB})\b)[a-z'’]{{1,16}}){{0,6}}{_MARKS}{NUMBER.pattern}"
    rf"|{_DOUBT}(?:(?!\b(?:but|so|therefore)\b)[^.!?;:,。！？；：，\n\d]){{0,80}}{NUMBER.pattern}"
    rf"|{_ASIDE}(?:\s+[a-z'’]{{1,16}}){{0,5}}?{_MARKS}{NUMBER.pattern}|\bthan{_MARKS}{NUMBER.pattern}|(?<!\d)(?<!\d\s)比\s?{NUMBER.pattern}"
    r"|(?:[不未](?:会|可能|能|应该?|该|再|必)?(?:是|为|等于|选)|[绝并而]非|≠)"
    rf"{_MARKS}(?:(?!有)[^\W\d]){{0,2}}{NUMBER.pattern}",
    re.IGNORECASE,
)
_REFUTED = re.compile(
    rf"{NUMBER.pattern}[*_$\\)]{{0,4}}(?:\s?[^\W\d]{{1,16}}){{0,2}}?\s?(?:"
    r"(?:is|are|was|would\s+be|must\s+be)(?:n['’]t\b|\s+(?:certainly\s+|definitely\s+)?(?:not|never)\b)"
    r"\s+(?:\w+\s+){0,2}(?:answer|solution|result|right|correct|possible|valid|it|what|option)\b"
    r"|(?:is|are|was|would\s+be|must\s+be)\s+(?:\w+\s+)?(?:wrong|incorrect|false|impossible|mistaken|out\s+of\s+the\s+question"
    r"|too\s+(?:big|small|large|low|high|many|few|much|little))\b"
    r"|(?:is|are|was|can\s+be|must\s+be)\s+(?:ruled\s+out|excluded|eliminated|rejected)\b|would\s+be\s+too\b"
    r"|\bif\b[^.;\n]{0,60}(?:\bnot|n['’]t|\bhad)\b"
    r"|(?:cannot|can['’]t|could\s?n['’]t|can\s+not)\s+be\b|do(?:es)?(?:n['’]t|\s+not)\s+(?:work|fit|hold|satisfy)\b"
    r"|(?:是)?(?:不对|错误?的|不正确|不是答案|不成立|不可能|不符合|不行)"
    r"|[^。\n]{0,6}，(?:但|可|但是|不过)?(?:那|这)?(?:是|都)?(?:错的|不对|不正确)"
    r"|[^。\n]{0,12}说不准)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:\b(?:steps?|sections?|chapters?|pages?|figures?|fig\.|tables?|equations?|eq\.|lines?|examples?|problems?|questions?"
    r"|exercises?|errors?|options?|items?|notes?|theorems?|lemmas?|appendix|rooms?|parts?|cases?|http|version)"
    rf"|#|№)\s?[(#]?{NUMBER.pattern}(?![\d/%])\)?"
    rf"|第\s?{NUMBER.pattern}\s?(?:步|页|章|节|题|图|行|条|款|部分|例|问|小题)"
    rf"|(?:步骤|图|表格|公式|例题|附录|错误|章节)\s?[(（]?{NUMBER.pattern}",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(  # said of the one who answers, of who asked, or of the task: no result
    r"\b(?:i|we)(?!['’]m\b|['’]?(?:d|ll|ve|m)?\s+(?:\w+ly\s+)?(?:get|got|have|had|count|find|found|think|believe|obtain"
    r"|calculate|computed?|make|see|arrive|end|choose|say|conclude|know|need|can|must|should|could|are|am|will|add|divide|multiply|subtract|paid|pay|do|did"
    r"|guess|reach|take|use|would|ate|eat|bought|buy|sold|sell|spent|spend|earn|saw|put)\b)(?=['’\s])"
    r"|\bi['’]?(?:d|\s+would)\s+need\b|\bi['’]ll\s+get\s+back\b|\blet\s+me\s+(?:think|get|look|see|try)\b"
    r"|\bno\s+clue\b|\bsorry\b|\bapologi[sz]e\b|抱歉|对不起"
    r"|^[\s*_]{0,6}(?:please|call|see|try|visit|contact|refer|read|look|go|ask|wait|you\s+(?:may|might|could|should|can))\b"
    r"|\b(?:the|this|that|your)\s+(?:question|problem|puzzle|task|exercise|prompt|riddle)\b(?!\s+(?:asks|says|states))"
    r"|我(?![们得算认觉数选家有的求把用花买吃知确猜想给做])|[这那本][道个]?题|题目",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？][\s*_\"”」)]{0,6}$")
_CANNOT = r"(?:can\s?not|can['’]t|could\s?n['’]t|could\s+not|unable\s+to|not\s+able\s+to)"
_SOLVE = (
    r"(?:solve|determine|answer|help|say|tell|know|find|compute|calculate|work|decide|give|provide|assist|do|see|finish"
    r"|complete|figure|conclude|deduce|access|fulfil+)\b"
)
_FACTS = r"(?:information|data|details?|facts|context|knowledge)"
_REFUSAL = re.compile(
    # who cannot
    rf"\b(?:i|we|one|you)(?:['’](?:m|re)|\s+am|\s+are)?\s+(?:\w+\s+)?{_CANNOT}\s+(?:\w+\s+){{0,2}}{_SOLVE}"
    rf"|(?:^|[.;,:]\s*)(?:unable\s+to|cannot|can['’]t)\s+(?:\w+\s+)?{_SOLVE}"
    r"|\b(?:i|we)\s+(?:really\s+|also\s+)?(?:do\s+not|don['’]t)\s+(?:really\s+|actually\s+)?(?:know|understand|have)\b"
    r"|\bno\s+idea\b|\bran\s+out\s+of\b|\bonly\s+got\s+(?:as\s+far|to)\b|\bas\s+an?\s+ai\b|\bdon['’]t\s+have\s+access\b"
    # what is missing
    rf"|(?:\bnot|n['’]t)\s+(?:\w+\s+)?enough\s+(?:\w+\s+)?(?:{_FACTS}|time)\b|\binsufficient\b"
    rf"|\b{_FACTS}\s+(?:is|are)\s+(?:missing|lacking|incomplete|not)\b|\b(?:missing|lacks?|lacking)\s+(?:\w+\s+)?{_FACTS}\b"
    rf"|\bneed(?:s|ed)?\s+(?:more|further|additional)\s+(?:{_FACTS}|time)\b|\bwithout\s+(?:more|further)\s+{_FACTS}\b"
    r"|\b(?:question|problem|task|puzzle|value|answer|it|this)\s+(?:is|seems)\s+(?:\w+\s+)?"
    r"(?:impossible|unsolvable|contradictory|ambiguous|unclear|unknown|undefined|incomplete)\b"
    r"|\b(?:it|this|that|answer|result)\s+depends\s+on\b|\b(?:unknown|unclear)\b(?=\s*[.,;:])"
    # what cannot be found
    r"|(?:cannot|can['’]t|can\s+not|could\s+not)\s+(?:\w+\s+)?be\s+(?:\w+\s+)?(?:determined|solved|answered|found|computed"
    r"|calculated|known|decided|worked\s+out)\b"
    r"|\b(?:hard|impossible|difficult|not\s+possible|no\s+way)\s+to\s+(?:\w+\s+)?"
    r"(?:say|tell|determine|know|solve|answer|find|decide|calculate|compute|give)\b"
    r"|\bno\s+(?:[\w-]+\s+){0,2}(?:solutions?|answers?)\b(?!\s+(?:is|are)\s+needed)|\bcontradict(?:s|ion|ory)\b"
    r"|无法(?:确定|回答|解|计算|求|判断|得出|给出|知道|帮|得知|完成|提供)|不能(?:确定|回答|解答|帮|判断|求出|提供)"
    r"|没法|[做算求答解]不(?:上|出|了|完)|不会做|帮不了|作为一?[个名]?\s?(?:AI|人工智能|语言模型)"
    r"|(?:条件|信息|数据|已知)\S{0,4}(?:不足|不够|不全|不清|矛盾)|没有?(?:给出|提供|说明|告诉|足够)|缺少|缺乏|取决于"
    r"|不知道|不清楚|不太?确定|无解|没有[^，。\n]{0,6}[解根](?![决释])|没有答案|矛盾",
    re.IGNORECASE | re.MULTILINE,
)
_CONCLUDES = re.compile(
    r"(?:\b(?:so|therefore|thus|hence|then|finally)\b|\bwe\s+(?:get|have|find|obtain)\b|所以|因此|故|可得|得到|得出)[^.\n。]{0,80}\d",
    re.IGNORECASE,
)


def is_question(sentence: str) -> bool:
    """Does a sentence ask?"""
    return bool(_QUESTION.search(sentence))


def is_doubt(text: str) -> bool:
    """Does a text, up to an announcement, deny, doubt or ask for what follows? "I do not think that" """
    return bool(_DOUBTED.search(text))


def is_elsewhere(sentence: str) -> bool:
    """Is a sentence about the one who answers or about the task, without an equation or a conclusion?"""
    return bool(_ELSEWHERE.search(sentence)) and "=" not in sentence and not _CONCLUDES.search(sentence)


def without_denied(sentence: str) -> tuple[str, frozenset[str]]:
    """A sentence without the numbers that it denies, and these numbers, `bare`."""
    numbers = [NUMBER.findall(denial[0])[0] for denial in _REFUTED.finditer(sentence)]
    numbers += [NUMBER.findall(denial[0])[-1] for denial in _DENIED.finditer(sentence)]
    return _DENIED.sub(" ", _REFUTED.sub(" ", sentence)), frozenset(map(bare, numbers))


def without_labels(sentence: str) -> str:
    """A sentence without numbers of pages, steps and the like."""
    return _LABEL.sub(" ", sentence)


def refuses(text: str) -> bool:
    """Does a text say that there is no result, or that it is not known, and conclude none after that?"""
    refusals = list(_REFUSAL.finditer(text))
    return bool(refusals) and not _CONCLUDES.search(text, refusals[-1].end())
