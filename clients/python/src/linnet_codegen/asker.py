"""What generated operations are asked through. ariadne-codegen copies this file into what it generates."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import Any


class Asker(ABC):
    """Asks a server."""

    @abstractmethod
    async def execute(
        self, query: str, operation_name: str | None = None, variables: dict[str, object] | None = None, **options: Any
    ) -> dict[str, Any]:
        """The data of the answer to a query or a mutation."""

    @abstractmethod
    def execute_ws(
        self, query: str, operation_name: str | None = None, variables: dict[str, object] | None = None, **options: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The data of each answer of a subscription."""

    def get_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Generated code expects to unpack what `execute` gives."""
        return data
