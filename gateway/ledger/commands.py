"""What a person asks for: checked here, carried out by the ledger, audited whatever the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.incidents import quiet as quiet_rules
from gateway.incidents.book import Book, Fate
from gateway.ledger import quiet
from gateway.ledger.plan import LedgerPlan
from gateway.processes.ledger_messages import Command

VIAS = frozenset({"page", "api", "opcua", "terminal"})
NAME_MAX, TEXT_MAX, ARGUMENTS_MAX = 100, 500, 20


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a command may be carried out, and the sentence for the one who asked."""

    accepted: bool
    sentence: str


def judge(command: Command, book: Book, plan: LedgerPlan) -> Answer:
    """Check a command against what is known now."""
    malformed = _malformed(command)
    if malformed:
        return Answer(accepted=False, sentence=malformed)
    rule = RULES.get(command.name)
    if rule is None:
        return Answer(accepted=False, sentence=f"{command.name}: unknown command; known are {', '.join(sorted(RULES))}")
    return rule(command, book, plan)


def clipped(command: Command) -> Command:
    """Cut a command to what the audit trail will hold of it, however it was made."""

    def cut(text: object, most: int) -> str:
        # A lone surrogate cannot be stored as UTF-8.
        return str(text)[:most].encode("utf-8", "replace").decode("utf-8")

    arguments = {
        cut(key, NAME_MAX): cut(value, TEXT_MAX) for key, value in list(command.arguments.items())[:ARGUMENTS_MAX]
    }
    return Command(
        cut(command.name, NAME_MAX),
        cut(command.target, NAME_MAX),
        cut(command.who, NAME_MAX),
        cut(command.via, NAME_MAX),
        arguments,
        cut(command.id, NAME_MAX),
    )


def _malformed(command: Command) -> str:
    if not command.who.strip():
        return f"{command.name}: nobody's name stands on it; say who asks"
    if command.via not in VIAS:
        return f"{command.name}: came by {command.via!r}; wanted one of {', '.join(sorted(VIAS))}"
    return ""


def _acknowledge(command: Command, book: Book, _: LedgerPlan) -> Answer:
    incident = book.incidents.get(command.target)
    if incident is None:
        return Answer(accepted=False, sentence=f"acknowledge: no open incident {command.target!r}")
    if incident.acknowledged_by is not None:
        sentence = f"acknowledge: {incident.acknowledged_by} has acknowledged incident {incident.id} already"
        return Answer(accepted=False, sentence=sentence)
    return Answer(accepted=True, sentence=f"incident {incident.id} acknowledged by {command.who}")


def _maintenance_done(command: Command, _: Book, plan: LedgerPlan) -> Answer:
    entry = plan.entry(command.target)
    if entry is None:
        return Answer(accepted=False, sentence=f"maintenance-done: {plan.no_station(command.target)}")
    if not entry.asset:
        return Answer(accepted=False, sentence=f"maintenance-done: station {command.target} watches no machine")
    return Answer(accepted=True, sentence=f"{command.target}: maintenance done; its normal sound is learned anew")


def _accept_sound(command: Command, _: Book, plan: LedgerPlan) -> Answer:
    if plan.entry(command.target) is None:
        return Answer(accepted=False, sentence=f"accept-sound: {plan.no_station(command.target)}")
    return Answer(accepted=True, sentence=f"{command.target}: what its microphone hears now is learned as normal")


def _order(command: Command, book: Book, plan: LedgerPlan) -> Answer:
    incident = book.incidents.get(command.target)
    if incident is None or incident.ended_at is not None:
        return Answer(accepted=False, sentence=f"order: no open incident {command.target!r}")
    if not plan.routed.get(incident.station):
        return Answer(accepted=False, sentence=f"order: the site file names no CMMS for station {incident.station}")
    if resting := quiet_rules.resting(book, incident):
        return Answer(accepted=False, sentence=f"order: {resting}; end that first")
    link = book.orders.get(incident.id)
    if link is not None and link.fate not in {Fate.WITHHELD, Fate.REJECTED}:
        return Answer(accepted=False, sentence=f"order: incident {incident.id} has one: {link.number or 'queued'}")
    return Answer(accepted=True, sentence=f"order for incident {incident.id} queued, asked for by {command.who}")


def _quiet(command: Command, book: Book, plan: LedgerPlan) -> Answer:
    asked = quiet.judge(command, book, plan)
    return Answer(asked.accepted, asked.sentence)


def _well_formed(command: Command, _: Book, __: LedgerPlan) -> Answer:
    """Let through what `gateway.ledger.labelling` judges by the store."""
    return Answer(accepted=True, sentence="")


RULES: Mapping[str, Callable[[Command, Book, LedgerPlan], Answer]] = {
    "acknowledge": _acknowledge,
    "maintenance-done": _maintenance_done,
    "accept-sound": _accept_sound,
    "order": _order,
    "label": _well_formed,
    "listen": _well_formed,
    "propose": _well_formed,
    "activate": _well_formed,
    **dict.fromkeys(quiet.NAMES, _quiet),
}
