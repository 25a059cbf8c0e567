"""What people said of replies, as data that trainers take: rows with evidence, files, a card and a report.

Owns which judgements become rows, which are refused, and what the rows look like. Knows no page and no trainer.
"""

from r1chat.export.conflicts import Conflict, Judge, conflicts
from r1chat.export.listing import Page, Row, count, rows
from r1chat.export.options import FORMATS, SUFFIXES, THOUGHTS, Format, Options, Summary, Thoughts
from r1chat.export.refusals import REASONS
from r1chat.export.run import export
from r1chat.store.entries import Filter

__all__ = [
    "FORMATS",
    "REASONS",
    "SUFFIXES",
    "THOUGHTS",
    "Conflict",
    "Filter",
    "Format",
    "Judge",
    "Options",
    "Page",
    "Row",
    "Summary",
    "Thoughts",
    "conflicts",
    "count",
    "export",
    "rows",
]
