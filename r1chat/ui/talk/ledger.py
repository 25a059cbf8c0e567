"""What the window holds, in tokens: of the last turn, and what the next one begins with; what to do when it gets tight.

Pure. Counts come from the replies themselves; what is estimated says “about”.
"""

from __future__ import annotations

from collections.abc import Sequence

from r1chat import window
from r1chat.messages import ConversationInfo, ModelInfo, StoredTurn
from r1chat.ui.html.markdown import plain
from r1chat.ui.talk.render import button
from r1chat.ui.words.page import Words


def html(turns: Sequence[StoredTurn], view: ConversationInfo, words: Words) -> str:
    """The bar in the head of the page, with its numbers; empty where the window is not known."""
    last = turns[-1].reply if turns else None
    if last is None:
        return ""
    usage = last.reply.usage
    dropped = window.next_prompt(turns, False, view.seen_from)
    kept = window.next_prompt(turns, True, view.seen_from)
    if not usage.context or usage.prompt_tokens is None or usage.free is None:
        return ""
    numbers = {
        "prompt": usage.prompt_tokens,
        "thought": usage.reasoning_tokens,
        "answer": usage.answer_tokens,
        "free": usage.free,
        "context": usage.context,
    }
    told = words.ledger.format(**{name: f"{count:,}" for name, count in numbers.items()})
    told += "\n" + words.ledger_next.format(dropped=f"{dropped:,}", kept=f"{kept:,}")
    short = words.ledger_short.format(used=f"{usage.context - usage.free:,}", context=f"{usage.context:,}")
    parts = "".join(
        f'<i class="of-{name}" style="width:{100 * numbers[name] / usage.context:.1f}%"></i>'
        for name in ("prompt", "thought", "answer")
    )
    return (
        f'<span class="told" title="{plain(told)}" aria-label="{plain(told)}" tabindex="0" role="img">'
        f'<span>{plain(short)}</span><span class="bar">{parts}</span></span>'
    )


def offers(turns: Sequence[StoredTurn], view: ConversationInfo, model: ModelInfo | None, words: Words) -> str:
    """Where the next turn may not fit: that it may not, before it is sent, and what can be done. Empty while it fits.

    `model` is the one that is chosen for the next turn.
    """
    taken = window.next_prompt(turns, view.keep_thoughts, view.seen_from)
    context = (model.context if model else 0) or _last_context(turns)
    if taken is None or not context or context - taken >= window.TIGHT * context:
        return ""
    said = [words.tight.format(free=f"{max(0, context - taken):,}", context=f"{context:,}")]
    if view.keep_thoughts and (bare := window.next_prompt(turns, False, view.seen_from)) is not None:
        said.append(words.tight_thoughts.format(free=f"{max(0, context - bare):,}"))
    buttons = button("carry", "", words.carry_on)
    if len(window.shown(turns, view.seen_from)) > 1:
        buttons = button("leave-out", "", words.leave_out) + buttons
    larger = f"<small>{plain(_larger(model, context, words))}</small>" if model else ""
    return f'<div class="notice" role="status">⚠ {plain(" ".join(said))} {buttons}{larger}</div>'


def _larger(model: ModelInfo, context: int, words: Words) -> str:
    if model.backend == "openai":
        return words.server_window
    if model.trained_context <= context:
        return words.largest_window
    tokens = min(2 * context, model.trained_context)
    return words.larger_window.format(tokens=tokens, trained=f"{model.trained_context:,}")


def _last_context(turns: Sequence[StoredTurn]) -> int:
    return next((turn.reply.reply.usage.context or 0 for turn in reversed(turns) if turn.reply is not None), 0)


def left_out(count: int, words: Words) -> str:
    """The line under the turns that the model no longer sees, and the way back."""
    sentence = words.one_left_out if count == 1 else words.many_left_out.format(n=count)
    return f"<span>{plain(sentence)}</span> {button('show-all', '', words.show_all)}"
