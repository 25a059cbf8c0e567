"""Reads a chain of thought: its steps, its moments of reflection, loops and language drift.

Pure: text in, values out; English, Chinese, and both mixed. Knows no language model, no store and no screen.
"""

from r1chat.reflect.effects import Effect
from r1chat.reflect.listing import list_moments
from r1chat.reflect.model import Bars, bar
from r1chat.reflect.moments import Moment
from r1chat.reflect.reader import Reader, find_moments, find_steps, read
from r1chat.reflect.steps import Step
from r1chat.reflect.watchdog import Alarm, Watchdog
from r1chat.reflect.weights import KINDS, MomentKind

__all__ = [
    "KINDS",
    "Alarm",
    "Bars",
    "Effect",
    "Moment",
    "MomentKind",
    "Reader",
    "Step",
    "Watchdog",
    "bar",
    "find_moments",
    "find_steps",
    "list_moments",
    "read",
]
