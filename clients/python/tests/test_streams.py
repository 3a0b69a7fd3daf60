"""How streams go on, and when they end."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from linnet_client import Linnet, LinnetError, ThreadJoinInput, Tokens
from support.people import PATIENCE, client, eventually, listed, room, say, shout, somebody
from support.proxy import Proxy
from support.relay import Relay
from support.server import Server


async def next_of(stream: AsyncGenerator[Any, None], kind: str) -> Any:
    """The frame that comes next of a kind; others are passed over."""
    async with asyncio.timeout(PATIENCE):
        async for frame in stream:
            if frame.typename__ == kind:
                return frame
    raise AssertionError(f"the stream ended before a {kind} came")


async def contents(stream: AsyncGenerator[Any, None], count: int) -> list[str]:
    """What the next messages say."""
    return [(await anext(stream)).node.content for _ in range(count)]


async def test_a_stream_goes_on_where_it_was_with_what_was_said_while_it_was_away(server: Server, ann: Linnet) -> None:
    place = await room(ann)
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as reader:
        stream = reader.message_added(place.id, place.after)
        await say(ann, place, "one")
        assert await contents(stream, 1) == ["one"]
        proxy.shut()
        await say(ann, place, "two")
        await say(ann, place, "three")
        said = asyncio.create_task(contents(stream, 2))
        proxy.open()
        assert await said == ["two", "three"]


async def test_what_had_arrived_and_was_not_taken_when_the_cut_came_is_given_once(server: Server, ann: Linnet) -> None:
    place = await room(ann)
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as reader:
        stream = reader.thread_events(place.id, after=place.after)
        await next_of(stream, "CaughtUp")
        for _ in range(2):
            await shout(ann, place, 20)
            proxy.cut_all()
        ids = [(await next_of(stream, "MessagePosted")).message.id for _ in range(40)]
        assert ids == await listed(ann, place)


async def test_a_server_that_is_killed_or_stopped_and_comes_back_is_gone_on_with() -> None:
    with Server() as server:
        async with await somebody(server.url) as bob:
            place = await room(bob)
            stream = bob.message_added(place.id, place.after)
            await say(bob, place, "before")
            assert await contents(stream, 1) == ["before"]
            for how in (signal.SIGKILL, signal.SIGTERM):
                await asyncio.to_thread(server.kill, how)
                await asyncio.to_thread(server.launch)
                await say(bob, place, f"after {how.name}")
                assert await contents(stream, 1) == [f"after {how.name}"]


async def test_a_connection_that_says_nothing_more_is_given_up(server: Server, ann: Linnet) -> None:
    place = await room(ann)
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens, silence=2.5) as reader:
        stream = reader.thread_events(place.id, after=place.after)
        await next_of(stream, "CaughtUp")
        proxy.swallow()
        await say(ann, place, "heard")
        assert (await next_of(stream, "MessagePosted")).message.content == "heard"
        assert proxy.taken > 1


async def test_a_stream_that_falls_silent_on_a_socket_that_is_alive_is_asked_for_again(
    server: Server, ann: Linnet
) -> None:
    place = await room(ann)
    async with Relay(server.port) as relay, client(relay.url, tokens=ann.tokens, silence=0.5) as reader:
        relay.pings_every = 0.1
        stream = reader.thread_events(place.id, after=place.after)
        await next_of(stream, "CaughtUp")
        # Who asks again is told everything: one frame lost between others is nothing that a network does.
        relay.rewrite = lambda message: None if message["type"] == "next" and len(relay.asked) == 1 else message
        await say(ann, place, "heard")
        assert (await next_of(stream, "MessagePosted")).message.content == "heard"
        assert len(relay.asked) > 1


async def test_heartbeats_stay_within_the_client_and_move_it_on() -> None:
    with Server(LINNET_HEARTBEAT_SECONDS="1") as server:
        async with await somebody(server.url) as bob, Relay(server.port) as relay:
            place = await room(bob)
            beats: list[str] = []

            def note(message: dict[str, Any]) -> dict[str, Any]:
                frame = message["payload"]["data"]["threadEvents"] if message["type"] == "next" else {}
                if frame.get("__typename") == "Heartbeat":
                    beats.append(frame["cursor"])
                return message

            relay.rewrite = note
            async with client(relay.url, tokens=bob.tokens) as reader:
                stream = reader.thread_events(place.id, after=place.after, kinds=[])
                await next_of(stream, "CaughtUp")
                more = asyncio.create_task(anext(stream))
                await say(bob, place, "of a kind that was not asked for")
                await eventually("a heartbeat behind it", lambda: beats[-1:] > [place.after])
                assert not more.done()
                relay.cut_all()
                assert (await more).typename__ == "CaughtUp"
                assert relay.asked[1]["after"] in beats


async def test_a_stream_that_is_reset_says_so_and_goes_on_from_there() -> None:
    with Server() as server:
        async with await somebody(server.url) as bob, Proxy(server.port) as proxy, client(proxy.url) as reader:
            place = await room(bob)
            stream = reader.thread_events(place.id, after=place.after)
            await next_of(stream, "CaughtUp")
            proxy.shut()
            await say(bob, place, "lost from the log")
            # Beyond the retention of the log, and of the session.
            server.advance(91 * 24 * 3600)
            server.control("trim")
            reset = asyncio.create_task(next_of(stream, "StreamReset"))
            proxy.open()
            assert (await reset).reason.startswith("TRIMMED")
            async with await somebody(server.url) as carl:
                await carl.thread_join(ThreadJoinInput(id=place.id))
                await say(carl, place, "new")
                assert (await next_of(stream, "MessagePosted")).message.content == "new"


async def test_a_token_that_has_run_out_by_the_time_of_a_cut_is_replaced_and_the_stream_goes_on() -> None:
    with Server() as server:
        async with await somebody(server.url) as bob, Proxy(server.port) as proxy:
            place = await room(bob)
            held: list[Tokens | None] = []
            async with client(proxy.url, tokens=bob.tokens, on_tokens=held.append) as reader:
                inbox = reader.inbox_changes()
                await next_of(inbox, "InboxCaughtUp")
                server.advance(16 * 60)
                proxy.cut_all()
                heard = asyncio.create_task(next_of(inbox, "InboxCaughtUp"))
                await heard
                assert len(held) == 1
                assert held[0] != bob.tokens
                await say(reader, place, "here")
                assert (await next_of(inbox, "InboxThread")).thread.id == place.id


async def test_signing_out_ends_all_streams_and_the_session(server: Server) -> None:
    async with await somebody(server.url) as bob, client(server.url, tokens=bob.tokens) as elsewhere:
        place = await room(bob)
        events, inbox = bob.thread_events(place.id, after=place.after), bob.inbox_changes()
        await next_of(events, "CaughtUp")
        await next_of(inbox, "InboxCaughtUp")
        ends = [asyncio.create_task(_rest(stream)) for stream in (events, inbox)]
        await asyncio.sleep(0)
        assert await bob.sign_out()
        assert await asyncio.gather(*ends) == [[], []]
        assert bob.tokens is None
        with pytest.raises(LinnetError, match="UNAUTHENTICATED"):
            await elsewhere.viewer()


async def test_a_session_that_ends_elsewhere_ends_the_streams_and_is_told_once(server: Server) -> None:
    held: list[Tokens | None] = []
    async with (
        await somebody(server.url) as bob,
        client(server.url, tokens=bob.tokens, on_tokens=held.append) as elsewhere,
    ):
        streams = [elsewhere.inbox_changes(), elsewhere.inbox_changes()]
        for stream in streams:
            await next_of(stream, "InboxCaughtUp")
        ends = [asyncio.create_task(_rest(stream)) for stream in streams]
        await bob.sign_out()
        for end in await asyncio.gather(*ends, return_exceptions=True):
            assert isinstance(end, LinnetError)
            assert end.code == "UNAUTHENTICATED"
        assert held == [None]


async def test_what_does_not_pass_is_raised(ann: Linnet) -> None:
    with pytest.raises(LinnetError) as refusal:
        await anext(ann.thread_events("thr_01h455vb4pex5vsknk084sn02q"))
    assert refusal.value.code == "NOT_FOUND"
    unresumable = "subscription Own($id: ID!) { threadEvents(threadId: $id) { cursor } }"
    with pytest.raises(LinnetError, match="INVALID"):
        await anext(ann.execute_ws(unresumable, "Own", {"id": (await room(ann)).id}))


async def test_a_stream_that_is_left_leaves_no_connection_behind(server: Server, ann: Linnet) -> None:
    place = await room(ann)
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as reader:
        async with aclosing(reader.thread_events(place.id, after=place.after)) as stream:
            await next_of(stream, "CaughtUp")
            assert proxy.connected == 1
        await eventually("the socket to be closed", lambda: proxy.connected == 0)

        waiting = asyncio.create_task(_rest(reader.thread_events(place.id, after=place.after)))
        await eventually("another one", lambda: proxy.connected == 1)
        waiting.cancel()
        await eventually("that to be closed", lambda: proxy.connected == 0)

        last = asyncio.create_task(_rest(reader.thread_events(place.id, after=place.after)))
        await eventually("a third one", lambda: proxy.connected == 1)
    assert [frame.typename__ for frame in await last] in ([], ["CaughtUp"])


async def _rest(stream: AsyncGenerator[Any, None]) -> list[Any]:
    return [frame async for frame in stream]
