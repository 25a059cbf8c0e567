"""What the window holds, in tokens: of the last turn, and what the next one begins with; what to do when it gets tight.

Pure. Counts come from the replies themselves; what is estimated says “about”.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from r1chat import window
from r1chat.conversations import ConversationInfo, StoredTurn
from r1chat.messages import ModelInfo, Usage
from r1chat.ui.html.parts import EMPTY, button, concat, notice
from r1chat.ui.words.page import Words


def html(turns: Sequence[StoredTurn], view: ConversationInfo, words: Words) -> Markup:
    """The bar in the head of the page, with its numbers; empty where the window is not known."""
    counted = (turn.reply.reply.usage for turn in reversed(turns) if turn.reply is not None)
    usage = next((usage for usage in counted if usage.context and usage.prompt_tokens is not None), Usage())
    without_thoughts = window.next_prompt(turns, False, view.seen_from)
    with_thoughts = window.next_prompt(turns, True, view.seen_from)
    if not usage.context or usage.prompt_tokens is None or usage.free is None:
        return EMPTY
    numbers = {
        "prompt": usage.prompt_tokens,
        "thought": usage.reasoning_tokens,
        "answer": usage.answer_tokens,
        "free": usage.free,
        "context": usage.context,
    }
    title = words.ledger.format(**{name: f"{count:,}" for name, count in numbers.items()})
    title += "\n" + words.ledger_next.format(dropped=f"{without_thoughts:,}", kept=f"{with_thoughts:,}")
    short = words.ledger_short.format(used=f"{usage.context - usage.free:,}", context=f"{usage.context:,}")
    bars = concat(
        Markup('<i class="of-{}" style="width:{:.1f}%"></i>').format(name, 100 * numbers[name] / usage.context)
        for name in ("prompt", "thought", "answer")
    )
    return Markup(
        '<span class="told" title="{title}" aria-label="{title}" tabindex="0" role="img">'
        '<span>{short}</span><span class="bar">{bars}</span></span>'
    ).format(title=title, short=short, bars=bars)


def offers(turns: Sequence[StoredTurn], view: ConversationInfo, model: ModelInfo | None, words: Words) -> Markup:
    """Where the next turn may not fit: that it may not, before it is sent, and what can be done. Empty while it fits.

    `model` is the one that is chosen for the next turn.
    """
    prompt_tokens = window.next_prompt(turns, view.keep_thoughts, view.seen_from)
    context = (model.context if model else 0) or _last_context(turns)
    if prompt_tokens is None or not context or context - prompt_tokens >= window.TIGHT * context:
        return EMPTY
    sentences = [words.tight.format(free=f"{max(0, context - prompt_tokens):,}", context=f"{context:,}")]
    if view.keep_thoughts and (bare := window.next_prompt(turns, False, view.seen_from)) is not None:
        sentences.append(words.tight_thoughts.format(free=f"{max(0, context - bare):,}"))
    buttons = button("carry", "", words.carry_on, kind="primary")
    if len(window.shown(turns, view.seen_from)) > 1:
        buttons += button("leave-out", "", words.leave_out)
    larger = Markup("<small>{}</small>").format(_larger(model, context, words)) if model else EMPTY
    return Markup('<div class="notice" role="status"><p>{}</p><div class="ways">{}</div>{}</div>').format(
        " ".join(sentences), buttons, larger
    )


def _larger(model: ModelInfo, context: int, words: Words) -> str:
    if model.backend.startswith("openai"):
        return words.server_window
    if model.trained_context <= context:
        return words.largest_window
    tokens = min(2 * context, model.trained_context)
    return words.larger_window.format(tokens=tokens, trained=f"{model.trained_context:,}")


def _last_context(turns: Sequence[StoredTurn]) -> int:
    return next((turn.reply.reply.usage.context or 0 for turn in reversed(turns) if turn.reply is not None), 0)


def earlier(count: int, words: Words) -> Markup:
    """That the first messages of a very long conversation are not on the page."""
    return notice(words.earlier_messages.format(n=f"{count:,}"))


def left_out(count: int, words: Words) -> Markup:
    """The line under the turns that the model no longer sees, and the way back."""
    sentence = words.one_left_out if count == 1 else words.many_left_out.format(n=count)
    return Markup("<span>{}</span> {}").format(sentence, button("show-all", "", words.show_all))
