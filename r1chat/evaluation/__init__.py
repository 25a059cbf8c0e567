"""Measures a model on tasks: `run` asks, `measures` counts, `report` tells."""

from r1chat.evaluation.loading import load_task
from r1chat.evaluation.measures import Estimate, Measures, Solved, measure
from r1chat.evaluation.problems import Problem, Task
from r1chat.evaluation.run import Run, Settings

__all__ = ["Estimate", "Measures", "Problem", "Run", "Settings", "Solved", "Task", "load_task", "measure"]
