"""What the plant's plain tags say of machines, gathered over all PLCs."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.plc.port import PlantValue
from gateway.newest import StationFacts
from gateway.processes.messages import PlantState


class Plant:
    """The newest value of every tag: those of one machine may lie in two PLCs.

    Parameters
    ----------
    stations
        Facts of every station, its tags among them.
    """

    def __init__(self, stations: Sequence[StationFacts]) -> None:
        self._stations = tuple(stations)
        self._values: dict[str, PlantValue] = {}

    def take(self, values: Mapping[str, PlantValue], now: float) -> Iterator[PlantState]:
        """Take what one PLC said; gives what each machine that it speaks of is to be told."""
        self._values.update(values)
        for facts in self._stations:
            own = (facts.rpm_value, facts.running_value, *facts.covariate_values.values())
            if not any(key in values for key in own):
                continue
            rpm, running, *beside = (None if (said := self._values.get(key)) is None else said.value for key in own)
            runs = None if running is None else bool(running)
            covariates = dict(zip(facts.covariate_values, beside, strict=True))
            yield PlantState(facts.name, now, runs, rpm, covariates)
