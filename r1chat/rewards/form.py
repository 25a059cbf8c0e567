"""The format reward: was the thought opened and closed once, and does an answer stand outside of it?

After the format reward of DeepSeek-R1, section 2.2.2, which is all or nothing; here a fault costs half, so that the
page can tell a reply that was cut from one that never thought.
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
    """1.0: a thought, closed once, and an answer after it. 0.0: no thought, one that never closes, or no answer.

    In between, each of these halves it: an empty thought, a thought that was closed twice (`reopened`), and an end
    that the model did not choose.
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
    if reply.finish != "stop":
        said, said_zh = _UNENDED[reply.finish]
        faults.append((f"the reply {said}", f"回复{said_zh}"))
    if not faults:
        return Reward(
            1.0, "The thought opens and closes once, and the answer follows it.", "思考过程完整，回答在其后。"
        )
    said, said_zh = " and ".join(fault for fault, _ in faults), "，".join(fault for _, fault in faults)
    return Reward(
        0.5 ** len(faults), f"Thought and answer are told apart, but {said}.", f"思考与回答已分开，但{said_zh}。"
    )
