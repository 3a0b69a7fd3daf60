"""One subscription over graphql-transport-ws, on a socket of its own. It never connects again by itself: whoever does says where to go on."""

import asyncio
import json
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from .error import LinnetError
from .post import Request, retry_after

PROTOCOL = Subprotocol("graphql-transport-ws")
LARGEST_FRAME = 2**24
"""In bytes. Answers of a server with the usual settings have at most four MiB."""
CLOSE_TIMEOUT = 2.0
"""How long to wait for the server's goodbye, in seconds."""
FATAL_CLOSES = frozenset({1009, 4400, 4401, 4406, 4409, 4429})
"""What a server says of a client that does not speak the protocol. What is not named here is a cut: the way is tried again."""


class Subscription:
    """The answers of one subscription, as long as the socket holds."""

    def __init__(self, socket: ClientConnection, silence: float) -> None:
        self._socket = socket
        self._silence = silence

    @classmethod
    async def open(cls, url: str, request: Request, token: str | None, timeout: float, silence: float) -> Self:
        """Connects, says who asks, and asks."""
        try:
            # The server pings, and pings are waited for here: a second heartbeat would fail those who read slowly.
            socket = await connect(
                url,
                subprotocols=[PROTOCOL],
                open_timeout=timeout,
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=None,
                max_size=LARGEST_FRAME,
                compression=None,
            )
        except InvalidStatus as refusal:
            raise _turned_away(refusal) from refusal
        except (OSError, TimeoutError, WebSocketException) as cause:
            raise LinnetError("NETWORK", f"The server could not be reached: {cause!r}") from cause
        subscription = cls(socket, silence)
        try:
            await subscription._ask(request, token, timeout)
        except BaseException:
            await subscription.close()
            raise
        return subscription

    async def _ask(self, request: Request, token: str | None, timeout: float) -> None:
        who = {} if token is None else {"authorization": f"Bearer {token}"}
        await self._say({"type": "connection_init", "payload": who})
        try:
            async with asyncio.timeout(timeout):
                while (await self._hear()).get("type") != "connection_ack":
                    pass
        except TimeoutError as late:
            raise LinnetError("NETWORK", "The server did not take the socket in time.") from late
        await self._say({"type": "subscribe", "id": "1", "payload": request.body})

    async def next(self, patience: float | None) -> dict[str, Any] | None:
        """The next answer, which has to come within so many seconds if that is known; None if there is none any more."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    message = await self._hear()
                    match message.get("type"):
                        case "next":
                            answer: dict[str, Any] = message["payload"]
                            return answer
                        case "error":
                            raise LinnetError.told(message["payload"])
                        case "complete":
                            return None
        except TimeoutError as silent:
            raise LinnetError("NETWORK", "The stream has fallen silent.") from silent

    async def close(self) -> None:
        """Leaves."""
        await self._socket.close()

    async def _hear(self) -> dict[str, Any]:
        """What the server says next. Pings are answered on the way."""
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    text = await self._socket.recv()
                message: dict[str, Any] = json.loads(text)
            except TimeoutError as silent:
                raise LinnetError("NETWORK", "The socket has fallen silent.") from silent
            except ConnectionClosed as closed:
                raise _closed(closed) from closed
            except ValueError as cause:
                raise LinnetError("PROTOCOL", "What the server said is no JSON.") from cause
            if message.get("type") != "ping":
                return message
            await self._say({"type": "pong"})

    async def _say(self, message: dict[str, Any]) -> None:
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed as closed:
            raise _closed(closed) from closed


def _closed(closed: ConnectionClosed) -> LinnetError:
    code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
    said = f"The socket was closed: {code} {reason}".rstrip()
    if code == 4403:
        return LinnetError("UNAUTHENTICATED", said)
    if code == 1013:
        return LinnetError("UNAVAILABLE", said, retry_after=1.0)
    return LinnetError("PROTOCOL" if code in FATAL_CLOSES else "NETWORK", said)


def _turned_away(refusal: InvalidStatus) -> LinnetError:
    status = refusal.response.status_code
    said = f"There is no socket: the answer was {status}."
    if status != 429 and status < 500:
        return LinnetError("PROTOCOL", said)
    return LinnetError("UNAVAILABLE", said, retry_after=retry_after(refusal.response.headers.get("retry-after")))
