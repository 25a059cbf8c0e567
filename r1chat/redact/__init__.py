"""Finds personal data in text and replaces it by consistent placeholders.

Pure functions of text. Chains of reasoning are full of arithmetic, so a number counts only where its form, its check
digit and its context agree. Everything is searched in a folded copy of the text (`fold.py`), in which digits, spaces
and dashes of every script are the plain ones.

Left alone on purpose: IP addresses and version numbers, dates and times, `~name`, passwords that are a plain
word or only digits (a puzzle's answer looks the same) unless a word is in quotes, names that were not given, minus
signs inside a number, keys without a known prefix or a word before them, and addresses that hide their `@` (`%40`).
"""

from r1chat.redact.accounts import account_names
from r1chat.redact.finder import find
from r1chat.redact.finding import KINDS, Finding, FindingKind
from r1chat.redact.redactor import Redactor

__all__ = ["KINDS", "Finding", "FindingKind", "Redactor", "account_names", "find"]
