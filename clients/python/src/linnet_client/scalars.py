"""Scalars of the schema that Python has no type for."""

from typing import NewType

Cursor = NewType("Cursor", str)
"""A position in a list or a stream. Opaque; those of one thread sort as strings in the order of its log."""
