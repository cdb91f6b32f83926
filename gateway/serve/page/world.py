"""What the page and the API know and may do: look at the newest snapshot, read the store, ask the ledger."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import Command, CommandAnswer
from gateway.processes.snapshot import Snapshot
from gateway.serve.asking import Asking
from gateway.serve.people import PeopleFile
from gateway.serve.plan import PagePlan
from gateway.store.kept import KeptReader

T = TypeVar("T")

READERS_MAX = 4  #: questions to the store at once; it is one disk


@dataclass(slots=True)
class World:
    """One per front process.

    Parameters
    ----------
    plan
        What is served.
    clock
        The gateway's clock.
    send
        Hands a command to main; False where it could not be taken.
    """

    plan: PagePlan
    clock: Clock
    send: Callable[[Command], bool]
    snapshot: Snapshot | None = None
    stale: bool = True  #: main has been silent for seconds: nothing is good any more
    #: By station and PartType, both known to the ledger: the newest proposal when the last one was asked for, and when.
    proposing: dict[tuple[str, int], tuple[int, float]] = field(init=False, default_factory=dict)
    people: PeopleFile = field(init=False)
    _reading: asyncio.Semaphore = field(init=False)
    _asking: Asking = field(init=False)

    def __post_init__(self) -> None:
        self.people = PeopleFile(Path(self.plan.store))
        self._reading = asyncio.Semaphore(READERS_MAX)
        self._asking = Asking(self.send, "page")

    async def read(self, question: Callable[[KeptReader], T]) -> T:
        """Ask the store something, in a thread: a disk may keep one waiting.

        Raises
        ------
        StoreError
            There is no store yet, or another version's.
        """

        def ask() -> T:
            with KeptReader(Path(self.plan.store)) as reader:
                return question(reader)

        async with self._reading:
            return await asyncio.to_thread(ask)

    async def ask(
        self, name: str, target: str, who: str, arguments: Mapping[str, str] | None = None, via: str = "page"
    ) -> CommandAnswer:
        """Have the ledger carry out what a person asks; returns once it stands in the audit trail.

        Raises
        ------
        Busy
            The gateway took no command, or did not answer; the sentence says which.
        """
        return await self._asking.ask(name, target, who, arguments, via)

    def answered(self, answer: CommandAnswer) -> bool:
        """Take an answer; False where it is for somebody else."""
        return self._asking.answered(answer)
