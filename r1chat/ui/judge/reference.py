"""What is right in answer to a message: the form beside it, the mark on each reply, and what the rules say of one.

Pure but for `rewards`, which may compute for a second or ask another process: never in a feed's thread.
"""

from __future__ import annotations

from r1chat.errors import R1ChatError
from r1chat.judgements import CHECKS, Judged, Reference
from r1chat.messages import StoredReply
from r1chat.rewards import Reference as Rule
from r1chat.rewards import Reward, accuracy, format_reward, language_consistency
from r1chat.rewards.reward import shown
from r1chat.ui.html.markdown import plain
from r1chat.ui.talk.render import button
from r1chat.ui.words.page import Words

GLYPHS = {1.0: "✓", 0.0: "✗", None: "?"}  # by accuracy


def form(turn_id: str, reference: Reference | None, words: Words) -> str:
    """Beside a message: what is right, folded. The page folds it again when `data-reference` has changed by a save."""
    known = plain(reference.id) if reference else ""
    text, kind = (reference.text, reference.kind) if reference else ("", "")
    caption = f"✓ {words.reference_is.format(text=shown(text))}" if reference else words.reference
    choices = [("", words.check_guess), *((check, getattr(words, f"check_{check}")) for check in CHECKS)]
    options = "".join(
        f'<option value="{value}"{" selected" if value == kind else ""}>{plain(name)}</option>'
        for value, name in choices
    )
    save = button("refer", turn_id, words.save, kind="primary", key="reference-save")
    back = button("unrefer", turn_id, words.reference_back) if reference else ""
    return (
        f'<details class="reference" data-key="reference" data-reference="{known}"><summary>{plain(caption)}</summary>'
        f'<div class="form"><textarea rows="1" data-key="reference-text" aria-label="{plain(words.reference_text)}">'
        f"{plain(text)}</textarea>"
        f'<label>{plain(words.reference_kind)} <select data-key="reference-kind">{options}</select></label>'
        f"{save}{back}</div></details>"
    )


def verdict(reply_id: str, judged: Judged, words: Words) -> tuple[str, str]:
    """Glyph and words of what the rule said of a reply; empty where it was not asked."""
    found = judged.verifications.get(reply_id)
    if found is None:
        return "", ""
    said = {1.0: words.is_right, 0.0: words.is_wrong, None: words.undecided}
    return GLYPHS.get(found.accuracy, "?"), said.get(found.accuracy, words.undecided)


def rules(stored: StoredReply, judged: Judged, words: Words) -> str:
    """The mark on a reply. Unfolded, the page asks for the sentences of all rules."""
    glyph, said = verdict(stored.id, judged, words)
    kind = {"✓": "right", "✗": "wrong"}.get(glyph, "open")
    if not glyph and stored.turn_id in judged.references:
        glyph, said = "…", words.not_checked
    caption = f'<span class="mark {kind}">{glyph} {plain(said)}</span>' if glyph else plain(words.rule_rewards)
    found = judged.verifications.get(stored.id)
    key = f"rewards-{found.reference_id if found else ''}"
    return (
        f'<details class="rules{"" if glyph else " silent"}" data-key="{key}" data-load="rewards" '
        f'data-id="{plain(stored.id)}"><summary>{caption}</summary><div aria-live="polite"></div></details>'
    )


def rewards(stored: StoredReply, question: str, reference: Reference | None, words: Words) -> str:
    """The rule rewards of a reply, each with its sentence. May take seconds."""
    reply = stored.reply
    rows = [
        (words.rule_accuracy, _accuracy(stored, reference, words)),
        (words.rule_format, format_reward(reply)),
        (words.rule_language, language_consistency(reply.reasoning, question)),
    ]
    return f'<dl class="rewards">{"".join(_row(name, reward, words) for name, reward in rows)}</dl>'


def _accuracy(stored: StoredReply, reference: Reference | None, words: Words) -> Reward:
    if reference is None:
        return Reward(None, words.no_reference, words.no_reference)
    try:
        return accuracy(stored.reply.answer, Rule(reference.text, reference.kind))
    except R1ChatError as error:
        return Reward(None, error.sentence("en"), error.sentence("zh"))


def _row(name: str, reward: Reward, words: Words) -> str:
    value = "–" if reward.value is None else f"{reward.value:.2f}"
    why = reward.why_zh if words.lang == "zh" else reward.why
    return f"<dt>{plain(name)}</dt><dd><b>{value}</b> {plain(why)}</dd>"
