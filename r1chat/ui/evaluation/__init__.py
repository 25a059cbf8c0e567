"""The Evaluation page at /evaluation/: runs of `r1chat eval` side by side, their curves and samples, and a new one."""
