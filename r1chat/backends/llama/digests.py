"""SHA-256 of model files, by which a reply remembers its model. Small files at once, large ones in idle time."""

from __future__ import annotations

import hashlib
import logging
import threading

from r1chat.backends.llama.files import ModelFile

AT_ONCE = 32 << 20  # bytes that are hashed while somebody waits: some hundredths of a second
_BLOCK = 4 << 20

log = logging.getLogger(__name__)


def adapted(base: str, adapter: str) -> str:
    """The digest of a base with an adapter, from the digests of their files; "" while one of them is not known."""
    return hashlib.sha256(f"{base} {adapter}".encode()).hexdigest() if base and adapter else ""


class Digests:
    """The digests that are known. Hashing gives way, within one block of a file, while `resting` is not set."""

    def __init__(self, resting: threading.Event) -> None:
        self._resting = resting
        self._known: dict[ModelFile, str] = {}
        self._lock = threading.Lock()
        self._busy = False
        self._closed = False

    def of(self, file: ModelFile, learn: bool) -> str:
        """The digest of a model's files, in order, as hexadecimal digits; "" while it is not known.

        `learn`: begin to find it out. For a large file that takes seconds to minutes; ask again later.
        """
        if file.base and file.adapter:
            base = self.of(file.base, learn)
            own = ModelFile(file.adapter.path.name, (file.adapter,))
            return adapted(base, self.of(own, learn))
        with self._lock:
            if file not in self._known and file.size <= AT_ONCE:
                self._known[file] = self._hash(file, wait=False)
            elif file not in self._known and learn and not self._busy:
                self._busy = True
                threading.Thread(target=self._learn, args=(file,), name="r1chat-digest", daemon=True).start()
            return self._known.get(file, "")

    def close(self) -> None:
        """Give up what is being hashed."""
        self._closed = True

    def _learn(self, file: ModelFile) -> None:
        digest = self._hash(file, wait=True)
        with self._lock:
            self._busy = False
            if not self._closed:
                self._known[file] = digest

    def _hash(self, file: ModelFile, wait: bool) -> str:
        digest = hashlib.sha256()
        try:
            for part in file.parts:
                with part.path.open("rb") as stream:
                    while not self._closed and (block := stream.read(_BLOCK)):
                        digest.update(block)
                        while wait and not self._closed and not self._resting.wait(0.2):
                            pass
        except OSError as error:
            log.warning("%s could not be hashed: %s", file.path, error)
            return ""
        return digest.hexdigest()
