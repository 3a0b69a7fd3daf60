"""Who takes part in a test: accounts of their own, a room, and what is said in it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from linnet_client import (
    AccountCreateInput,
    Cursor,
    Linnet,
    MessageFields,
    MessageSendInput,
    Pace,
    RoomThreadInput,
    ThreadCreateInput,
    new_client_key,
)

PATIENCE = 120.0
"""How long a test waits for what has to happen, in seconds. Generous: it is there to end one that hangs."""
QUICK = Pace(first=0.02, most=0.2)
"""What a test does not wait long for."""


@dataclass(frozen=True)
class Room:
    """A room, and where its log stood."""

    id: str
    after: Cursor


def unique() -> str:
    return f"t{secrets.token_hex(6)}"


def client(url: str, **options: Any) -> Linnet:
    """A client that comes back quickly."""
    return Linnet(url, **{"pace": QUICK, "timeout": PATIENCE, **options})


async def somebody(url: str, **options: Any) -> Linnet:
    """Somebody who has just signed up."""
    linnet = client(url, **options)
    name = unique()
    await linnet.sign_up(AccountCreateInput(username=name, email=f"{name}@example.org", password=f"secret of {name}"))
    return linnet


async def room(linnet: Linnet) -> Room:
    created = await linnet.thread_create(ThreadCreateInput(room=RoomThreadInput(title=unique())))
    assert created.thread, created.errors
    return Room(created.thread.id, created.thread.event_cursor)


async def say(linnet: Linnet, room: Room, content: str) -> MessageFields:
    return (await linnet.message_send(MessageSendInput(thread_id=room.id, content=content))).message


SHOUT = "mutation Shout({}) {{ {} }}".format(
    ", ".join(f"$i{place}: MessageSendInput!" for place in range(10)),
    " ".join(f"m{place}: messageSend(input: $i{place}) {{ message {{ id }} }}" for place in range(10)),
)


async def shout(linnet: Linnet, room: Room, messages: int) -> None:
    """Says so many things, by many who speak at once, ten in a breath."""
    rounds = iter(range(messages // 10))

    async def speak() -> None:
        for number in rounds:
            inputs: dict[str, object] = {
                f"i{place}": MessageSendInput(
                    thread_id=room.id, content=f"message {number}.{place}", client_key=new_client_key()
                )
                for place in range(10)
            }
            await linnet.execute(SHOUT, "Shout", inputs, give_up_after=PATIENCE)

    await asyncio.gather(*(speak() for _ in range(8)))


async def listed(linnet: Linnet, room: Room) -> list[str]:
    """The ids of all messages of a thread, as its pages have them."""
    ids: list[str] = []
    after = None
    while True:
        thread = await linnet.thread(room.id, first=50, after=after)
        assert thread
        ids += [edge.node.id for edge in thread.messages.edges]
        if not thread.messages.page_info.has_next_page:
            return ids
        after = thread.messages.page_info.end_cursor


async def eventually(what: str, holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Waits for a condition, and not for a time."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                held = holds()
                if await held if isinstance(held, Awaitable) else held:
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None
