"""Judgements as training data: rows with metadata, files, a card and a report.

Owns which judgements become rows, which are refused, and what the rows look like. Knows no page and no trainer.

listing    judgements as a person sees them      conflicts  repeated and contradictory judgements
cases      whether a judgement is exported       refusals   why not; identity: a reply that names its model
formats    a judgement -> rows                   texts      what a trainer reads; templates, r1_models: in which form
columns    names and types of all columns        metadata   the metadata columns of a row
run        one export from store to files        split, statistics, card, writers   its parts
"""

from r1chat.export.conflicts import Conflict, Judge, conflicts
from r1chat.export.listing import JudgementRow, Page, count, rows
from r1chat.export.options import FORMATS, SUFFIXES, THOUGHTS, Format, Options, Summary, Thoughts
from r1chat.export.refusals import REASONS
from r1chat.export.run import export, set_apart
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
    "JudgementRow",
    "Options",
    "Page",
    "Summary",
    "Thoughts",
    "conflicts",
    "count",
    "export",
    "rows",
    "set_apart",
]
