"""Learning from judgements: from what was judged to an adapter of the model that was judged, and what it is worth.

gather      judgements -> rows of text, those that are set apart, and what they suffice for
forecast    how long a run will take and how much memory it will need
runs        the folders of runs: what was asked for, how far each one is; one at a time
train       one run from beginning to end, in a process of its own
proof       parent and child on prompts that were set apart
children    adapters in the model list: kept, renamed, deleted, exported
forgetting  what was erased for good leaves the folders of runs, too
blind       a queue of blind comparisons of a child with its parent

Only `train` and `proof` need the extra `train`, and they alone run in a process that loads PyTorch.
"""
