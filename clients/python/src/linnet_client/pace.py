"""When to try again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How long to wait between attempts, in seconds."""

    first: float = 0.25
    """Before the second attempt, at the most."""
    most: float = 30.0
    """However many have failed, at the most."""

    def pause(self, failures: int, at_least: float | None = None) -> float:
        """
        How long to wait after so many failures: twice as long each time, and a random part of it less, so that clients that were
        cut off together don't come back together.
        """
        longest = min(self.most, self.first * 2.0 ** min(failures - 1, 20))
        return (at_least or 0.0) + longest * random.uniform(0.5, 1.0)
