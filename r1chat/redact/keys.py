"""API keys, access tokens, private keys and passwords.

A key is recognised by its issuer's prefix and what is publicly known of its length, a web hook by its address, any
other secret by the word before it, such as `password=` or `Bearer`, and by looking random.
"""

from __future__ import annotations

import base64
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

# How the keys of each issuer begin, and of what and how many characters the rest is, at least.
_KEY = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      # models
      sk-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{16,}           # OpenAI, Anthropic, DeepSeek and many others
    | hf_[A-Za-z0-9]{20,} | api_org_[A-Za-z]{34}               # Hugging Face
    | (?:gsk_|fw_|xai-)(?=[A-Za-z]{0,40}[0-9])[A-Za-z0-9]{20,}               # Groq, Fireworks, xAI
    | (?:pplx|csk)-(?=[A-Za-z]{0,40}[0-9])[A-Za-z0-9]{20,}     # Perplexity, Cerebras
    | r8_[A-Za-z0-9]{30,} | nvapi-(?=[a-z_-]{0,32}[A-Z0-9])[A-Za-z0-9_-]{32,}  # Replicate, NVIDIA
    | tgp_v1_[A-Za-z0-9_-]{30,} | wandb_v1_[A-Za-z0-9_-]{30,}  # Together, Weights & Biases
    | (?:jina|pcsk)_[A-Za-z0-9_-]{50,} | tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,}  # Jina, Pinecone, Tavily
    | lsv2_(?:pt|sk)_[0-9a-f_]{30,} | KGAT_[0-9a-f]{32}        # LangSmith, Kaggle
      # clouds
    | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9]) | ABSK[A-Za-z0-9+/]{60,}        # AWS
    | AIza[A-Za-z0-9_-]{30,} | GOCSPX-[A-Za-z0-9_-]{20,} | 1//0[A-Za-z0-9_-]{30,}        # Google
    | LTAI(?=[A-Za-z]{0,20}[0-9])[A-Za-z0-9]{12,26}(?![A-Za-z0-9])                       # Alibaba Cloud
    | AKID(?=[A-Za-z]{0,30}[0-9])[A-Za-z0-9]{28,36}(?![A-Za-z0-9]) | AKLT[A-Za-z0-9]{28,}    # Tencent Cloud, Volcengine
    | bce-v3/ALTAK-[A-Za-z0-9]{10,32}/[0-9a-f]{40}             # Baidu Cloud
    | do[opr]_v1_[0-9a-f]{32,} | HRKU-[A-Za-z0-9_-]{30,}       # DigitalOcean, Heroku
    | fo1_[A-Za-z0-9_-]{40,} | nfp_[A-Za-z0-9]{36,} | vercel_blob_rw_[A-Za-z0-9_]{30,}   # Fly.io, Netlify, Vercel
    | (?<=v1\.)0-[0-9a-f]{24}-[0-9a-f]{100,}                   # Cloudflare
    | dapi[0-9a-f]{32} | pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_-]{30,}          # Databricks, PlanetScale
    | sbp_[0-9a-f]{40} | sb_secret_[A-Za-z0-9_-]{20,}          # Supabase
    | tskey-[a-z]{3,8}-[A-Za-z0-9-]{16,} | pul-[0-9a-f]{40}    # Tailscale, Pulumi
      # code and packages
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,}
    | gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas|ffct)-[A-Za-z0-9_-]{20,}  # GitLab
    | AT[AC]TT3[A-Za-z0-9_-]{50,} | ATBB[A-Za-z0-9]{24,}       # Atlassian
    | npm_[A-Za-z0-9]{36} | pypi-AgE[A-Za-z0-9_-]{50,} | rubygems_[0-9a-f]{48}
    | cio(?=[A-Za-z]{0,32}[0-9])[A-Za-z0-9]{32}(?![A-Za-z0-9]) | oy2[a-z0-9]{43}         # crates.io, NuGet
    | dckr_[op]at_[A-Za-z0-9_-]{20,} | PMAK-[0-9a-f]{24}-[0-9a-f]{34}        # Docker, Postman
    | sgp_[0-9a-f_]{40,} | sq[apu]_[0-9a-f]{40}                # Sourcegraph, SonarQube
    | sntry(?:s_[A-Za-z0-9_+/]{30,}|u_[0-9a-f]{64})            # Sentry
    | gl(?:c_[A-Za-z0-9+/]{32,}|sa_[A-Za-z0-9]{32}_[0-9a-f]{8})              # Grafana
    | NR(?:AK|II)-[A-Za-z0-9-]{20,} | phx_[A-Za-z0-9]{40,}     # New Relic, PostHog
      # messages, payments, shops, documents
    | xox[abceoprs]-[A-Za-z0-9-]{11,} | xapp-[0-9]-[A-Za-z0-9-]{20,}         # Slack
    | (?<=hooks\.slack\.com/services/)T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{16,}
    | (?<=discord\.com/api/webhooks/)[0-9]{16,20}/[A-Za-z0-9_-]{50,}
    | (?<=discordapp\.com/api/webhooks/)[0-9]{16,20}/[A-Za-z0-9_-]{50,}
    | (?<=/open-apis/bot/v2/hook/)[0-9a-f-]{36}                # Feishu
    | SK[0-9a-f]{32} | (?<![_-])key-[0-9a-f]{32} | [0-9a-f]{32}-us[0-9]{1,2}          # Twilio, Mailgun, Mailchimp
    | xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16} | EAA[A-Za-z0-9]{80,}             # Brevo, Facebook
    | [srp]k_(?:live|test)_[A-Za-z0-9]{16,} | whsec_[A-Za-z0-9+/]{20,}       # Stripe
    | rzp_(?:live|test)_[A-Za-z0-9]{14,} | sq0[a-z]{3}-[A-Za-z0-9_-]{22,}    # Razorpay, Square
    | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}                       # Shopify
    | figd_[A-Za-z0-9_-]{36,} | lin_(?:api|oauth)_[A-Za-z0-9]{32,}           # Figma, Linear
    | (?:ntn|secret)_(?=[A-Za-z]{0,40}[0-9])[A-Za-z0-9]{43,} | CFPAT-[A-Za-z0-9_-]{40,}  # Notion, Contentful
      # vaults
    | ops_eyJ[A-Za-z0-9_-]{60,} | AGE-SECRET-KEY-1[A-Z0-9]{58} # 1Password, age
    )""",
    re.VERBOSE,
)
# Keys of several parts, of which the first may be no run, and what stands before the run in these.
_KEY_IN_PARTS = re.compile(
    r"""SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,}           # SendGrid
    | (?:ya29|AQ)\.[A-Za-z0-9_-]{30,}                          # Google
    | hv[brs]\.[A-Za-z0-9_-]{24,}                              # HashiCorp Vault
    | [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}             # HCP Terraform
    | sl\.(?:u\.)?[A-Za-z0-9_-]{100,}                          # Dropbox
    | dp\.[a-z]{2,5}\.(?:[a-z0-9_-]{2,16}\.)?[A-Za-z0-9]{40,}  # Doppler
    | pat[A-Za-z0-9]{14}\.[0-9a-f]{64}                         # Airtable
    | [0-9]{6,12}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])          # Telegram
    | [A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}           # Microsoft Entra
    | [0-9a-f]{32}\.(?![a-z]{16})[A-Za-z0-9]{16}(?![A-Za-z0-9])  # Zhipu
    | [MNO](?=[A-Za-z]{0,27}[0-9])[A-Za-z0-9]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}  # Discord""",
    re.VERBOSE,
)
_PART_BEFORE = re.compile(
    r"""(?:(?<![A-Za-z0-9])(?:SG|ya29|AQ|hv[brs]|sl(?:\.u)?|pat[A-Za-z0-9]{14}|[A-Za-z0-9]{14}\.atlasv1
      | dp\.[a-z]{2,5}(?:\.[a-z0-9_-]{2,16})?)\. | (?<![0-9])[0-9]{6,12}: | [A-Za-z0-9_~.-]{3}[78]Q~)$""",
    re.VERBOSE,
)
_WEB_TOKEN = re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,2048}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]++)?")
_PRIVATE_KEY = re.compile(
    r"""-----BEGIN\ (?:[A-Z0-9]{1,12}\ ){0,3}PRIVATE\ KEY(?:\ BLOCK)?-----
    (?:\s*+[A-Z][A-Za-z-]{2,20}:\ [^\n\0]{0,100}\n)*+                  # the headers of an encrypted one
    (?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{16,}+)*+                          # whole lines, in source code with a written \n
    (?:(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]*+){2}(?:\s|\\[nr])*+-----END\ [A-Z0-9 ]{1,40}-----)?""",
    re.VERBOSE,
)
_PUTTY_KEY = re.compile(
    r"""PuTTY-User-Key-File-[0-9]:\ [^\n\0]{0,100}
    (?:\n(?:[A-Za-z0-9-]{2,30}:\ [^\n\0]{0,200}|[A-Za-z0-9+/=]{1,100}(?=\n)))*+""",
    re.VERBOSE,
)
_OF_CURL = re.compile(
    r"""\bcurl\b[^\n\0]{0,200}?\s(?:-u|--user)[ =]?["']?[^\s:"'\0]{1,64}:(?P<value>[^\s"'\0]{3,128})""", re.VERBOSE
)
_IN_AN_ADDRESS = re.compile(r"://[^\s/:@\0]{0,64}:([^\s/:@\0]{3,128})@")

_SET = r"""["'`*]{0,3}\s{0,3}(?:[:：]|={1,2}|is\s|是|为)\s{0,3}"""
_NAME = (
    r"(?:key|secret|token|passw(?:or)?d|passphrase|credentials?|session_?id|密钥|秘钥|密匙|私钥|令牌|凭证|口令|密码)"
    r"(?:_[A-Za-z0-9]{1,10})?"
)
_SECRET_BEFORE = re.compile(
    rf"""(?:\b(?P<bearer>bearer)\s{{1,3}}|(?:{_NAME}{_SET}|\bsig=)["'`“]?|\bauthorization{_SET}["'`“]?(?:[a-z]{{3,12}}\s)?)$""",
    re.IGNORECASE,
)
_BASIC = re.compile(
    r"""authorization["'`]{0,3}\s{0,3}[:=]\s{0,3}["'`]?basic\s{1,3}([A-Za-z0-9+/]{4,1024}+={0,2})""", re.IGNORECASE
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
    places = _long_ones(text)
    if "@" in text and "://" in text:
        places += (match.span(1) for match in _IN_AN_ADDRESS.finditer(text) if not _DUMMY.match(match[1]))
    if "uthorization" in text or "UTHORIZATION" in text:
        places += (match.span(1) for match in _BASIC.finditer(text) if _names_a_user(match[1]))
    if "PuTTY-User-Key-File-" in text:
        places += (match.span() for match in _PUTTY_KEY.finditer(text))
    if "curl" in text:
        places += (match.span("value") for match in _OF_CURL.finditer(text) if not _DUMMY.match(match["value"]))
    if "assw" in text or "ASSW" in text or "pwd" in text or "密码" in text:
        places += _passwords(text)
    return _without_overlaps(places) if places else []


def _long_ones(text: str) -> list[tuple[int, int]]:
    shape = text.encode("latin-1", "replace").translate(_IN_A_RUN)
    places: list[tuple[int, int]] = []
    if _SHORTEST_RUN not in shape:
        return places
    if "eyJ" in text:
        places += (match.span() for match in _WEB_TOKEN.finditer(text))
    if "PRIVATE KEY" in text:
        places += (match.span() for match in _PRIVATE_KEY.finditer(text))
    for run in _RUN.finditer(shape):
        start, end = run.span()
        if keys := [match.span() for match in _KEY.finditer(text, start, end)]:
            places += keys
        elif key := _in_parts(text, start, end):
            places.append(key)
        elif word := _SECRET_BEFORE.search(text[max(0, start - _LONGEST_WORD) : start]):
            secret = _secret_from(text, start, end)
            if _is_random(secret) or (word["bearer"] and re.search("[0-9]", secret)):
                places.append((start, start + len(secret)))
    return places


def _in_parts(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The key of several parts, one of them the run."""
    place = -1
    if text[max(0, start - 1) : start] in (".", ":", "~"):
        first = max(0, start - _LONGEST_WORD)
        if part := _PART_BEFORE.search(text[first:start]):
            place = first + part.start()
    elif text[end : end + 1] == ".":
        place = start
    key = _KEY_IN_PARTS.match(text, place) if place >= 0 else None
    return key.span() if key else None


def _names_a_user(value: str) -> bool:
    """Whether it is a user's name and password as HTTP sends them (RFC 7617)."""
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return False


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
    spans: list[Span] = []
    for start, end in sorted(places, key=lambda place: (place[0], -place[1])):
        if not spans or start >= spans[-1].end:
            spans.append(Span(start, end, "key"))
    return spans
