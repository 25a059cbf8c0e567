"""E-mail addresses, and the user's part of home paths."""

from __future__ import annotations

import re

from r1chat.redact.finding import Span

# Scripts that put no space between words, or particles right behind: Thai, Lao, Tibetan, Burmese, Khmer, Hangul, kana
# and Han.
_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3040-\u31ff\uac00-\ud7a3㐀-鿿豈-﫿"
_LETTER = rf"[^\W_{_UNSPACED}]"
_LABEL = rf"(?:(?:{_LETTER}|-){{1,63}}+|[{_UNSPACED}][{_UNSPACED}0-9-]{{0,62}}+)"
_AT = r"\*{0,3}+\\?+(?:@|%40|&#64;|&#x40;|&commat;)"  # as pages and Markdown write it, behind a bold name, too
_AFTER_AT = re.compile(rf"{_AT}\*{{0,3}}+(?!self\.)(?!-)({_LABEL}(?:\.{_LABEL}){{1,8}}+)")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_UNSPACED_LOCAL_PART = re.compile(rf"[{_UNSPACED}]{{1,4}}$")  # no longer than a name: a sentence may stand before it
# Top-level domains in these scripts, since what follows an address there may be the rest of the sentence.
_TOP_LEVELS = """
    中国 中國 公司 网络 網絡 网址 网店 网站 中文网 在线 商城 商店 商标 集团 企业 公益 政务 组织机构 机构 我爱你 移动
    手机 信息 新闻 娱乐 游戏 购物 食品 餐厅 健康 时尚 招聘 慈善 书籍 珠宝 世界 广东 佛山 香港 台湾 台灣 澳門 澳门
    新加坡 微博 联通 みんな コム 한국 닷컴 닷넷 ไทย คอม ລາວ"""
_TOP_LEVEL = re.compile("|".join(sorted(_TOP_LEVELS.split(), key=len, reverse=True)))
_JOINTS = "._%+-'"
_LONGEST_LOCAL_PART = 64
_NOBODY_MAILS = frozenset({"git"})  # the user of every code host

_HOME = re.compile(
    r"""(?: (?<![A-Za-z0-9_.\-\0])(?:/mnt)?(?:/(?:[a-z]|var|export|data|Volumes))?/(?:home|Users)/
          | (?<![A-Za-z0-9])[A-Za-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/) )
    (?P<user> [^\\/:*?"<>|\s\0][^\\/:*?"<>|\r\n\t\0]{0,39}?[^\\/:*?"<>|\s\0](?=\\)       # with spaces, as on Windows
            | [A-Za-z0-9_À-ɏ][A-Za-z0-9_.\-À-ɏ]{0,63} | [\u4e00-\u9fff]{2,4} )""",
    re.VERBOSE,
)
_NOBODY_WORDS = (
    "user username users you me name your-name your_name yourname your-username your_username yourusername "
    "shared public default guest root admin ubuntu runner app node"
)
_NOBODY = frozenset(_NOBODY_WORDS.split())


def find_emails(text: str) -> list[Span]:
    """Addresses whose last label is a word of letters; `a@b.T`, `a@self.b`, `a@b.dot(c)` are matrix products.

    In an encoded address of a page the `@` is `%40`, in HTML `&#64;`, in Markdown perhaps `\\@`.
    """
    spans: list[Span] = []
    if not ("@" in text or "%40" in text or "&#64;" in text or "&#x40;" in text or "&commat;" in text):
        return spans
    end = 0
    for match in _AFTER_AT.finditer(text):
        local = _local_part(text[max(end, match.start() - _LONGEST_LOCAL_PART) : match.start()])
        domain = _with_top_level(match[1])
        code = text[match.end() : match.end() + 1] in ("(", "[") and domain == match[1]
        if local and domain and not code and local not in _NOBODY_MAILS:
            end = match.start(1) + len(domain)
            spans.append(Span(match.start() - len(local), end, "email"))
    return spans


def _local_part(before: str) -> str:
    """The end of a text before an `@`: letters, digits, joints, else four letters of an unspaced script."""
    start = len(before)
    while start and (before[start - 1] in _JOINTS or _is_letter(before[start - 1])):
        start -= 1
    if local := before[start:].lstrip(_JOINTS):
        return local
    unspaced = _UNSPACED_LOCAL_PART.search(before)
    return unspaced[0] if unspaced else ""


def _is_letter(char: str) -> bool:
    return char.isalnum() and not _IS_UNSPACED.match(char)


def _with_top_level(domain: str) -> str:
    """The domain without what follows its top-level domain; empty where it has none."""
    labels = domain.split(".")
    while labels:
        if top_level := _top_level(labels.pop()):
            return ".".join([*labels, top_level]) if labels else ""
    return ""


def _top_level(label: str) -> str:
    """A word of letters; of an unspaced script the known domain that it begins with."""
    if _IS_UNSPACED.match(label):
        known = _TOP_LEVEL.match(label)
        return known[0] if known else ""
    return label if len(label) > 1 and label.isalpha() else ""


def find_home_paths(text: str) -> list[Span]:
    """The user's part of `/home/…`, `/Users/…` and Windows' `C:\\Users\\…`, unless it stands for anybody."""
    spans: list[Span] = []
    if "/home/" not in text and "Users" not in text:
        return spans
    for match in _HOME.finditer(text):
        user = match["user"].rstrip(".-")
        if user and user.casefold() not in _NOBODY:
            spans.append(Span(match.start("user"), match.start("user") + len(user), "path"))
    return spans
