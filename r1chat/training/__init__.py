"""Training r1chat's small model: written arithmetic (`columns`), chains of thought (`chains`), the model (`model`).

From judgements: the model of a chat in PyTorch (`base`), LoRA (`lora`) with its losses (`objectives`), the loop and its
guard (`adapting`), and the adapter as a file (`adapter_file`). What needs torch needs the extra `train`.
"""

import atexit
import os
import secrets
import shutil
from tempfile import gettempdir

# Else PyTorch's optimisers want a folder that has one name for each account's name (`torchinductor_NAME` among the
# temporary files), and whoever makes something of that name first, from whatever account, ends every training.
# PyTorch makes it where it is needed.
os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(gettempdir(), f"r1chat-torch-{secrets.token_hex(8)}")
atexit.register(shutil.rmtree, os.environ["TORCHINDUCTOR_CACHE_DIR"], ignore_errors=True)
