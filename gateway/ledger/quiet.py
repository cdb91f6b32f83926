"""The commands that ask for quiet: shelve, unshelve, window, window-over."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.incidents import quiet
from gateway.incidents.book import Book, Told
from gateway.ledger.page import Page
from gateway.ledger.plan import LedgerPlan
from gateway.processes.ledger_messages import Command

_SPAN = re.compile(r"\s*([0-9]{1,7}(?:\.[0-9]{1,3})?)\s*(s|min|h|d)\s*")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BOUNDS = "between 1 min and 7 d"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of looking at a command: the sentence, and whether it may be carried out."""

    accepted: bool
    sentence: str


def span_of(command: Command) -> timedelta | None:
    """Read how long, as in ``for = "8h"``; None where it is no time or not within bounds."""
    match = _SPAN.fullmatch(command.arguments.get("for", ""))
    if match is None:
        return None
    span = timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    return span if quiet.SHORTEST <= span <= quiet.LONGEST else None


def judge(command: Command, book: Book, plan: LedgerPlan) -> Asked:
    """Check one of `NAMES`."""
    faults: Mapping[str, Callable[[Command, Book, LedgerPlan], str]] = {
        "shelve": _shelve,
        "unshelve": _unshelve,
        "window": _window,
        "window-over": _window_over,
    }
    fault = faults[command.name](command, book, plan)
    return Asked(accepted=not fault, sentence=f"{command.name}: {fault}" if fault else _said(command))


def carry_out(page: Page, command: Command) -> Told:
    """Do what was judged to be possible."""
    book, now = page.book, page.now
    span = span_of(command)
    if command.name == "shelve" and span is not None:
        return quiet.shelve(book, book.incidents[command.target], command.who, now + span)
    if command.name == "window" and span is not None:
        return quiet.open_window(book, command.target, command.who, now, now + span)
    if command.name == "unshelve":
        return quiet.unshelve(book, book.incidents[command.target], f"says {command.who}")
    return quiet.close_window(book, command.target, f"says {command.who}")


NAMES = frozenset({"shelve", "unshelve", "window", "window-over"})


def _shelve(command: Command, book: Book, _: LedgerPlan) -> str:
    incident = book.incidents.get(command.target)
    if incident is None or incident.ended_at is not None:
        return f"no open incident {command.target!r}"
    return _no_span(command)


def _unshelve(command: Command, book: Book, _: LedgerPlan) -> str:
    incident = book.incidents.get(command.target)
    if incident is None:
        return f"no open incident {command.target!r}"
    return "" if incident.shelved_until is not None else f"incident {incident.id} is not shelved"


def _window(command: Command, _: Book, plan: LedgerPlan) -> str:
    return _no_span(command) if plan.entry(command.target) else plan.no_station(command.target)


def _window_over(command: Command, book: Book, _: LedgerPlan) -> str:
    return "" if command.target in book.windows else f"station {command.target!r} is not under maintenance"


def _no_span(command: Command) -> str:
    if span_of(command) is not None:
        return ""
    return f'how long? found {command.arguments.get("for", "")!r}; wanted a time {_BOUNDS}, as in "8 h" or "30 min"'


def _said(command: Command) -> str:
    span, who = command.arguments.get("for", "").strip(), command.who
    return {
        "shelve": f"incident {command.target} shelved for {span} by {who}: it rings nobody and opens no order",
        "unshelve": f"incident {command.target} taken off the shelf by {who}",
        "window": f"{command.target}: maintenance for {span}, says {who}; no new incident and no order from it",
        "window-over": f"{command.target}: maintenance is over, says {who}",
    }[command.name]
