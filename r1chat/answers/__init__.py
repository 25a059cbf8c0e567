"""Final answers: where a reply states its own, and whether two of them are the same.

Knows no conversation, model or reference; `votes` and `rewards` build on it. Importing it is quick: mpmath and pint are
imported when they are first needed, and regular expressions run in a process of their own.
"""

from r1chat.answers.closing import expresses, mentions, says, says_same
from r1chat.answers.compare import compare, equivalent
from r1chat.answers.final import all_boxes, as_factorial, chosen, final_answer, is_taken_back, is_unclear, last_values
from r1chat.answers.hedges import is_hedged
from r1chat.answers.letters import choice, choices
from r1chat.answers.patterns import occurs
from r1chat.answers.reading import is_formula, is_number, same_text

__all__ = [
    "all_boxes",
    "as_factorial",
    "choice",
    "choices",
    "chosen",
    "compare",
    "equivalent",
    "expresses",
    "final_answer",
    "is_formula",
    "is_hedged",
    "is_number",
    "is_taken_back",
    "is_unclear",
    "last_values",
    "mentions",
    "occurs",
    "same_text",
    "says",
    "says_same",
]
