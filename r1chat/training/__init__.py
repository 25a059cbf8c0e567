"""Training r1chat's small model: written arithmetic (`columns`), chains of thought (`chains`), the model (`model`).

Only `model` needs torch (the extra `train`).
"""
