"""The real server: the binary that LINNET_BIN names, built with the test control."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx

PATIENCE = 120.0


class Server:
    """A server of a test's own, with a port and data that it keeps when it is started again."""

    def __init__(self, **settings: str) -> None:
        self.port = free_port()
        self._data = Path(tempfile.mkdtemp(prefix="linnet-client-"))
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.launch()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill(signal.SIGKILL)
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/graphql"

    def launch(self) -> None:
        """Starts it, and waits until it is ready."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LINNET_")}
        settings = {
            "LINNET_LISTEN": f"127.0.0.1:{self.port}",
            "LINNET_DATA_DIR": str(self._data),
            "LINNET_RATE_LIMITS": "off",
            "LINNET_REQUEST_SECONDS": "120",
            **self._settings,
        }
        log = self._data / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [os.environ["LINNET_BIN"], "serve"],
                cwd=self._data,
                env=inherited | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        until = time.monotonic() + PATIENCE
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.02)

    def kill(self, how: signal.Signals) -> None:
        """Ends it as a power cut would, or by asking it to."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def control(self, route: str, **body: Any) -> None:
        """One of the routes that only a test build has."""
        httpx.post(f"{self.origin}/test/{route}", json=body, timeout=PATIENCE).raise_for_status()

    def advance(self, seconds: float) -> None:
        """Moves the server's clock."""
        self.control("clock", advanceSeconds=seconds)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.origin}/readyz", timeout=PATIENCE).is_success
        except httpx.HTTPError:
            return False


def free_port() -> int:
    """One outside the range that the system gives to outgoing connections, so that it is free still when a server comes back to it."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
