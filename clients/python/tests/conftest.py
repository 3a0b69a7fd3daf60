from collections.abc import AsyncIterator, Iterator

import pytest

from linnet_client import Linnet
from support.people import somebody
from support.server import Server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that tests share: they leave it running, and its clock alone."""
    with Server() as server:
        yield server


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[Linnet]:
    """Somebody with an account of her own."""
    async with await somebody(server.url) as ann:
        yield ann
