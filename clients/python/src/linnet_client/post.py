"""One request by HTTP, and its answer."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from .error import LinnetError
from .model import UNSET

ACCEPT = "application/graphql-response+json, application/json;q=0.9"


@dataclass(frozen=True)
class Request:
    """What is asked of the server."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, query: str, operation_name: str | None, variables: dict[str, object] | None) -> "Request":
        """As generated operations ask: variables that are not set are left out, and so are fields of inputs."""
        given = {name: _plain(value) for name, value in (variables or {}).items() if value is not UNSET}
        return cls(query, operation_name, given)

    @property
    def body(self) -> dict[str, Any]:
        """As the protocols have it."""
        return {"query": self.query, "operationName": self.operation_name, "variables": self.variables}


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return to_jsonable_python(value)


class Endpoint:
    """Where to ask."""

    def __init__(self, url: str, timeout: float, http: httpx.AsyncClient | None) -> None:
        self.url = httpx.URL(url)
        self._timeout = timeout
        self._http = http or httpx.AsyncClient()
        self._is_own = http is None

    async def ask(self, request: Request, token: str | None, timeout: float | None = None) -> dict[str, Any]:
        """The data of the answer. Raises what the server refuses, and all that is no answer."""
        headers = {"accept": ACCEPT, "content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        response = await self.send("POST", "", json.dumps(request.body).encode(), headers, timeout)
        return _data(response)

    async def send(
        self,
        method: str,
        path: str,
        content: bytes,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """The answer to any request; `path` is from the root of the server. Raises if nothing came back within the time."""
        try:
            async with asyncio.timeout(timeout or self._timeout):
                return await self._http.request(
                    method, self.url.join(path), content=content, headers=headers, timeout=None
                )
        except TimeoutError as late:
            raise LinnetError("TIMEOUT", "No answer came in time.") from late
        except httpx.HTTPError as cause:
            raise LinnetError("NETWORK", f"The server could not be reached: {cause!r}") from cause

    async def close(self) -> None:
        """Closes its connections, but for those of a client that was given."""
        if self._is_own:
            await self._http.aclose()


def read(response: httpx.Response) -> dict[str, Any]:
    """The answer in a response. What a proxy says in the server's place is none."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
        return answer
    status = response.status_code
    code = "RATE_LIMITED" if status == 429 else "UNAVAILABLE" if status >= 500 else "PROTOCOL"
    raise LinnetError(
        code,
        f"What answered ({status}) does not speak GraphQL.",
        retry_after=retry_after(response.headers.get("retry-after")),
    )


def retry_after(header: str | None) -> float | None:
    """In how many seconds to come again, by a header `Retry-After` if there is one."""
    return float(header) if header and header.isdecimal() else None


def _data(response: httpx.Response) -> dict[str, Any]:
    answer = read(response)
    data: dict[str, Any] | None = answer.get("data")
    if errors := answer.get("errors"):
        raise LinnetError.told(errors, data=data, retry_after=retry_after(response.headers.get("retry-after")))
    if data is None:
        raise LinnetError("PROTOCOL", "An answer without data came.")
    return data
