"""Measures a model on tasks: `run` asks, `measures` counts, `report` tells."""

from r1chat.evaluation.loading import load_task
from r1chat.evaluation.measures import Estimate, Measures, Solved, measure
from r1chat.evaluation.problems import Problem, Task
from r1chat.evaluation.run import Run, RunSettings

__all__ = ["Estimate", "Measures", "Problem", "Run", "RunSettings", "Solved", "Task", "load_task", "measure"]
