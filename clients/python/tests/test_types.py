"""What is generated: it is typed, and a newer server does not break it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_type

import pytest
from mypy import api
from pydantic import ValidationError

from linnet_client import (
    Cursor,
    Linnet,
    MessageFields,
    MessageSendInput,
    ThreadEvents,
    UserErrorCode,
    UserErrorFields,
)
from support.people import client, room, say
from support.relay import Message, Relay
from support.server import Server

ROOT = Path(__file__).parent.parent


def test_everything_is_as_strictly_typed_as_mypy_can_tell() -> None:
    out, err, code = api.run(["--config-file", str(ROOT / "pyproject.toml"), *map(str, (ROOT / "src", ROOT / "tests"))])
    assert code == 0, out + err


async def what_does_not_fit_does_not_pass(linnet: Linnet) -> None:
    """Never run: mypy complains of an exception to its rules that is none."""
    linnet.thread_events()  # type: ignore[call-arg]
    linnet.message_added("thr_")  # type: ignore[call-arg]
    await linnet.thread(7)  # type: ignore[arg-type]
    await linnet.thread("thr_", after="not a cursor")  # type: ignore[arg-type]
    MessageSendInput(thread_id="thr_")  # type: ignore[call-arg]
    async for frame in linnet.thread_events("thr_"):
        assert_type(frame.cursor, Cursor)
        frame.message  # type: ignore[union-attr]
        if frame.typename__ == "MessagePosted":
            assert_type(frame.message, MessageFields | None)
    viewer = await linnet.viewer()
    viewer.user  # type: ignore[union-attr]


def newer(change: Callable[[dict[str, Any]], None]) -> Callable[[Message], Message]:
    """A server that says something else of each message that is posted."""

    def rewrite(message: Message) -> Message:
        frame = message["payload"]["data"]["threadEvents"] if message["type"] == "next" else {}
        if frame.get("__typename") == "MessagePosted":
            change(frame)
        return message

    return rewrite


async def test_a_value_of_an_enum_that_is_not_known_is_itself(server: Server, ann: Linnet) -> None:
    def change(frame: dict[str, Any]) -> None:
        frame["message"]["status"] = "FRAMED"
        frame["message"]["sender"]["kind"] = "CHOIR"
        frame["message"]["mood"] = "fields that are not known are passed over"

    place = await room(ann)
    async with Relay(server.port) as relay, client(relay.url, tokens=ann.tokens) as reader:
        relay.rewrite = newer(change)
        await say(ann, place, "framed")
        async for frame in reader.thread_events(place.id, after=place.after):
            if frame.typename__ == "MessagePosted":
                assert frame.message and frame.message.sender
                assert frame.message.content == "framed"
                assert frame.message.status.value == "FRAMED"
                assert frame.message.sender.kind == "CHOIR"
                break


async def test_a_frame_of_a_kind_that_is_not_known_is_one_still_and_the_stream_goes_on_behind_it(
    server: Server, ann: Linnet
) -> None:
    def change(frame: dict[str, Any]) -> None:
        if frame["message"]["content"] == "pinned":
            frame["__typename"] = "MessagePinned"

    place = await room(ann)
    async with Relay(server.port) as relay, client(relay.url, tokens=ann.tokens) as reader:
        relay.rewrite = newer(change)
        for content in ("pinned", "posted"):
            await say(ann, place, content)
        frames = []
        async for frame in reader.thread_events(place.id, after=place.after):
            frames.append(frame)
            if len(frames) == 3:
                relay.cut_all()
            if len(frames) == 4:
                break
    assert [frame.typename__ for frame in frames] == ["ThreadFrame", "MessagePosted", "CaughtUp", "CaughtUp"]
    assert place.after < frames[0].cursor < frames[1].cursor
    assert relay.asked[1]["after"] == frames[1].cursor


def test_an_unknown_value_is_written_as_it_was_read() -> None:
    error = UserErrorFields.model_validate({"code": "FROZEN", "message": "Too cold.", "path": []})
    assert isinstance(error.code, UserErrorCode)
    assert error.code not in list(UserErrorCode)
    assert error.model_dump(mode="json")["code"] == "FROZEN"
    assert error.code == UserErrorCode("FROZEN")
    assert error.code != UserErrorCode.INVALID


@pytest.mark.parametrize(
    "frame",
    [
        {"__typename": "StreamReset", "cursor": "c"},
        {"__typename": "MessagePinned"},
        {"cursor": "c"},
    ],
    ids=["a known frame without its field", "an unknown one without a cursor", "one without a type"],
)
def test_what_is_not_as_the_schema_says_is_not_taken_for_something_new(frame: Any) -> None:
    with pytest.raises(ValidationError):
        ThreadEvents.model_validate({"threadEvents": frame})
