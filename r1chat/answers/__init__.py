"""Final answers: where a reply states its own, and whether two of them are the same.

Knows no conversation, model or reference; `votes` and `rewards` build on it. Importing it is quick: mathematics is done
in a process of its own, started when it is first needed.
"""

from r1chat.answers.checker import found
from r1chat.answers.compare import compare, equivalent, glance, is_formula, is_number, same_text
from r1chat.answers.final import choice, final_answer

__all__ = [
    "choice",
    "compare",
    "equivalent",
    "final_answer",
    "found",
    "glance",
    "is_formula",
    "is_number",
    "same_text",
]
