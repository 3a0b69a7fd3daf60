"""A client of one server."""

import asyncio
import math
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from .error import LinnetError
from .generated._session_refresh import SessionRefreshSessionRefresh
from .generated.fragments import MessageFields, SessionFields, UserFields
from .generated.input_types import (
    AccountCreateInput,
    AttachmentUploadCreateInput,
    MessageSendInput,
    SessionCreateGuestInput,
    SessionCreateInput,
    SessionRefreshInput,
    SessionRevokeInput,
)
from .generated.operations import Operations
from .pace import Pace
from .post import Endpoint, Request, read
from .scalars import Cursor
from .session import Session, Tokens
from .stream import Stream, Streaming

T = TypeVar("T")

ATTEMPTS = 3
"""How often a query is asked that got no answer."""
SEND_TIMEOUT = 10.0
"""How long one attempt at a send waits for its answer, in seconds."""
OPEN_TIMEOUT = 15.0
"""How long to wait for a socket, at the most, in seconds."""


@dataclass(frozen=True)
class Sent:
    """A message that is on the server's disk."""

    message: MessageFields
    cursor: Cursor | None
    """Where the thread's log stands with it: once a stream is there, it has shown it."""


class Linnet(Operations):
    """
    A client of one server, for one account at a time. Its methods are the operations of the package, and those below. Use it as
    `async with Linnet(…) as linnet:`, or `close` it.

    What was wrong with a mutation's input is in its payload's `errors`; all else is raised as a `LinnetError`. Subscriptions are
    asynchronous generators, which go on by themselves after every cut from the last frame that was taken, so that each is given once
    and in order; they end when the server says so.

    Each operation takes, beside its variables: `timeout` in seconds; `is_repeatable=True`, for a mutation that does no harm if it is
    done twice, so that it is sent again when no answer came, as queries are.
    """

    def __init__(
        self,
        url: str,
        *,
        tokens: Tokens | None = None,
        on_tokens: Callable[[Tokens | None], None] | None = None,
        http: httpx.AsyncClient | None = None,
        timeout: float = 30.0,
        silence: float = 35.0,
        pace: Pace | None = None,
    ) -> None:
        """
        `url` is where the server's GraphQL is: `https://chat.example.org/graphql`. `tokens` go on with a session, or are an API key as
        `Tokens(access="lnk_…")`; `on_tokens` hears of new ones, to keep them, and of None once the session has ended. `http` makes the
        requests, if you have a client of your own. An answer may take `timeout` seconds; a socket is taken to be lost that is silent for
        `silence` seconds, since the server says something every fifteen; `pace` is how long to wait before trying again what failed.
        """
        self._endpoint = Endpoint(url, timeout, http)
        self._session = Session(tokens, self._renew, on_tokens)
        self._pace = pace or Pace()
        socket_url = str(self._endpoint.url).replace("http", "ws", 1)
        self._streaming = Streaming(socket_url, self._session, self._pace, min(timeout, OPEN_TIMEOUT), silence)
        self._streams: set[Stream] = set()
        self._is_closed = False
        self._era = 0
        """Which sign-in this is: what one has asked is not asked again as another."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all streams and closes all connections. The session goes on."""
        self._is_closed = True
        await self._end_streams()
        await self._endpoint.close()

    # ── Who ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def tokens(self) -> Tokens | None:
        """What speaks for the account now; None if nobody is signed in."""
        return self._session.tokens

    async def sign_in(self, input: SessionCreateInput) -> UserFields:
        """Signs in with a username or an email address, and a password. Raises what is wrong with the input."""
        return self._signed(await self._sign_in(input, as_nobody=True))

    async def sign_in_as_guest(self, input: SessionCreateGuestInput) -> UserFields:
        """Comes as a visitor with a name only. Raises what is wrong with the input."""
        return self._signed(await self._sign_in_as_guest(input, as_nobody=True))

    async def sign_up(self, input: AccountCreateInput) -> UserFields:
        """Makes an account, and signs in to it. Raises what is wrong with the input."""
        return self._signed(await self._sign_up(input, as_nobody=True))

    async def sign_out(self) -> bool:
        """
        Signs out: all streams end, the tokens are forgotten, and the session ends. False if the server could not be told; the session
        then ends by itself in time.
        """
        await self._end_streams()
        if self.tokens is None:
            return True
        self._era = era = self._era + 1
        try:
            payload = await self._sign_out(SessionRevokeInput(), is_repeatable=True)
            return not payload.errors
        except LinnetError as error:
            return error.code == "UNAUTHENTICATED"
        finally:
            # Who has signed in meanwhile stays.
            if era == self._era:
                self._session.keep(None)

    def _signed(self, payload: SessionFields) -> UserFields:
        if payload.access_token is None or payload.refresh_token is None or payload.user is None:
            raise LinnetError.refused(payload.errors)
        self._era += 1
        self._session.keep(Tokens(payload.access_token, payload.refresh_token))
        return payload.user

    async def _renew(self, refresh_token: str) -> SessionRefreshSessionRefresh:
        return await self._session_refresh(SessionRefreshInput(refresh_token=refresh_token), as_nobody=True)

    # ── What ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def message_send(self, input: MessageSendInput, *, give_up_after: float = 60.0) -> Sent:
        """
        Sends a message, once: under a key that is made here, it is sent again until an answer says that it is there, and the server
        takes it as the same. Give a `client_key` of your own to know the message by before that. Raises what is wrong with the input,
        and what stood in the way for `give_up_after` seconds.
        """
        keyed = input.model_copy(update={"client_key": input.client_key or new_client_key()})
        payload = await self._message_send(keyed, timeout=SEND_TIMEOUT, give_up_after=give_up_after)
        if payload.message is None:
            raise LinnetError.refused(payload.errors)
        return Sent(payload.message, payload.cursor)

    async def upload(self, name: str, type: str, content: bytes, *, give_up_after: float = 60.0) -> str:
        """
        Puts a file there to be sent with a message, as `AttachmentInput(upload_id=…)`. `type` is its media type, such as `image/png`.
        Raises what the server does not take.
        """
        input = AttachmentUploadCreateInput(name=name, type=type, size=len(content), client_key=new_client_key())
        payload = await self._attachment_upload_create(input, give_up_after=give_up_after)
        upload = payload.upload
        if upload is None:
            raise LinnetError.refused(payload.errors)

        async def put() -> str:
            response = await self._endpoint.send(upload.method, upload.url, content)
            if response.is_success:
                return upload.id
            raise LinnetError.told(read(response).get("errors", ()))

        return await self._until(put, math.inf, give_up_after)

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def execute(
        self,
        query: str,
        operation_name: str | None = None,
        variables: dict[str, object] | None = None,
        *,
        timeout: float | None = None,
        is_repeatable: bool = False,
        give_up_after: float | None = None,
        as_nobody: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        """The data of the answer to a query or a mutation. Generated operations ask by it."""
        request = Request.of(query, operation_name, variables)
        may_repeat = is_repeatable or not query.lstrip().startswith("mutation")
        era = self._era

        async def ask() -> dict[str, Any]:
            token = self.tokens.access if self.tokens and not as_nobody else None
            try:
                return await self._endpoint.ask(request, token, timeout)
            except LinnetError as error:
                # Nothing was done yet, if the token was over before it began.
                if error.code != "UNAUTHENTICATED" or token is None or error.data is not None:
                    raise
                renewed = await self._session.refresh(token)
                if renewed is None or era != self._era:
                    raise
            return await self._endpoint.ask(request, renewed.access, timeout)

        if give_up_after is not None:
            return await self._until(ask, math.inf, give_up_after)
        return await self._until(ask, ATTEMPTS if may_repeat else 1, math.inf)

    async def execute_ws(
        self,
        query: str,
        operation_name: str | None = None,
        variables: dict[str, object] | None = None,
        **options: Any,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The data of each answer of a subscription. Generated subscriptions ask by it."""
        if self._is_closed:
            raise LinnetError("CLOSED", "This client is closed.")
        stream = Stream(self._streaming, Request.of(query, operation_name, variables))
        self._streams.add(stream)
        try:
            async for data in stream.answers():
                yield data
        finally:
            self._streams.discard(stream)

    async def _until(self, attempt: Callable[[], Awaitable[T]], attempts: float, give_up_after: float) -> T:
        """Tries until it works: so many times, and for so many seconds."""
        now = asyncio.get_running_loop().time
        until = now() + give_up_after
        era = self._era
        number = 0
        while True:
            number += 1
            try:
                return await attempt()
            except LinnetError as error:
                pause = self._pace.pause(number, error.retry_after)
                if not error.is_transient or number >= attempts or now() + pause > until:
                    raise
                await asyncio.sleep(pause)
                # Somebody else would be asking.
                if era != self._era:
                    raise

    async def _end_streams(self) -> None:
        await asyncio.gather(*(stream.end() for stream in self._streams))


def new_client_key() -> str:
    """A key that no other send has: for a message that is shown before it is sent."""
    return secrets.token_hex(16)
