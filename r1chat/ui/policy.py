"""What a browser may do with our responses: the Content-Security-Policy and the other security headers.

Scripts run from our own files alone. The pages that Gradio frames hold a few inline scripts of its own; they are
allowed by their hash, each response for itself, so an inline script that is not in the frame does not run.

What stays open, and why: `'unsafe-eval'` on these pages, since Gradio compiles the `js` of events and `js_on_load` of
gr.HTML with `new Function`; `'unsafe-inline'` for styles, since Gradio's components write styles into elements.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

Headers = list[tuple[bytes, bytes]]

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_NEW_LINES = re.compile(rb"\r\n?")
KEY_SCRIPT = b'<script src="/r1chat/key.js"></script>'  # before every other script; see `key.js`

_OTHER: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-dns-prefetch-control", b"off"),  # else Firefox looks up the host of every link that shows, without a click
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]


def security_headers(script: str = "'self'") -> Headers:
    """The headers of a response; `script` are the sources from which its scripts may come."""
    policy = (
        "default-src 'self'",
        f"script-src {script}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'none'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    )
    return [(b"content-security-policy", "; ".join(policy).encode()), *_OTHER]


NAMES = frozenset(name for name, _ in security_headers())


def framed(html: bytes) -> tuple[bytes, Headers]:
    """A page with our key script in front, and its headers: of its inline scripts, those that it holds now may run."""
    html = html.replace(b"<head>", b"<head>" + KEY_SCRIPT, 1)
    hashes = sorted({_hash(script) for script in _INLINE_SCRIPT.findall(html)})
    return html, security_headers(" ".join(["'self'", *(["'unsafe-eval'", *hashes] if hashes else [])]))


def _hash(script: bytes) -> str:
    """The source expression of an inline script. Parsing HTML makes every line end a line feed."""
    parsed = _NEW_LINES.sub(b"\n", script)
    return f"'sha256-{b64encode(sha256(parsed).digest()).decode()}'"
