"""Who speaks for the account."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .error import LinnetError
from .generated._session_refresh import SessionRefreshSessionRefresh

ATTEMPTS = (0.0, 1.0, 3.0, 6.0, 9.0)
"""
When a refresh is tried, and tried again if nothing has come back, in seconds. The server takes a used refresh token for ten
seconds, in case its answer was lost, and ends the session if it comes later: so all attempts are made within that time, beside
each other.
"""


@dataclass(frozen=True)
class Tokens:
    """What speaks for an account: a session's tokens, or an API key as `access` alone."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)


class Session:
    """The tokens that speak for an account, and how there come new ones."""

    def __init__(
        self,
        tokens: Tokens | None,
        renew: Callable[[str], Awaitable[SessionRefreshSessionRefresh]],
        on_tokens: Callable[[Tokens | None], None] | None,
    ) -> None:
        self.tokens = tokens
        self._renew = renew
        self._on_tokens = on_tokens
        self._refreshing: asyncio.Task[Tokens | None] | None = None

    def keep(self, tokens: Tokens | None) -> None:
        """Goes on with these."""
        self.tokens = tokens
        if self._on_tokens:
            self._on_tokens(tokens)

    async def refresh(self, stale: str) -> Tokens | None:
        """
        Tokens in the place of those that the server no longer takes: one refresh for all who ask at once. None if the session has
        ended. Raises if nobody can tell now.
        """
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(stale))
        # Whoever is cancelled meanwhile does not take from the others what is on its way.
        return await asyncio.shield(self._refreshing)

    async def _refresh(self, stale: str) -> Tokens | None:
        held = self.tokens
        # Somebody has signed out, or has refreshed while this was on its way.
        if held is None or held.access != stale:
            return held
        fresh = await self._ask(held.refresh) if held.refresh is not None else None
        if self.tokens is not held:
            return self.tokens
        if fresh is None or fresh.access_token is None or fresh.refresh_token is None:
            self.keep(None)
        else:
            self.keep(Tokens(fresh.access_token, fresh.refresh_token))
        return self.tokens

    async def _ask(self, refresh_token: str) -> SessionRefreshSessionRefresh:
        """Asks until an answer comes, by whichever attempt."""

        async def attempt(delay: float) -> SessionRefreshSessionRefresh:
            await asyncio.sleep(delay)
            return await self._renew(refresh_token)

        attempts = [asyncio.create_task(attempt(delay)) for delay in ATTEMPTS]
        failure = LinnetError("NETWORK", "Nothing was tried.")
        try:
            for answer in asyncio.as_completed(attempts):
                try:
                    return await answer
                except LinnetError as error:
                    failure = error
            raise failure
        finally:
            for task in attempts:
                task.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)
