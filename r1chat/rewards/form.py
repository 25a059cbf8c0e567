"""The format reward: is there one thought, closed once, and an answer after it?

After the format reward of DeepSeek-R1 (arXiv 2501.12948v1), section 2.2.2, which is 0 or 1. Here each fault halves the
value, so that a reply that was cut off differs from one without a thought.
"""

from __future__ import annotations

from r1chat.messages import Reply
from r1chat.rewards.reward import Reward

_UNENDED = {
    None: ("is not finished", "尚未完成"),
    "length": ("was cut at the token limit", "因长度上限被截断"),
    "stopped": ("was stopped", "被手动停止"),
    "cut": ("was cut off", "中途断开"),
    "error": ("broke off with an error", "因错误中断"),
    "interrupted": ("was interrupted", "被中断"),
}


def format_reward(reply: Reply) -> Reward:
    """1.0: a thought, closed once, and an answer after it. 0.0: no thought, one that is never closed, or no answer.

    Each of these faults halves the value: an empty thought, a thought that was closed twice (`reopened`), another
    thought within the answer (`later`), and a reply that did not end by itself.
    """
    if not reply.closed:
        if reply.reasoning:
            return Reward(0.0, "The thought was opened but never closed.", "思考过程开始后没有结束标记。")
        return Reward(0.0, "The reply has no thought before its answer.", "回答之前没有思考过程。")
    if not reply.answer.strip():
        return Reward(0.0, "Nothing follows the thought: there is no answer.", "思考之后没有给出回答。")
    faults = []
    if not reply.reasoning.strip():
        faults.append(("the thought is empty", "思考内容为空"))
    if reply.reopened:
        faults.append(("the thought was closed more than once", "思考过程多次结束"))
    if reply.later:
        faults.append(("another thought stands within the answer", "回答中又出现了思考"))
    if reply.finish != "stop":
        ending, ending_zh = _UNENDED[reply.finish]
        faults.append((f"the reply {ending}", f"回复{ending_zh}"))
    if not faults:
        return Reward(
            1.0, "The thought opens and closes once, and the answer follows it.", "思考过程完整，回答在其后。"
        )
    why, why_zh = " and ".join(fault for fault, _ in faults), "，".join(fault for _, fault in faults)
    return Reward(
        0.5 ** len(faults), f"Thought and answer are told apart, but {why}.", f"思考与回答已分开，但{why_zh}。"
    )
