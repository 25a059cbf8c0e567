"""Models that can be had: a curated list, a search of model hubs, and downloads that survive whatever happens to them.

curated    the models that r1chat recommends, from curated.toml
hub        Hugging Face and ModelScope: which GGUF files a repository has, and where they are
forecast   a GGUF's header and this machine -> memory, window, speed, and a sentence
speed      this machine's speed, measured once with models from `probe`
download   one model -> files in the models folder: resumed, checked, never half-done
datasets   one file of a data set -> a folder, from which it is used afterwards
queue      the downloads of this r1chat, one after the other

No host is asked for anything before a person has asked for a search or a download.
"""

from r1chat.library.curated import CURATED, Curated, Quantisation
from r1chat.library.download import DownloadProgress
from r1chat.library.hub import Hub, Repository, Variant
from r1chat.library.queue import DownloadJob, Downloads

__all__ = [
    "CURATED",
    "Curated",
    "DownloadJob",
    "DownloadProgress",
    "Downloads",
    "Hub",
    "Quantisation",
    "Repository",
    "Variant",
]
