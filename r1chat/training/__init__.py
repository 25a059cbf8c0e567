"""Training r1chat's small model: written arithmetic (`columns`), chains of thought (`chains`), the model (`model`).

From judgements: the model of a chat in PyTorch (`base`), LoRA (`lora`) with its losses (`objectives`), the loop and its
guard (`adapting`), and the adapter as a file (`adapter_file`). What needs torch needs the extra `train`.
"""
