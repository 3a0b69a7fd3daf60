"""What can go wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from .generated.fragments import UserErrorFields

TRANSIENT = frozenset({"NETWORK", "TIMEOUT", "UNAVAILABLE", "RATE_LIMITED"})


class LinnetError(Exception):
    """Whatever goes wrong. Decide by `code`, never by the message."""

    code: str
    """
    The server's `extensions.code`: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, TOO_EXPENSIVE, RATE_LIMITED, UNAVAILABLE,
    INTERNAL, ACCESS_REVOKED, STREAM_RESET, and what there may be more of; or this client's own: NETWORK, TIMEOUT, PROTOCOL,
    CLOSED. Of an input that was refused: the code of the first of `input_errors`.
    """
    errors: Sequence[Mapping[str, Any]]
    """What the server said, where it said it."""
    input_errors: Sequence[UserErrorFields]
    """What was wrong with the input, where a method of this client stands for a mutation."""
    retry_after: float | None
    """In how many seconds to come again, if the server knows."""
    request_id: str | None
    """What the server's log knows the request by."""
    data: Mapping[str, Any] | None
    """What there is of an answer beside its errors."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        input_errors: Sequence[UserErrorFields] = (),
        retry_after: float | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        extensions = _extensions(errors)
        retry_after_ms = extensions.get("retryAfterMs")
        self.code = code
        self.errors = errors
        self.input_errors = input_errors
        self.retry_after = retry_after_ms / 1000 if retry_after is None and retry_after_ms is not None else retry_after
        self.request_id = extensions.get("requestId")
        self.data = data

    def __str__(self) -> str:
        fields = ", ".join(".".join(error.path) for error in self.input_errors if error.path)
        return f"{self.code}: {super().__str__()}" + (f" ({fields})" if fields else "")

    @property
    def is_transient(self) -> bool:
        """Whether the same may work later, unchanged."""
        return self.code in TRANSIENT

    @classmethod
    def told(
        cls,
        errors: Sequence[Mapping[str, Any]],
        *,
        retry_after: float | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Self:
        """Of what the server told."""
        message = errors[0].get("message") if errors else None
        code = _extensions(errors).get("code", "INTERNAL")
        return cls(code, message or "The server failed.", errors=errors, retry_after=retry_after, data=data)

    @classmethod
    def refused(cls, input_errors: Sequence[UserErrorFields]) -> Self:
        """Of what was wrong with an input."""
        if not input_errors:
            return cls("INVALID", "The server refused the input.")
        return cls(input_errors[0].code.value, input_errors[0].message, input_errors=input_errors)


def _extensions(errors: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return (errors[0].get("extensions") if errors else None) or {}
