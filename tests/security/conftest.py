"""One launched r1chat for all probes that leave it running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from launched import Launched, OtherPort, other_port


@pytest.fixture(scope="session")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """A r1chat in a process of its own, with one conversation."""
    r1chat = Launched(tmp_path_factory.mktemp("data"))
    r1chat.start()
    yield r1chat
    r1chat.stop()


@pytest.fixture(scope="module")
def page(launched: Launched) -> Iterator[httpx.Client]:
    """A client that holds the keys of the launched r1chat."""
    with closing(launched.client()) as client:
        yield client


@pytest.fixture(scope="module")
def foreign() -> Iterator[OtherPort]:
    """A server of somebody else on this computer."""
    with other_port(lambda path: b"<script>document.title='taken'</script>") as server:
        yield server
