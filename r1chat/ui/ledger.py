"""What the window holds, in tokens: of the last turn, and what the next one begins with. Pure.

Counts come from the replies themselves; what a history policy costs is computed from them, so it is near, not exact.
"""

from __future__ import annotations

from collections.abc import Sequence

from r1chat.messages import StoredReply
from r1chat.ui.markdown import plain
from r1chat.ui.words import Words

TIGHT = 0.25  # of the window: with less left for the next turn, a thought may not fit


def next_prompt(replies: Sequence[StoredReply], keep_thoughts: bool) -> int:
    """About how many tokens the next prompt has before the person's message: the branch, with or without thoughts."""
    last = replies[-1].reply.usage
    dropped = (last.prompt_tokens or 0) + last.answer_tokens
    return dropped + (sum(each.reply.usage.reasoning_tokens for each in replies) if keep_thoughts else 0)


def html(replies: Sequence[StoredReply], keep_thoughts: bool, words: Words) -> str:
    """The bar in the head of the page, with its numbers; empty where the window is not known."""
    if not replies:
        return ""
    usage = replies[-1].reply.usage
    if not usage.context or usage.prompt_tokens is None or usage.free is None:
        return ""
    numbers = {
        "prompt": usage.prompt_tokens,
        "thought": usage.reasoning_tokens,
        "answer": usage.answer_tokens,
        "free": usage.free,
        "context": usage.context,
    }
    dropped, kept = next_prompt(replies, keep_thoughts=False), next_prompt(replies, keep_thoughts=True)
    told = words.ledger.format(**{name: f"{count:,}" for name, count in numbers.items()})
    told += "\n" + words.ledger_next.format(dropped=f"{dropped:,}", kept=f"{kept:,}")
    used = usage.context - usage.free
    short = words.ledger_short.format(used=f"{used:,}", context=f"{usage.context:,}")
    parts = "".join(
        f'<i class="of-{name}" style="width:{100 * count / usage.context:.1f}%"></i>'
        for name, count in (
            ("prompt", usage.prompt_tokens),
            ("thought", usage.reasoning_tokens),
            ("answer", usage.answer_tokens),
        )
    )
    free = usage.context - (kept if keep_thoughts else dropped)
    warning = ""
    if free < TIGHT * usage.context:
        sentence = words.ledger_full.format(free=f"{max(0, free):,}")
        warning = f'<span class="tight" role="status">⚠ {plain(sentence)}</span>'
    return (
        f'<span class="told" title="{plain(told)}" aria-label="{plain(told)}" tabindex="0" role="img">'
        f'<span>{plain(short)}</span><span class="bar">{parts}</span></span>{warning}'
    )
