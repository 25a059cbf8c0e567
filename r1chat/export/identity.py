"""Whether a reply gives away which model wrote it, so that a blind comparison was not blind.

Chatbot Arena leaves such votes out of its data for the same reason. A name that the person wrote themselves gives
nothing away; a name that is also a word (“Llama”, “Google”) counts only where the reply speaks of itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NAMES = (  # they name nothing but a model or its maker
    "deepseek",
    "深度求索",
    "qwen",
    "通义千问",
    "chatgpt",
    "openai",
    "anthropic",
    "mistral ai",
    "chatglm",
    "智谱",
    "文心一言",
    "moonshot ai",
    "r1chat",
)
_WORDS = (  # of these it depends
    "alibaba",
    "claude",
    "gemini",
    "gemma",
    "google",
    "grok",
    "kimi",
    "llama",
    "meta",
    "microsoft",
    "mistral",
    "阿里",
    "月之暗面",
    "谷歌",
    "百度",
)
_LATIN_NAMES = tuple(name for name in _NAMES if name.isascii())
_BEGINNINGS = ("i am", "i'm", "i’m", "i was", "my name is", "call me")  # without one no reply speaks of itself
_WORD = rf"(?:{'|'.join(_WORDS)})(?![a-z])"
_OF_ITSELF = re.compile(
    rf"\b(?:i am|i['’]m|my name is|call me)\s+(?:called\s+|named\s+)?{_WORD}"
    rf"|\bi(?: am|['’]m| was)\b[^.!?。\n]{{0,80}}\b(?:made|created|developed|trained|built)\s+by\s+{_WORD}"
    rf"|我(?:是|叫|的名字是|由)[^。！？\n]{{0,8}}?{_WORD}"
)
_PARTS = re.compile(r"[^a-z0-9]+")


def names_its_model(text: str, prompt: str, model: str) -> bool:
    """Whether a reply's `text` names a model or maker that was not in the `prompt`; `model` is who wrote it."""
    text = text.lower()
    known = _LATIN_NAMES if text.isascii() else _NAMES
    names = [name for name in (*known, *_own_name(model)) if name in text]
    if names and any(name not in prompt.lower() for name in names):
        return True
    speaks = "我" in text or any([beginning in text for beginning in _BEGINNINGS])
    return speaks and bool(_OF_ITSELF.search(text)) and not _OF_ITSELF.search(prompt.lower())


@lru_cache
def _own_name(model: str) -> tuple[str, ...]:
    """The model's name as it is listed, without its tag, where it could not be a word: of parts, one with a digit."""
    name = model.rpartition("/")[2].partition(":")[0].lower()
    return (name,) if re.search(r"\d", name) and len(_PARTS.split(name)) > 1 else ()
