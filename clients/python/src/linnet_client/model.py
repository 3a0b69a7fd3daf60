"""What generated types are made of, so that a newer server does not break them: fields that they don't know are passed over."""

from enum import StrEnum
from typing import Any, Self

import pydantic
from pydantic import ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.alias_generators import to_camel


class UnsetType:
    """What was not given, which is not the same as null."""

    def __bool__(self) -> bool:
        return False


UNSET = UnsetType()


class BaseModel(pydantic.BaseModel):
    """A type of the schema. Its fields are in snake case here."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, protected_namespaces=())


class OpenEnum(StrEnum):
    """An enum that may grow: a value that this client does not know is a member, too, with that value as its name."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


def unknown_as(interface: str) -> WrapValidator:
    """Takes an object of a type that this client does not know as what its interface says of it, under the interface's name."""

    def validate(value: Any, choose: ValidatorFunctionWrapHandler) -> Any:
        try:
            return choose(value)
        except ValidationError as error:
            is_unknown = any(what["type"] == "union_tag_invalid" and not what["loc"] for what in error.errors())
            if not is_unknown:
                raise
            return choose({**value, "__typename": interface})

    return WrapValidator(validate)
