"""Who is signed in, and for how long."""

import asyncio

import httpx
import pytest

from linnet_client import (
    AccountCreateInput,
    Linnet,
    LinnetError,
    SessionCreateGuestInput,
    SessionCreateInput,
    ThreadJoinInput,
    Tokens,
    UserKind,
)
from support.people import client, eventually, listed, room, say, somebody, unique
from support.proxy import Proxy
from support.server import Server


async def test_who_signs_up_signs_in_or_comes_as_a_guest_is_somebody(server: Server) -> None:
    name = unique()
    async with client(server.url) as linnet:
        assert await linnet.viewer() is None
        me = await linnet.sign_up(
            AccountCreateInput(username=name, email=f"{name}@example.org", password="a long secret")
        )
        assert (me.username, me.kind) == (name, UserKind.HUMAN)
        assert await linnet.sign_out()
        assert await linnet.viewer() is None
        again = await linnet.sign_in(SessionCreateInput(login=name, password="a long secret"))
        assert again.id == me.id
        viewer = await linnet.viewer()
        assert viewer and viewer.user.id == me.id
    async with client(server.url) as visitor:
        guest = await visitor.sign_in_as_guest(SessionCreateGuestInput(username=unique()))
        assert guest.kind == UserKind.GUEST


async def test_a_wrong_password_is_raised_and_leaves_who_was_signed_in(server: Server, ann: Linnet) -> None:
    before = ann.tokens
    with pytest.raises(LinnetError) as refusal:
        await ann.sign_in(SessionCreateInput(login="ann", password="wrong"))
    assert refusal.value.code == "WRONG_CREDENTIALS"
    assert ann.tokens == before


async def test_a_token_that_has_run_out_is_replaced_once_for_all_who_wait() -> None:
    held: list[Tokens | None] = []
    with Server() as server:
        async with await somebody(server.url, on_tokens=held.append) as bob:
            place = await room(bob)
            held.clear()
            server.advance(16 * 60)
            answers = await asyncio.gather(
                *(bob.viewer() for _ in range(10)), *(say(bob, place, "hi") for _ in range(10))
            )
            assert all(answers)
            assert len(held) == 1
            assert held[0] == bob.tokens


def loses_the_first_refresh(proxy: Proxy) -> list[bytes]:
    """What the proxy has lost the answer to."""
    lost: list[bytes] = []

    def loses(request: bytes) -> bool:
        is_first = b"sessionRefresh" in request and not lost
        lost.extend([request] if is_first else [])
        return is_first

    proxy.loses = loses
    return lost


async def test_a_refresh_whose_answer_is_lost_does_not_cost_the_session() -> None:
    with Server() as server:
        async with Proxy(server.port) as proxy, await somebody(proxy.url) as bob:
            lost = loses_the_first_refresh(proxy)
            server.advance(16 * 60)
            assert await room(bob)
            assert lost


async def test_a_refresh_goes_on_though_who_asked_for_it_is_cancelled() -> None:
    held: list[Tokens | None] = []
    with Server() as server:
        async with Proxy(server.port) as proxy, await somebody(proxy.url, on_tokens=held.append) as bob:
            lost = loses_the_first_refresh(proxy)
            held.clear()
            server.advance(16 * 60)
            impatient = asyncio.create_task(bob.viewer())
            await eventually("the refresh to be on its way", lambda: bool(lost))
            impatient.cancel()
            await eventually("new tokens", lambda: held == [bob.tokens])
            assert await bob.viewer()


async def test_a_stream_that_was_away_for_longer_than_its_token_is_good_goes_on() -> None:
    with Server() as server:
        async with Proxy(server.port) as proxy, await somebody(proxy.url) as bob, await somebody(server.url) as cleo:
            place = await room(cleo)
            stream = bob.message_added(place.id, place.after)
            before = await say(cleo, place, "before")
            assert (await anext(stream)).node.id == before.id
            later = asyncio.ensure_future(anext(stream))
            proxy.shut()
            server.advance(16 * 60)
            # More often than the server may fail at it.
            taken = proxy.taken
            await eventually("it to be tried in vain", lambda: proxy.taken > taken + 10)
            proxy.open()
            after = await say(cleo, place, "after")
            assert (await later).node.id == after.id


class Gate(httpx.AsyncHTTPTransport):
    """A way on which requests are lost that say something."""

    def __init__(self, says: bytes) -> None:
        super().__init__()
        self.says = says
        self.lost = 0
        self.is_open = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.is_open and self.says in await request.aread():
            self.lost += 1
            raise httpx.ConnectError("lost")
        return await super().handle_async_request(request)


async def test_what_one_has_sent_is_not_sent_again_as_whoever_signs_in_meanwhile(server: Server) -> None:
    gate = Gate(b"mutation MessageSend")
    async with httpx.AsyncClient(transport=gate) as http, await somebody(server.url, http=http) as linnet:
        place = await room(linnet)
        sent = asyncio.create_task(say(linnet, place, "by the first"))
        await eventually("it to be tried", lambda: gate.lost > 0)
        await linnet.sign_in_as_guest(SessionCreateGuestInput(username=unique()))
        await linnet.thread_join(ThreadJoinInput(id=place.id))
        gate.is_open = True
        with pytest.raises(LinnetError, match="NETWORK"):
            await sent
        assert await listed(linnet, place) == []


async def test_who_signs_in_while_somebody_is_still_signing_out_stays_signed_in(server: Server) -> None:
    gate = Gate(b"mutation SignOut")
    async with httpx.AsyncClient(transport=gate) as http, await somebody(server.url, http=http) as linnet:
        left = asyncio.create_task(linnet.sign_out())
        await eventually("the server to be told", lambda: gate.lost > 0)
        guest = await linnet.sign_in_as_guest(SessionCreateGuestInput(username=unique()))
        gate.is_open = True
        await left
        viewer = await linnet.viewer()
        assert viewer and viewer.user.id == guest.id


async def test_a_session_that_has_ended_is_told_and_forgotten() -> None:
    held: list[Tokens | None] = []
    with Server() as server:
        async with await somebody(server.url, on_tokens=held.append) as bob:
            server.advance(31 * 24 * 3600)
            with pytest.raises(LinnetError) as refusal:
                await room(bob)
            assert refusal.value.code == "UNAUTHENTICATED"
            assert bob.tokens is None
            assert held[-1] is None


CREATE_KEY = (
    """mutation CreateKey($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { token errors { message } } }"""
)


async def test_an_api_key_is_a_token(server: Server, ann: Linnet) -> None:
    created = await ann.execute(CREATE_KEY, "CreateKey", {"input": {"name": "reports", "scopes": ["READ"]}})
    async with client(server.url, tokens=Tokens(created["apiKeyCreate"]["token"])) as reports:
        viewer = await reports.viewer()
        assert viewer and viewer.session is None
    assert "lnk_" not in repr(reports.tokens)
