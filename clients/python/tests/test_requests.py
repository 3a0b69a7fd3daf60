"""Asking and changing."""

import asyncio

import httpx
import pytest

from linnet_client import (
    AccountCreateInput,
    AttachmentInput,
    Cursor,
    Linnet,
    LinnetError,
    MessageSendInput,
    RoomThreadInput,
    ThreadCreateInput,
    UserErrorCode,
    new_client_key,
)
from support.people import client, listed, room, shout, unique
from support.proxy import Proxy
from support.server import Server


async def test_a_send_whose_answer_was_lost_is_one_message(server: Server, ann: Linnet) -> None:
    place = await room(ann)
    lost = 0

    def loses(request: bytes) -> bool:
        nonlocal lost
        lost += b"messageSend" in request
        return b"messageSend" in request and lost < 4

    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as sender:
        proxy.loses = loses
        sent = await sender.message_send(MessageSendInput(thread_id=place.id, content="once"))
    assert lost == 4
    assert await listed(ann, place) == [sent.message.id]
    assert sent.cursor and sent.cursor > place.after


async def test_a_send_under_a_key_of_ones_own_may_be_repeated(ann: Linnet) -> None:
    place, key = await room(ann), new_client_key()
    input = MessageSendInput(thread_id=place.id, content="once", client_key=key)
    first, second = await asyncio.gather(ann.message_send(input), ann.message_send(input))
    assert first.message.id == second.message.id
    assert first.message.client_key == key


async def test_a_send_is_given_up_once_its_time_is_over(server: Server, ann: Linnet) -> None:
    place = await room(ann)
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as sender:
        proxy.shut()
        with pytest.raises(LinnetError) as failure:
            await sender.message_send(MessageSendInput(thread_id=place.id, content="never"), give_up_after=0.5)
    assert failure.value.code == "NETWORK"
    assert failure.value.is_transient


async def test_a_query_is_asked_again_and_a_mutation_is_not(server: Server, ann: Linnet) -> None:
    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as linnet:
        asked: list[bytes] = []

        def loses(request: bytes) -> bool:
            if b'"operationName"' in request:
                asked.append(request)
            return len(asked) % 2 == 1

        proxy.loses = loses
        assert await linnet.viewer()
        assert len(asked) == 2
        with pytest.raises(LinnetError, match="NETWORK"):
            await linnet.thread_create(ThreadCreateInput(room=RoomThreadInput(title=unique())))
        assert len(asked) == 3


async def test_a_refused_input_names_its_field(server: Server, ann: Linnet) -> None:
    # In the payload, as the server tells it.
    created = await ann.thread_create(ThreadCreateInput(room=RoomThreadInput(title=" ")))
    assert created.thread is None
    assert [(error.code, error.path) for error in created.errors] == [(UserErrorCode.BLANK, ["room", "title"])]
    # Raised, where a method of the client stands for the mutation.
    async with client(server.url) as nobody:
        with pytest.raises(LinnetError) as refusal:
            await nobody.sign_up(
                AccountCreateInput(username="not a name", email="a@example.org", password="a long secret")
            )
    assert refusal.value.code == "INVALID"
    assert [error.path for error in refusal.value.input_errors] == [["username"]]
    assert "username" in str(refusal.value)
    with pytest.raises(LinnetError) as refusal:
        await ann.message_send(MessageSendInput(thread_id=(await room(ann)).id, content=""))
    assert (refusal.value.code, refusal.value.input_errors[0].path) == ("BLANK", ["content"])


async def test_what_the_server_refuses_says_how_its_log_knows_it(ann: Linnet) -> None:
    with pytest.raises(LinnetError) as refusal:
        await ann.execute("query Wrong { nothing }", "Wrong")
    assert refusal.value.code == "INVALID"
    assert refusal.value.errors
    assert refusal.value.request_id


async def test_what_answers_and_does_not_speak_graphql_is_told(server: Server) -> None:
    async with client(f"{server.origin}/nowhere") as lost:
        with pytest.raises(LinnetError, match="PROTOCOL"):
            await lost.viewer()


async def test_pages_forward_and_backward_have_every_message_once(ann: Linnet) -> None:
    place = await room(ann)
    await shout(ann, place, 70)
    forward = await listed(ann, place)
    assert len(forward) == len(set(forward)) == 70
    backward: list[str] = []
    before: Cursor | None = None
    while True:
        thread = await ann.thread(place.id, last=30, before=before)
        assert thread
        backward = [edge.node.id for edge in thread.messages.edges] + backward
        if not thread.messages.page_info.has_previous_page:
            break
        before = thread.messages.page_info.start_cursor
    assert backward == forward


async def test_a_file_is_put_there_once_and_comes_with_its_message(server: Server, ann: Linnet) -> None:
    place, content = await room(ann), b"one, two, three\n" * 1000
    lost: list[bytes] = []

    def loses(request: bytes) -> bool:
        is_first = request.startswith(b"PUT") and not lost
        lost.extend([request] if is_first else [])
        return is_first

    async with Proxy(server.port) as proxy, client(proxy.url, tokens=ann.tokens) as sender:
        proxy.loses = loses
        upload = await sender.upload("numbers.txt", "text/plain", content)
    assert lost
    attachments = [AttachmentInput(upload_id=upload)]
    sent = await ann.message_send(MessageSendInput(thread_id=place.id, content="Look", attachments=attachments))
    (attachment,) = sent.message.attachments
    assert (attachment.name, attachment.size) == ("numbers.txt", len(content))
    assert httpx.get(f"{server.origin}{attachment.url}").content == content


async def test_a_file_that_is_not_taken_says_why(ann: Linnet) -> None:
    with pytest.raises(LinnetError) as refusal:
        await ann.upload("a/b", "text/plain", b"x")
    assert refusal.value.input_errors[0].path == ["name"]
    with pytest.raises(LinnetError) as refusal:
        await ann.upload("cat.png", "image/png", b"no picture")
    assert refusal.value.errors
    assert not refusal.value.is_transient
