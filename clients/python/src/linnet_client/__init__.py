"""The typed client of a Linnet server."""

from .client import Linnet, Sent, new_client_key
from .error import LinnetError
from .generated import *  # noqa: F403
from .generated import __all__ as _generated
from .model import OpenEnum
from .pace import Pace
from .scalars import Cursor
from .session import Tokens

__all__ = ["Cursor", "Linnet", "LinnetError", "OpenEnum", "Pace", "Sent", "Tokens", "new_client_key"]
__all__ += _generated
