"""One station behind a link: its table is stepped, and what the table asks for is done or set out to be sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.handshake import events, masters
from gateway.handshake.masters import Check
from gateway.handshake.parts import next_due
from gateway.handshake.state import Part, StationRules, begin
from gateway.handshake.table import step
from gateway.handshake.tally import Tally
from gateway.handshake.wire import Request
from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import EventRecord, PartRecord
from gateway.processes.messages import Abandon, Judged, RecipeView, StartCapture
from gateway.processes.snapshot import PartView

MASTER_CHECK = "MasterCheck"  #: the alarm that stands while a station waits for its master parts


class Jobs(Protocol):
    """Where captures are ordered; neither call may block."""

    def start(self, order: StartCapture) -> None:
        """Have the sound of a part recorded and judged."""
        ...

    def abandon(self, order: Abandon) -> None:
        """Say that nobody waits for it any more."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What a station acts on.

    Parameters
    ----------
    clock
        The link's.
    jobs
        Where captures are ordered.
    sink
        Takes records; must not block.
    put
        Sets a request of a station out to be sent; only while the link is up.
    """

    clock: Clock
    jobs: Jobs
    sink: Callable[[PartRecord | EventRecord], None]
    put: Callable[[str, Request], None]

    def say(self, where: str, kind: str, sentence: str, level: str = "info") -> None:
        """Put what happened on record."""
        self.sink(EventRecord(self.clock.wall().isoformat(timespec="milliseconds"), where, kind, sentence, level))


class Station:
    """What a link holds of one station.

    Parameters
    ----------
    rules
        Of the station.
    boot_id
        The first GwBootId.
    outside
        What it acts on.
    """

    def __init__(self, rules: StationRules, boot_id: int, outside: Outside) -> None:
        self.name = rules.station
        self.state = begin(rules, boot_id)
        self.tally = Tally(rules)
        self._outside = outside
        self._recipes: Mapping[int, RecipeView] = {}
        self._deaf = False
        self._check = Check(rules.masters) if rules.masters is not None else None
        if self._check is not None:
            self.tally.alarms[MASTER_CHECK] = self._check.sentence

    # ---- what it is told -------------------------------------------------------------------------------------------

    def feed(self, event: events.Event) -> None:
        """Step the table and carry out, or set out to be sent, what it asks for."""
        self.state, actions = step(self.state, event, self._outside.clock.now())
        for action in actions:
            self._act(action)
        for action in actions:  # afterwards: what a master part changes is an event of its own
            if isinstance(action, events.Record) and self._check is not None:
                self._master(self._check, action.part)

    def judged(self, message: Judged) -> None:
        """Take a verdict."""
        if (event := self.tally.drift(message.drift)) is not None:
            self._outside.say(self.name, *event, "warning")
        self.feed(events.VerdictCame(message, self.tally.defect_code(message.verdict.defect)))

    def recipes(self, recipes: Mapping[int, RecipeView]) -> None:
        """Take the recipes it has, by PartType."""
        known = {kind: recipe.hash for kind, recipe in self._recipes.items()}
        changed = any(known.get(kind, recipe.hash) != recipe.hash for kind, recipe in recipes.items())
        self._recipes = dict(recipes)
        self.feed(self._readiness())
        if changed and self._check is not None:
            self._checked(masters.due(self._check, "a recipe was changed"))

    def ear(self, *, deaf: bool) -> None:
        """Take whether it hears nothing it could believe."""
        if deaf != self._deaf:
            self._deaf = deaf
            self.feed(self._readiness())

    def pass_time(self, before: float) -> None:
        """Step the table if a moment it waits for has come since `before`."""
        if next_due(self.state, before) <= self._outside.clock.now():
            self.feed(events.TimePassed())

    def mind_masters(self) -> None:
        """Lock the station where its check has run out."""
        if self._check is not None:
            now = self._outside.clock.now()
            idle = self.idle and now >= self.state.result_at + self.state.rules.hold_s
            self._checked(masters.minded(self._check, now, idle=idle))

    # ---- what is known of it ---------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether no part is open."""
        state = self.state
        return not (state.part or state.reading or state.answers or state.writing)

    def view(self, link: str, sentence: str) -> PartView:
        """Show it, for the snapshot."""
        return self.tally.view(self.state, link, sentence, self._recipes)

    @property
    def _locked(self) -> bool:
        """Whether master parts are waited for."""
        return self._check is not None and self._check.locked

    def _readiness(self) -> events.ReadyChanged:
        """Say what can be judged."""
        ready = frozenset(kind for kind, recipe in self._recipes.items() if not recipe.fault)
        return events.ReadyChanged(ready, frozenset(self._recipes) - ready, self._deaf, self._locked)

    # ---- actions ---------------------------------------------------------------------------------------------------

    def _act(self, action: events.Action) -> None:
        outside, tally = self._outside, self.tally
        match action:
            case StartCapture():
                outside.jobs.start(action)
            case Abandon():
                outside.jobs.abandon(action)
            case events.Record(part):
                outside.sink(tally.record(part, outside.clock))
            case events.Count(what, by):
                if (saying := tally.count(what, by, outside.clock.now())) is not None:
                    outside.say(self.name, *saying, "warning")
            case events.Raise(alarm, sentence):
                tally.alarms[alarm] = sentence
                outside.say(self.name, "alarm-raised", f"{alarm}: {sentence}", "error")
            case events.Clear(alarm):
                sentence = tally.alarms.pop(alarm)
                outside.say(self.name, "alarm-cleared", f"{alarm}: no longer: {sentence}")
            case _:
                outside.put(self.name, action)

    # ---- master parts ----------------------------------------------------------------------------------------------

    def _master(self, check: Check, part: Part) -> None:
        """Take what came of a part, if it is a master part that was judged."""
        if part.master and part.judged is not None:
            evaluation = part.judged.verdict.evaluation
            self._checked(masters.judged(check, part.part_id, evaluation, self._outside.clock.now()))

    def _checked(self, outcome: masters.Outcome) -> None:
        """Put the outcome of a check in force: lock or unlock, say it, alarm it."""
        before, (self._check, said) = self._locked, outcome
        for one in said:
            self._outside.say(self.name, one.kind, one.sentence, one.level)
        if self._check.locked:
            self.tally.alarms[MASTER_CHECK] = self._check.sentence
        else:
            self.tally.alarms.pop(MASTER_CHECK, None)
        if self._locked != before:
            self.feed(self._readiness())
