"""Measures once a minute how much people are rung."""

from datetime import timedelta

from gateway.processes.budget import Budget, flooded
from gateway.processes.clock import Clock
from gateway.store.alarm_load import busiest, loads, offenders
from gateway.store.database import Store

EVERY_S = 60.0
DAY = timedelta(days=1)
WORST = 5


class AlarmMeter:
    """Holds what was measured last.

    Parameters
    ----------
    store, clock
        Where rings are written down, what time it is.
    operators
        How many share what a channel rings.
    """

    def __init__(self, store: Store, clock: Clock, operators: int) -> None:
        self._store, self._clock, self._operators = store, clock, operators
        self._at = float("-inf")
        self._budget: Budget | None = None

    def look(self) -> Budget:
        """Measure where a minute has passed; gives what was measured last."""
        if self._budget is None or self._clock.now() - self._at >= EVERY_S:
            self._at = self._clock.now()
            self._budget = self._measure()
        return self._budget

    def _measure(self) -> Budget:
        now = self._clock.wall()
        with self._store.reading() as db:
            channel, rings = busiest(db, now)
            day = loads(db, now - DAY, now, self._operators)
            worst = offenders(db, now - DAY, WORST)
        rate = rings / self._operators
        flood = flooded(rate, before=self._budget is not None and self._budget.flood)
        return Budget(now.isoformat(), self._operators, channel, rate, flood, tuple(day), tuple(worst))
