"""The one clock the gateway measures with, passed in wherever time matters."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds for everything that is measured, wall time for people and the CMMS alone."""

    def now(self) -> float:
        """Monotonic seconds; the same clock in every process of this machine."""
        ...

    def wall(self) -> datetime:
        """Wall time, UTC, aware."""
        ...


class SystemClock:
    """The machine's clocks.

    `time.monotonic` counts from the start of the machine on Linux, Windows and macOS alike, so readings taken in
    different processes of one machine can be compared.
    """

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def wall(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)
