"""A proxy between a client and a server that does what networks do."""

import asyncio
from collections.abc import Callable
from typing import Self


class Proxy:
    """Hands bytes on, and connections over the edge. Use it as `async with Proxy(port) as proxy:`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._connections: set[Connection] = set()
        self._is_open = True
        self.next_cut: Callable[[], int | None] = lambda: None
        """After how many bytes from the server a new connection is cut, if at all."""
        self.loses: Callable[[bytes], bool] = lambda request: False
        """Whether a request is handed on, and the connection lost when the answer comes."""
        self.cuts = 0
        """Connections that were cut off."""
        self.taken = 0
        """Connections that were taken."""

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        self.cut_all()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}/graphql"

    @property
    def connected(self) -> int:
        """How many are connected now."""
        return len(self._connections)

    def shut(self) -> None:
        """Cuts off who is connected, and refuses who comes."""
        self._is_open = False
        self.cut_all()

    def open(self) -> None:
        self._is_open = True

    def cut_all(self) -> None:
        for connection in list(self._connections):
            connection.cut()

    def swallow(self) -> None:
        """From here on takes what either side says, hands nothing on and closes nothing; who comes later is served."""
        for connection in self._connections:
            connection.swallows = True

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        if not self._is_open:
            return writer.transport.abort()
        try:
            server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            return writer.transport.abort()
        connection = Connection(self, (reader, writer), server, self.next_cut())
        self._connections.add(connection)
        await connection.run()
        self._connections.discard(connection)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Connection:
    """A client's connection, and the one to the server that it goes on by."""

    def __init__(self, proxy: Proxy, client: Ends, server: Ends, left: int | None) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._left = left
        self._is_lost = False
        self._is_cut = False
        self.swallows = False

    def cut(self) -> None:
        """Cuts both ends off, in the middle of whatever they say."""
        if not self._is_cut:
            self._is_cut = True
            self._proxy.cuts += 1
            self._abort()

    async def run(self) -> None:
        ways = [asyncio.create_task(self._there()), asyncio.create_task(self._back())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._abort()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _there(self) -> None:
        while request := await self._client[0].read(65536):
            self._is_lost = self._is_lost or self._proxy.loses(request)
            await self._hand(request, self._server[1])

    async def _back(self) -> None:
        while answer := await self._server[0].read(65536):
            if self._is_lost:
                return self.cut()
            if self._left is not None and len(answer) >= self._left:
                # Exactly so many bytes come, wherever in a frame that is.
                await self._hand(answer[: self._left], self._client[1])
                self._client[1].close()
                await self._client[1].wait_closed()
                return self.cut()
            if self._left is not None:
                self._left -= len(answer)
            await self._hand(answer, self._client[1])

    async def _hand(self, what: bytes, writer: asyncio.StreamWriter) -> None:
        if not self.swallows:
            writer.write(what)
            await writer.drain()

    def _abort(self) -> None:
        for _, writer in (self._client, self._server):
            writer.transport.abort()
