"""The promise that all else is for: whatever happens to connections, an application is given each frame once, and in order."""

import asyncio
import random

from linnet_client import Linnet, ThreadEventKind, Tokens
from support.people import Room, client, listed, room, shout
from support.proxy import Proxy
from support.server import Server

MESSAGES = 1200
CUTS = 40


def somewhere() -> int:
    """Some cuts come in the middle of a handshake, most in the middle of a frame."""
    return random.randint(1, 400 if random.random() < 0.1 else 15_000)


async def read(server: Server, tokens: Tokens | None, room: Room, naps: bool) -> tuple[list[str], int]:
    """What a reader is given whose connection is cut off so many times, and how many of the cuts came before the last message."""
    given: list[str] = []
    cuts = 0
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=tokens) as reader:
        proxy.next_cut = lambda: somewhere() if proxy.cuts < CUTS else None
        async for frame in reader.thread_events(room.id, after=room.after, kinds=[ThreadEventKind.MESSAGE_POSTED]):
            if frame.typename__ != "MessagePosted":
                continue
            assert frame.message
            if len(given) < MESSAGES - 1:
                cuts = proxy.cuts
            given.append(frame.message.id)
            if naps and random.random() < 0.02:
                await asyncio.sleep(random.uniform(0, 0.02))
            if len(given) == MESSAGES:
                break
    return given, cuts


async def test_each_message_is_given_once_and_in_order_however_often_the_connection_is_cut(
    server: Server, ann: Linnet
) -> None:
    place = await room(ann)
    quick, slow, _ = await asyncio.gather(
        read(server, ann.tokens, place, naps=False),
        read(server, ann.tokens, place, naps=True),
        shout(ann, place, MESSAGES),
    )
    said = await listed(ann, place)
    for given, cuts in (quick, slow):
        assert given == said
        assert cuts == CUTS, "not all of the cuts came before the last message"
