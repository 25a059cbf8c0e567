"""API keys, access tokens, private keys and passwords.

A key is recognised by its issuer's prefix, any other secret by the word before it, such as `password=` or `Bearer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1chat.redact.finding import Span

# Every key holds a run of at least 16 of these characters. Searching runs in a byte string is ten times faster than
# searching keys.
_IN_A_RUN = bytes(
    ord("x" if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_-+/") else " ") for code in range(256)
)
_SHORTEST_RUN = b"x" * 16
_RUN = re.compile(rb"xxxxxxxxxxxxxxxx+")

_KEY = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      sk-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{16,}           # OpenAI, Anthropic, DeepSeek and many others
    | [srp]k_(?:live|test)_[A-Za-z0-9]{16,}                    # Stripe
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,}
    | glpat-[A-Za-z0-9_-]{20,}
    | hf_[A-Za-z0-9]{20,}
    | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])
    | xox[abeoprs]-[A-Za-z0-9-]{11,}
    | AIza[A-Za-z0-9_-]{30,}
    )""",
    re.VERBOSE,
)
_WEB_TOKEN = re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]++)?")
_PRIVATE_KEY = re.compile(
    r"""-----BEGIN\ (?:[A-Z0-9]{1,12}\ ){0,3}PRIVATE\ KEY-----
    (?:\s*+[A-Z][A-Za-z-]{2,20}:\ [^\n\0]{0,100}\n)*+                  # the headers of an encrypted one
    (?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{16,}+)*+                          # whole lines, in source code with a written \n
    (?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]*+(?:\s|\\[nr])*+-----END\ [A-Z0-9 ]{1,40}-----)?""",
    re.VERBOSE,
)
_IN_AN_ADDRESS = re.compile(r"://[^\s/:@\0]{0,64}:([^\s/:@\0]{3,128})@")

_SET = r"""["'`*]{0,3}\s{0,3}(?:[:：]|={1,2}|is\s|是|为)\s{0,3}"""
_SECRET_BEFORE = re.compile(
    rf"""(?:\b(?P<bearer>bearer)\s{{1,3}}|(?:key|secret|token|passw(?:or)?d|密钥|令牌|密码){_SET}["'`“]?)$""",
    re.IGNORECASE,
)
_LONGEST_WORD = 32  # characters of a word and what stands between it and its value
_REST_OF_SECRET = re.compile(r"[A-Za-z0-9_+/=.~-]{0,512}")
_LETTER_TO_DIGIT = re.compile(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
_PASSWORD = re.compile(
    rf"""(?:passw(?:or)?d|pwd|密码){_SET}
    (?P<quote>["'`“]?)(?P<value>[^\s"'`“”<>,;，。；\0]{{4,128}})(?P<closed>["'`”])?""",
    re.VERBOSE | re.IGNORECASE,
)
_CODE = re.compile(r"[$%{(\\]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*+[(\[{]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)++$")
_DUMMY = re.compile(
    r"(?:.*(?:pass(?:w|$)|example|your|string|secret|change|enter)|[x*.•_#-]+$|none$|null$|true$)", re.IGNORECASE
)


def find_keys(text: str) -> list[Span]:
    """Keys in order, without overlaps; of an assignment only the value."""
    found = _long_ones(text)
    if "@" in text and "://" in text:
        found += (match.span(1) for match in _IN_AN_ADDRESS.finditer(text) if not _DUMMY.match(match[1]))
    if "assw" in text or "ASSW" in text or "pwd" in text or "密码" in text:
        found += _passwords(text)
    return _without_overlaps(found) if found else []


def _long_ones(text: str) -> list[tuple[int, int]]:
    shape = text.encode("latin-1", "replace").translate(_IN_A_RUN)
    found: list[tuple[int, int]] = []
    if _SHORTEST_RUN not in shape:
        return found
    if "eyJ" in text:
        found += (match.span() for match in _WEB_TOKEN.finditer(text))
    if "PRIVATE KEY-----" in text:
        found += (match.span() for match in _PRIVATE_KEY.finditer(text))
    for run in _RUN.finditer(shape):
        start, end = run.span()
        if keys := [match.span() for match in _KEY.finditer(text, start, end)]:
            found += keys
        elif word := _SECRET_BEFORE.search(text[max(0, start - _LONGEST_WORD) : start]):
            secret = _secret_from(text, start, end)
            if _is_random(secret) or (word["bearer"] and re.search("[0-9]", secret)):
                found.append((start, start + len(secret)))
    return found


def _secret_from(text: str, start: int, end: int) -> str:
    """The run and the characters of a secret that follow it; empty where it is called or indexed, as in code."""
    rest = _REST_OF_SECRET.match(text, end)
    assert rest  # it may be empty
    return "" if text[rest.end() : rest.end() + 1] in ("(", "[") else text[start:end] + rest[0].rstrip(".")


def _is_random(value: str) -> bool:
    """Whether it switches three times between letters and digits, or has lower case, upper case and digits."""
    mixed = len(value) >= 20 and all(re.search(signs, value) for signs in ("[a-z]", "[A-Z]", "[0-9]"))
    return mixed or len(_LETTER_TO_DIGIT.findall(value)) >= 3


def _passwords(text: str) -> Iterator[tuple[int, int]]:
    for match in _PASSWORD.finditer(text):
        value = match["value"]
        quoted = bool(match["quote"] and match["closed"])
        if not quoted:
            value = value.rstrip(".:!?)]}*")
        if _is_password(value, quoted):
            yield match.start("value"), match.start("value") + len(value)


def _is_password(value: str, quoted: bool) -> bool:
    """Letters with digits or symbols; in quotes any word that is not a dummy such as `your_password`."""
    if not quoted and (len(value) < 6 or _CODE.match(value)):
        return False
    mixed = re.search("[A-Za-z]", value) and re.search("[0-9!@#$%^&*?]", value)
    return bool(mixed) or (quoted and not value.isdecimal() and not _DUMMY.match(value))


def _without_overlaps(places: list[tuple[int, int]]) -> list[Span]:
    """The places in order; of two that overlap the earlier one, of two with the same start the longer one."""
    kept: list[Span] = []
    for start, end in sorted(places, key=lambda place: (place[0], -place[1])):
        if not kept or start >= kept[-1].end:
            kept.append(Span(start, end, "key"))
    return kept
