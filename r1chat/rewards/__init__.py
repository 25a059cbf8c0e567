"""R1's rule rewards: a value from 0 to 1 for a reply, with one sentence that explains it; None where it is undecided.

DeepSeek-R1 (arXiv 2501.12948v1), section 2.2.2, trains R1-Zero with two rules and no neural reward model: accuracy and
format. Section 2.3.2 adds language consistency, the share of words in the chain that are in the target language. Knows
no trainer: `trl_reward` gives the form in which TRL's GRPOTrainer calls a reward, without importing it.
"""

from r1chat.rewards.accuracy import RightAnswer, accuracy, check
from r1chat.rewards.form import format_reward
from r1chat.rewards.language import language_consistency
from r1chat.rewards.reward import Reward, shown
from r1chat.rewards.trl import trl_reward

__all__ = [
    "Reward",
    "RightAnswer",
    "accuracy",
    "check",
    "format_reward",
    "language_consistency",
    "shown",
    "trl_reward",
]
