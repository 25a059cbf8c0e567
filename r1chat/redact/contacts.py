"""E-mail addresses, and the user's part of home paths."""

from __future__ import annotations

import re
import string

from r1chat.redact.finding import Span

_LATIN = "À-ÖØ-öø-ɏ"
_AFTER_AT = re.compile(
    rf"@(?!self\.)([A-Za-z0-9{_LATIN}][A-Za-z0-9{_LATIN}-]{{0,62}}+(?:\.[A-Za-z0-9{_LATIN}-]{{1,63}}+){{1,8}}+)"
)
_JOINTS = "._%+-'"
_BEFORE_AT = string.ascii_letters + string.digits + _JOINTS + "".join(map(chr, range(0xC0, 0x250)))
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
    """Addresses whose last label is a word of letters; `a@b.T`, `a@self.b`, `a@b.dot(c)` are matrix products."""
    spans: list[Span] = []
    if "@" not in text:
        return spans
    end = 0
    for match in _AFTER_AT.finditer(text):
        before = text[max(end, match.start() - _LONGEST_LOCAL_PART) : match.start()]
        local = before[len(before.rstrip(_BEFORE_AT)) :].lstrip(_JOINTS)
        domain = _with_top_level(match[1])
        code = text[match.end() : match.end() + 1] in ("(", "[") and domain == match[1]
        if local and domain and not code and local not in _NOBODY_MAILS:
            end = match.start(1) + len(domain)
            spans.append(Span(match.start() - len(local), end, "email"))
    return spans


def _with_top_level(domain: str) -> str:
    """The domain without what follows its last alphabetic label; empty where nothing is left."""
    labels = domain.split(".")
    while labels and not (len(labels[-1]) > 1 and labels[-1].isalpha()):
        labels.pop()
    return ".".join(labels) if len(labels) > 1 else ""


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
