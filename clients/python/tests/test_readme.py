"""What the README says is run, and as strictly typed as the client is."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mypy import api

from linnet_client import ChirpCreateInput, Linnet
from support.people import PATIENCE
from support.server import Server

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

Run = Callable[..., str]


@pytest.fixture(scope="module")
def place(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the files of the README."""
    place = tmp_path_factory.mktemp("readme")
    for name, text in re.findall(r"```\w+\n# (\S+\.\w+)\n(.*?)```", README.read_text(), re.DOTALL):
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("http://127.0.0.1:8080/graphql", server.url))
    (place / "schema.graphql").symlink_to(ROOT / "../../schema.graphql")
    return place


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """Runs a program until it ends, and tells what it says."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=place, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_readme_takes_a_newcomer_to_a_typed_subscription(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-u", "start.py"], cwd=place, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        said = program.stdout.readline()
        program.kill()
    assert re.fullmatch(r"wren-(\d+) Hello, I am wren-\1\.\n", said)


async def test_a_program_that_keeps_its_cursor_goes_on_where_it_was(ann: Linnet, run: Run) -> None:
    await ann.chirp_create(ChirpCreateInput(message="Before it came"))
    assert run("follow.py") == ""
    for message in ("One", "Two"):
        await ann.chirp_create(ChirpCreateInput(message=message))
        assert run("follow.py").split()[1:] == [message]


@pytest.fixture(scope="module")
def wren(run: Run) -> None:
    """Who programs sign in as."""
    assert run("sign_in.py") == "Hello, wren.\n"


@pytest.mark.usefixtures("wren")
def test_a_program_that_keeps_its_tokens_is_signed_in_the_next_time(place: Path, run: Run) -> None:
    kept = (place / "tokens.json").read_text()
    assert run("sign_in.py") == "Hello, wren.\n"
    assert (place / "tokens.json").read_text() == kept


@pytest.mark.usefixtures("wren")
def test_a_program_sends_once_is_told_which_field_is_wrong_and_pages_back(run: Run) -> None:
    assert run("pages.py").splitlines() == [
        "BLANK ['content']",
        "['Nest 3', 'Nest 4']",
        "['Nest 1', 'Nest 2']",
        "['What it takes']",
    ]


OWN = """
import asyncio
from typing import assert_type

from birds import Birds
from linnet_client import Cursor, MessageEditInput, MessageSendInput, RoomThreadInput, SessionCreateInput, ThreadCreateInput


async def main() -> None:
    async with Birds("URL") as birds:
        await birds.sign_in(SessionCreateInput(login="wren", password="a long secret"))
        room = (await birds.thread_create(ThreadCreateInput(room=RoomThreadInput(title="Own")))).thread
        assert room
        thread = await birds.members(room.id)
        assert thread
        print(thread.participants.total_count, thread.participants.nodes[0].user.username)
        sent = await birds.message_send(MessageSendInput(thread_id=room.id, content="Eg"))
        await birds.message_edit(MessageEditInput(id=sent.message.id, content="Egg"))
        async for frame in birds.edits(room.id, after=room.event_cursor):
            assert_type(frame.cursor, Cursor)
            if frame.typename__ == "MessageEdited":
                return print(frame.message and frame.message.content)


asyncio.run(main())
"""


@pytest.mark.usefixtures("wren")
def test_operations_of_ones_own_are_made_on_the_client_and_everything_is_strictly_typed(
    server: Server, place: Path, run: Run
) -> None:
    run("-m", "ariadne_codegen")
    (place / "own.py").write_text(OWN.replace("URL", server.url))
    assert run("own.py") == "1 wren\nEgg\n"
    out, err, code = api.run(["--strict", "--config-file", "", "--cache-dir", str(ROOT / ".mypy_cache"), str(place)])
    assert code == 0, out + err
