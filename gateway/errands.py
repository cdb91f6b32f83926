"""Processes that main starts for one piece of work: a learner for taught parts, a proposer for a next version."""

from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.processes.ledger_messages import Propose, Proposed
from gateway.processes.messages import Taught, UseRecipe
from gateway.processes.supervisor import ChildPlan, Supervisor
from gateway.stations.learner import Learned, LearnPlan
from gateway.teaching import TeachingDesk

log = structlog.get_logger()

MakeDesk = Callable[[Callable[[LearnPlan], None]], TeachingDesk]


class Main(Protocol):
    """Whom errands report to."""

    def to_worker(self, station: str, message: object) -> bool:
        """Send to the worker that hears this station."""
        ...

    def to_ledger(self, message: object) -> None:
        """Send to the ledger."""
        ...

    def event(self, where: str, kind: str, sentence: str, level: str = "info") -> None:
        """Say what happened."""
        ...


class Errands:
    """Starts them, and passes on what came of each.

    Parameters
    ----------
    main
        Whom to tell.
    supervisor
        Takes the processes into care.
    teaching
        Makes the desk where parts of Mode 3 are collected, given a function that starts a learner.
    """

    def __init__(self, main: Main, supervisor: Supervisor, teaching: MakeDesk) -> None:
        self._main = main
        self._supervisor = supervisor
        self._teaching = teaching(self._start_learner)
        self._started = 0
        self._proposing: set[tuple[str, int]] = set()

    # ---- learning ---------------------------------------------------------------------------------------------------

    def taught(self, part: Taught, *, known: bool) -> None:
        """Take a part that was heard in Mode 3 to the desk; see `TeachingDesk.heard`."""
        log.info(self._teaching.heard(part, known=known), station=part.station)

    def _start_learner(self, plan: LearnPlan) -> None:
        def lost(why: str) -> None:
            self._learned(Learned(plan.station, plan.part_type, plan.folder, f"{why}; its parts are to be heard again"))

        # It does not step back as the others do: it is a second of work, and the line waits for it.
        body = "gateway.stations.learner:run_learner"
        self._supervisor.add(ChildPlan(self._name("learner"), body, plan, self._learned, lost, once=True))

    def _learned(self, message: object) -> None:
        assert isinstance(message, Learned)
        self._teaching.ended(message.station, message.part_type)
        if message.fault:
            self._main.event(message.station, "not-learned", message.fault, "warning")
            return
        self._main.event(message.station, "learned", f"type {message.part_type} was learned into {message.folder}")
        self._main.to_worker(message.station, UseRecipe(message.station, message.part_type, message.folder))

    # ---- proposing --------------------------------------------------------------------------------------------------

    def propose(self, asked: Propose) -> None:
        """Make the next version in a process of its own that steps back for those that judge."""
        key = (asked.station, asked.part_type)
        if key in self._proposing:
            said = "a next version is being made already; ask again when it is there"
            self._main.to_ledger(Proposed(*key, asked.who, "", None, said))
            return
        self._proposing.add(key)

        def heard(message: object) -> None:
            assert isinstance(message, Proposed)
            self._proposing.discard(key)
            self._main.to_ledger(message)

        def lost(why: str) -> None:
            heard(Proposed(*key, asked.who, "", None, f"{why}; nothing was proposed"))

        name, body = self._name("proposer"), "gateway.proposer:run_proposer"
        self._supervisor.add(ChildPlan(name, body, asked, heard, lost, once=True, background=True))

    def _name(self, kind: str) -> str:
        self._started += 1
        return f"{kind}-{self._started}"
