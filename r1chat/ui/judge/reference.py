"""What is right in answer to a message: the form beside it, the mark on each reply, and what the rules say of one.

Pure but for `rewards`, which may compute for a second or ask another process: never in a feed's thread.
"""

from __future__ import annotations

from markupsafe import Markup

from r1chat.conversations import StoredReply
from r1chat.errors import R1ChatError
from r1chat.judgements import CHECKS, Judged, Reference, Verification
from r1chat.rewards import Reward, RightAnswer, accuracy, format_reward, language_consistency
from r1chat.rewards.programs import program
from r1chat.rewards.reward import shown
from r1chat.ui.html.icons import sign
from r1chat.ui.html.parts import EMPTY, attributes, button, concat, text_area
from r1chat.ui.words.page import Words

SIGNS: dict[float | None, str] = {1.0: "check", 0.0: "x"}  # by accuracy; others are undecided


def form(turn_id: str, reference: Reference | None, words: Words) -> Markup:
    """Beside a message: what is right, folded. The page folds it again when `data-reference` has changed by a save."""
    text, kind = (reference.text, reference.kind) if reference else ("", "")
    choices = [("", words.check_guess), *((check, getattr(words, f"check_{check}")) for check in CHECKS)]
    options = concat(
        Markup("<option{}>{}</option>").format(attributes(value=value, selected=value == kind), name)
        for value, name in choices
    )
    return Markup(
        '<details class="reference" data-key="reference" data-reference="{known}"><summary>{caption}</summary>'
        '<div class="form">{box}'
        '<label>{kind} <select data-key="reference-kind">{options}</select></label>{save}{back}</div></details>'
    ).format(
        known=reference.id if reference else "",
        caption=sign("check") + _caption(reference, words) if reference else words.reference,
        box=text_area(
            text,
            rows=1,
            data_key="reference-text",
            aria_label=words.reference_text,
            placeholder=words.reference_text,
        ),
        kind=words.reference_kind,
        options=options,
        save=button("refer", turn_id, words.save, kind="primary", key="reference-save"),
        back=button("unrefer", turn_id, words.reference_back) if reference else EMPTY,
    )


def _caption(reference: Reference, words: Words) -> str:
    return words.tests_given if reference.kind == "tests" else words.reference_is.format(text=shown(reference.text))


def has_tests(stored: StoredReply, judged: Judged) -> bool:
    """Whether a reply holds a program, and its message tests for one."""
    reference = judged.references.get(stored.turn_id)
    return reference is not None and reference.kind == "tests" and program(stored.reply.answer) is not None


def verdict(reply_id: str, judged: Judged, words: Words) -> tuple[Markup, str]:
    """Icon and words of what the rule said of a reply; empty where it was not asked."""
    verification = judged.verifications.get(reply_id)
    if verification is None:
        return EMPTY, ""
    names: dict[float | None, str] = {1.0: words.is_right, 0.0: words.is_wrong}
    name = names.get(verification.accuracy, words.undecided)
    return sign(SIGNS.get(verification.accuracy, "circle-question-mark")), name


def rules(stored: StoredReply, judged: Judged, words: Words) -> Markup:
    """The mark on a reply. Unfolded, the page asks for the sentences of all rules."""
    picture, name = verdict(stored.id, judged, words)
    verified = judged.verifications.get(stored.id)
    kinds: dict[float | None, str] = {1.0: "right", 0.0: "wrong"}
    kind = kinds.get(verified.accuracy, "open") if verified else "open"
    if stored.id in judged.testing:
        picture, name, kind = EMPTY, words.tests_running, "open"
    if not name and stored.turn_id in judged.references:
        tests = judged.references[stored.turn_id].kind == "tests"
        name = words.tests_not_run if tests else words.not_checked
    caption = Markup('<span class="mark {}">{}{}</span>').format(kind, picture, name) if name else words.rule_rewards
    marks = attributes(
        class_="rules" if name else "rules silent",
        data_key=f"rewards-{verified.reference_id if verified else ''}",
        data_load="rewards",
        data_id=stored.id,
    )
    return Markup('<details{}><summary>{}</summary><div aria-live="polite"></div></details>').format(marks, caption)


def rewards(
    stored: StoredReply, question: str, reference: Reference | None, outcome: Reward | None, words: Words
) -> Markup:
    """The rule rewards of a reply, each with its sentence. May take seconds. `outcome`: what running its tests said."""
    reply = stored.reply
    rows = [
        (words.rule_accuracy, outcome or _accuracy(stored, reference, words)),
        (words.rule_format, format_reward(reply)),
        (words.rule_language, language_consistency(reply.reasoning, question)),
    ]
    return Markup('<dl class="rewards">{}</dl>').format(concat(_row(name, reward, words) for name, reward in rows))


def outcome(known: Reward | None, verified: Verification | None) -> Reward | None:
    """What running the tests said of a reply: as it is `known`, else as it was kept, without the failing test."""
    if known is not None or verified is None or verified.accuracy is None:
        return known
    sentence = Words.tests_passed if verified.accuracy == 1.0 else Words.tests_failed
    return Reward(verified.accuracy, sentence.en, sentence.zh)


def _accuracy(stored: StoredReply, reference: Reference | None, words: Words) -> Reward:
    if reference is None:
        return Reward(None, Words.no_reference.en, Words.no_reference.zh)
    try:
        return accuracy(stored.reply.answer, RightAnswer(reference.text, reference.kind))
    except R1ChatError as error:
        return Reward(None, error.sentence("en"), error.sentence("zh"))


def _row(name: str, reward: Reward, words: Words) -> Markup:
    value = "–" if reward.value is None else f"{reward.value:.2f}"
    why = reward.why_zh if words.lang == "zh" else reward.why
    return Markup("<dt>{}</dt><dd><b>{}</b> {}</dd>").format(name, value, why)
