"""Why a judgement becomes no row: codes, and a sentence for each in both languages of the page.

A trainer takes every text for what the model meant to say. A reply that was cut off, two sides that say the same and a
vote that was not blind after all teach it something that nobody said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from r1chat.both import Both
from r1chat.export.identity import names_its_model
from r1chat.judgements import Comparison, Rating, StepLabel
from r1chat.store.dataset import MOST_EARLIER, JudgedReply, JudgedTurn

Reason = Literal[
    "unfinished",
    "truncated",
    "stopped",
    "error",
    "empty",
    "identical",
    "leaked_identity",
    "thought_only",
    "no_thought",
    "no_reply",
    "verified_wrong",
    "no_template",
    "long_history",
    "special_token",
    "redacted_answer",
    "other_prompt",
    "corrected",
    "thumbs_down",
    "cut_thought",
    "incomplete_prompt",
]
# Also where a row is one reply of a pair that is none.
OF_EVERY_ROW: frozenset[str] = frozenset({"long_history", "special_token", "verified_wrong", "incomplete_prompt"})

_SPECIAL_TOKEN = re.compile(
    r"<[|｜][A-Za-z][\w▁.-]{1,60}[|｜]?>|<[A-Za-z][\w▁.-]{1,60}[|｜]>|</s>|<(?:start|end)_of_turn>"
    r"|<(?:bos|eos|pad|sop|eop)>|<SPECIAL_[0-9]+>|<seed:\w+>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|\[gMASK\]|\]~b\]|\[e~\["
)
"""How models of DeepSeek, Qwen, Llama, Mistral, Gemma, GLM and most others spell the tokens around a message."""


REASONS: Mapping[Reason, Both] = {
    "unfinished": Both(
        "A reply is still being written, or broke off before its end. Continue it, or have it written again.",
        "有回复还在生成，或在结束前中断。请继续生成，或重新生成。",
    ),
    "truncated": Both(
        "A reply ran into the limit of its length and has no end. Continue it, or raise the limit.",
        "有回复达到长度上限，没有结尾。请继续生成，或提高上限。",
    ),
    "stopped": Both(
        "A reply was stopped by hand and has no end. Continue it, then judge it again.",
        "有回复被手动停止，没有结尾。请继续生成，然后重新评判。",
    ),
    "error": Both(
        "A reply ended with an error. Have it written again.",
        "有回复以错误结束。请重新生成。",
    ),
    "empty": Both(
        "A reply has no answer. Have it written again, or correct it.",
        "有回复没有答案。请重新生成，或加以更正。",
    ),
    "identical": Both(
        "Both sides say the same, so there is nothing to prefer. Compare replies that differ.",
        "两边内容相同，没有可比较之处。请比较不同的回复。",
    ),
    "leaked_identity": Both(
        "In a blind comparison a reply names its model or its maker, so the vote was not blind.",
        "在盲评中，有回复说出了自己的模型或厂商名称，因此投票并非真正的盲评。",
    ),
    "thought_only": Both(
        "Only the thought was rated, and a row needs a word on the answer. Rate the answer too.",
        "只评价了思考过程，而一行数据需要对答案的评价。请同时评价答案。",
    ),
    "no_thought": Both(
        "The marked step is not in the thought any more. Mark the first wrong step again.",
        "标记的步骤已不在思考过程中。请重新标记第一个错误的步骤。",
    ),
    "no_reply": Both(
        "No model has replied to this message, so it is not known how one would be asked. Have it answered once.",
        "还没有模型回复这条消息，因此不知道该如何向模型提问。请先生成一次回复。",
    ),
    "verified_wrong": Both(
        "The reply was preferred or liked, but its answer is wrong by the reference. Correct the reply, or the "
        "reference.",
        "该回复被选为更好或得到了赞，但根据参考答案它是错的。请更正回复或参考答案。",
    ),
    "no_template": Both(
        "A server wrote the reply and does not tell its chat template. Export with --template, or judge a model whose "
        "file is here.",
        "该回复由服务器生成，而服务器不提供对话模板。请用 --template 导出，或评价其文件在本机的模型。",
    ),
    "long_history": Both(
        f"More than {MOST_EARLIER} messages stand before this one. Judge replies in shorter conversations.",
        f"这条消息之前有超过 {MOST_EARLIER} 条消息。请在较短的对话中评判回复。",
    ),
    "special_token": Both(
        "A text spells a special token such as <|im_end|>, which a trainer would take for the token itself, and so for "
        "the end of a message. Ask without it.",
        "文本中写有 <|im_end|> 之类的特殊 token，训练程序会把它当作真正的 token，即消息的结尾。请去掉后重新提问。",
    ),
    "other_prompt": Both(
        "The two replies were written after different prompts: another system prompt, other thinking, or another part "
        "of the conversation. Compare replies of one setting.",
        "两个回复是在不同的提示下生成的：系统提示词、思考设置或所见的对话部分不同。请比较同一设置下的回复。",
    ),
    "cut_thought": Both(
        "You, or a budget, ended the thought of a reply, so its end is none that the model wrote. Let the model think "
        "to its end, or export with --thoughts answer-only.",
        "有回复的思考是由你或思考预算中止的，因此结尾不是模型自己写的。请让模型完整思考，"
        "或用 --thoughts answer-only 导出。",
    ),
    "corrected": Both(
        "The reply was corrected, so it is no example to imitate; its correction is one.",
        "该回复已被更正，因此不作为模仿的范例；范例是它的更正。",
    ),
    "thumbs_down": Both(
        "The reply has a thumb down, so it is no example to imitate. Correct it, or take the thumb back.",
        "该回复被踩，因此不作为模仿的范例。请更正它，或撤回踩。",
    ),
    "incomplete_prompt": Both(
        "An import left out a part of what the model was shown before it wrote the reply, such as a system prompt, a "
        "picture or what a tool said. Have the message answered here, and judge that reply.",
        "导入时省略了模型写此回复前看到的部分内容，例如系统提示词、图片或工具的结果。请在这里重新生成回复，然后评判它。",
    ),
    "redacted_answer": Both(
        "The right answer looks like personal data, such as a phone number, and a placeholder in its place would teach "
        "a wrong one. Export without redaction, if it is none.",
        "正确答案看起来像个人信息（例如电话号码），替换成占位符会教出错误的答案。如果它不是，请关闭替换个人信息后再导出。",
    ),
}

_BY_FINISH: Mapping[str | None, Reason | None] = {
    "stop": None,
    "length": "truncated",
    "stopped": "stopped",
    "error": "error",
    "cut": "unfinished",
    "interrupted": "unfinished",
    None: "unfinished",
}


def of_texts(turn: JudgedTurn, sides: Iterable[JudgedReply]) -> Reason | None:
    """Why texts make no row of any kind. A trainer tokenizes a message together with the tokens around it."""
    if turn.is_long:
        return "long_history"
    return "special_token" if any(map(_SPECIAL_TOKEN.search, bracketed_texts(turn, sides))) else None


def bracketed_texts(turn: JudgedTurn, sides: Iterable[JudgedReply]) -> list[str]:
    """What persons and models wrote that a row of these replies may hold, where it has a bracket, as tokens have."""
    texts = [turn.message]
    for exchange in turn.history:
        texts += (exchange.message, exchange.reasoning, exchange.answer)
    for reply in sides:
        texts += (reply.system, reply.reasoning, reply.answer)
    return [text for text in texts if "<" in text or "[" in text or "]" in text]


def of_reply(reply: JudgedReply) -> Reason | None:
    """Why a reply is not complete; None where it is."""
    reason = "incomplete_prompt" if reply.incomplete_prompt else _BY_FINISH[reply.finish]
    return reason or (None if reply.answer.strip() else "empty")


def of_pair(first: JudgedReply, second: JudgedReply) -> Reason | None:
    """Why two replies make no preference pair; None where they do."""
    reason = of_reply(first) or of_reply(second)
    if reason is None and _words(first) == _words(second):
        return "identical"
    return reason


def of_comparison(turn: JudgedTurn, comparison: Comparison) -> Reason | None:
    """Why a comparison makes no pair. A thought that the rater did not open cannot have revealed the model."""
    left, right = turn.replies[comparison.sides.left_id], turn.replies[comparison.sides.right_id]
    reason = of_pair(left, right)
    if reason is None and comparison.sides.blind:
        prompt = "\n".join([*(exchange.message for exchange in turn.history), turn.message])
        for reply, seen in ((left, comparison.left_thought_seen), (right, comparison.right_thought_seen)):
            text = reply.answer if seen is False else f"{reply.reasoning}\n{reply.answer}"
            if names_its_model(text, prompt, reply.model):
                return "leaked_identity"
    return reason


def of_rating(turn: JudgedTurn, rating: Rating) -> Reason | None:
    """Why a thumb makes no label. A thumb for a thought needs the same rater's thumb for the answer."""
    others = turn.by_rater.get((rating.reply_id, rating.rater), ())
    if rating.part == "thought" and all(other.part == "thought" for other in others):
        return "thought_only"
    return of_reply(turn.replies[rating.reply_id])


def of_step(turn: JudgedTurn, label: StepLabel) -> Reason | None:
    """Why a step label is refused. A thought that was cut off still has steps; one that still grows may change."""
    reply = turn.replies[label.reply_id]
    if reply.incomplete_prompt:
        return "incomplete_prompt"
    if reply.finish is None:
        return "unfinished"
    return "no_thought" if label.end > len(reply.reasoning) or not reply.reasoning.strip() else None


def _words(reply: JudgedReply) -> tuple[str, str]:
    return reply.reasoning.strip(), reply.answer.strip()
