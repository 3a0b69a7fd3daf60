"""Hands messages of sockets on one by one, as they are or as a server of another version would say them."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Message = dict[str, Any]
PROTOCOL = Subprotocol("graphql-transport-ws")


class Relay:
    """Use it as `async with Relay(port) as relay:`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._stack = AsyncExitStack()
        self._clients: set[ServerConnection] = set()
        self.said: list[Message] = []
        """What clients have said."""
        self.rewrite: Callable[[Message], Message | None] = lambda message: message
        """What a client is told in the place of a message of the server's, if anything."""
        self.pings_every: float | None = None
        """How often clients are pinged beside what the server says."""

    async def __aenter__(self) -> Self:
        self._listener = await self._stack.enter_async_context(
            serve(self._take, "127.0.0.1", 0, subprotocols=[PROTOCOL], close_timeout=1)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        port = next(iter(self._listener.sockets)).getsockname()[1]
        return f"http://127.0.0.1:{port}/graphql"

    @property
    def asked(self) -> list[Message]:
        """What subscriptions were asked for with, one after the other."""
        return [message["payload"]["variables"] for message in self.said if message["type"] == "subscribe"]

    def cut_all(self) -> None:
        for client in self._clients:
            client.transport.abort()

    async def _take(self, client: ServerConnection) -> None:
        self._clients.add(client)
        async with connect(f"ws://127.0.0.1:{self._target}/graphql", subprotocols=[PROTOCOL]) as server:

            async def there() -> None:
                async for text in client:
                    self.said.append(json.loads(text))
                    await server.send(text)

            async def back() -> None:
                async for text in server:
                    if message := self.rewrite(json.loads(text)):
                        await client.send(json.dumps(message))

            async def ping() -> None:
                while self.pings_every:
                    await client.send(json.dumps({"type": "ping"}))
                    await asyncio.sleep(self.pings_every)
                await client.wait_closed()

            ways = [asyncio.create_task(way()) for way in (there, back, ping)]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            self._clients.discard(client)
            for outcome in await asyncio.gather(*ways, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionClosed):
                    raise outcome
