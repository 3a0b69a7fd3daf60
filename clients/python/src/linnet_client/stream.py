"""A subscription that is asked for again, from where it stands, for as long as somebody wants it."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from .error import LinnetError
from .pace import Pace
from .post import Request
from .session import Session
from .socket import Subscription

TRIES = 6
"""How often in a row a stream is asked for that the server fails at, and not the network."""
BEATS = 4
"""
How many times as long as a socket a stream may be silent that has heartbeats. Those come from whoever reads the log: without them
there is nothing to hear, whatever the socket says. Servers that are set to send them less often are asked again, which does no harm.
"""
RESUMABLE = (
    "A stream that is to go on where it was cut declares `$after: Cursor`, gives it to its field, and selects `cursor`."
)

log = logging.getLogger("linnet_client")


@dataclass(frozen=True)
class Streaming:
    """What all streams of a client share."""

    url: str
    session: Session
    pace: Pace
    timeout: float
    """How long to wait for a socket, in seconds."""
    silence: float
    """How long nothing may come where something has to, in seconds."""


class Stream:
    """The answers of a subscription, each once and in order, whatever happens to the connection."""

    def __init__(self, streaming: Streaming, request: Request) -> None:
        self._with = streaming
        self._request = request
        self._resumes = re.search(r"\$after\s*:", request.query) is not None
        self._subscription: Subscription | None = None
        self._end = asyncio.Event()
        self._failures = 0
        """How often it was asked for since the last frame."""
        self._refusals = 0
        """How often the server has failed at it since the last frame, and not the network."""
        self._patience: float | None = None
        """How long nothing may come, in seconds, once it is known that something has to."""

    async def answers(self) -> AsyncGenerator[dict[str, Any], None]:
        """
        What the application is to see. A frame is asked for when the one before it was taken, and the cursor of that one is what the
        stream goes on from: nothing lies in between that could be lost or come twice.
        """
        while not self._end.is_set():
            tokens = self._with.session.tokens
            token = tokens.access if tokens else None
            try:
                async with aclosing(self._subscribe(token)) as answers:
                    async for data in answers:
                        yield data
                return
            except LinnetError as error:
                if self._end.is_set():
                    return
                await self._recover(error, token)

    async def end(self) -> None:
        """Ends it, from elsewhere: whoever waits for a frame waits no longer."""
        self._end.set()
        if self._subscription:
            await self._subscription.close()

    async def _subscribe(self, token: str | None) -> AsyncGenerator[dict[str, Any], None]:
        """Asks once, from where the stream stands. Raises when it is cut off."""
        shared = self._with
        subscription = await Subscription.open(shared.url, self._request, token, shared.timeout, shared.silence)
        self._subscription = subscription
        try:
            while not self._end.is_set() and (answer := await subscription.next(self._patience)) is not None:
                if self._take(answer):
                    yield answer["data"]
        finally:
            self._subscription = None
            await subscription.close()

    def _take(self, answer: dict[str, Any]) -> bool:
        """
        Notes where the stream stands now, and says whether the application is to see it. One of which something could not be read is
        asked for again, rather than given as if that were null.
        """
        if errors := answer.get("errors"):
            raise LinnetError.told(errors, data=answer.get("data"))
        frame = next(iter((answer.get("data") or {}).values()), None)
        if not isinstance(frame, dict):
            raise LinnetError("PROTOCOL", "A frame without data came.")
        if self._resumes != isinstance(frame.get("cursor"), str):
            raise LinnetError("INVALID", RESUMABLE)
        kind = frame.get("__typename", "")
        if kind.endswith("CaughtUp"):
            self._patience = self._with.silence * BEATS
        if self._resumes:
            variables = {**self._request.variables, "after": frame["cursor"]}
            self._request = replace(self._request, variables=variables)
        self._failures = self._refusals = 0
        return not kind.endswith("Heartbeat")

    async def _recover(self, error: LinnetError, token: str | None) -> None:
        """Waits until it may work again. Raises if it won't."""
        self._failures += 1
        self._refusals += not error.is_transient
        if error.code == "UNAUTHENTICATED":
            failure = await self._renew(error, token)
            if failure is None and self._refusals == 1:
                return
            error = failure or error
        if not error.is_transient and (error.code not in ("INTERNAL", "UNAUTHENTICATED") or self._refusals >= TRIES):
            raise error
        pause = self._with.pace.pause(self._failures, error.retry_after)
        log.info("A stream waits for %.1f seconds: %s", pause, error)
        try:
            async with asyncio.timeout(pause):
                await self._end.wait()
        except TimeoutError:
            pass

    async def _renew(self, error: LinnetError, token: str | None) -> LinnetError | None:
        """Gets new tokens, or says why there are none now. Raises if there will be none."""
        if token is None:
            raise error
        try:
            if await self._with.session.refresh(token):
                return None
        except LinnetError as failure:
            if failure.is_transient:
                return failure
            raise
        raise error
