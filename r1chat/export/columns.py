"""The columns of every format, in their order: plain names and flat values, the same in JSON Lines and in Parquet.

What is not known is "" or 0, never null: a column that begins with a thousand nulls has no type in JSON Lines.
"""

from __future__ import annotations

from typing import Literal

from r1chat.export.options import Format, Thoughts

Type = Literal["text", "texts", "messages", "flag", "flags", "number", "count", "openai_input", "turn", "turns"]
Columns = dict[str, Type]

PROCESSBENCH: Columns = {  # as Qwen/ProcessBench has them
    "generator": "text",
    "problem": "text",
    "steps": "texts",
    "final_answer_correct": "flag",  # by the reference; False also where it is not known: see `verified`
    "label": "count",  # the first wrong step, from 0; -1: none is wrong
}

JUDGEMENT: Columns = {
    "id": "text",  # of the judgement
    "conversation": "text",
    "source": "text",
    "rater": "text",
    "created": "text",  # ISO 8601, UTC
    "language": "text",  # of the message: en, zh, or "" where neither
    "question": "text",  # the message itself, without what a template or a system prompt puts around it
    "comment": "text",
}
REPLY: Columns = {
    "reply": "text",
    "model": "text",
    "digest": "text",
    "origin": "text",
    "verified": "text",  # by rule: right, wrong, or "" where nothing was checked
    "thought_seen": "text",  # by the rater: yes, no, or "" where it is not known
}
VOTE: Columns = {"blind": "flag", "winner_side": "text", "dwell_seconds": "number"}
THUMB: Columns = {
    "reasons": "text",  # with spaces between them
    "thought_thumb": "text",  # of the same rater: up, down or ""
    "helpfulness": "count",  # this and the other marks from 1 to 5; 0 where none was given
    "correctness": "count",
    "clarity": "count",
    "harmlessness": "count",
}
CHOSEN: Columns = {f"chosen_{name}": kind for name, kind in REPLY.items()}
REJECTED: Columns = {f"rejected_{name}": kind for name, kind in REPLY.items()}
PAIR: Columns = JUDGEMENT | VOTE | CHOSEN | REJECTED
TEXTS = frozenset(
    {"prompt", "chosen", "rejected", "completion", "solution", "comment", "problem", "question"}
)  # another one in every row


def columns(format: Format, thoughts: Thoughts) -> Columns:
    """Name and type of each column."""
    text: Type = "text" if thoughts == "rendered" else "messages"
    steps: Columns = {"prompt": "text", "completions": "texts", "labels": "flags"}
    forms: dict[Format, Columns] = {
        "preference": {"prompt": text, "chosen": text, "rejected": text} | PAIR,
        "preference-implicit": {"chosen": text, "rejected": text, "margin": "number"} | PAIR,
        "unpaired": {"prompt": text, "completion": text, "label": "flag"} | JUDGEMENT | REPLY | THUMB,
        "sft": {"prompt": text, "completion": text} | JUDGEMENT | REPLY,
        "grpo": {"prompt": text, "solution": "text", "solution_kind": "text"} | JUDGEMENT | {"model": "text"},
        "stepwise": steps | JUDGEMENT | REPLY,
        "processbench": PROCESSBENCH | JUDGEMENT | REPLY,
        "llamafactory": {"conversations": "turns", "chosen": "turn", "rejected": "turn"},
        "openai": {"input": "openai_input", "preferred_output": "messages", "non_preferred_output": "messages"},
    }
    return forms[format]
