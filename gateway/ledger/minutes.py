"""A machine's reports, about one a second, summarised to one row a minute."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from gateway.processes.condition import ConditionReport, WearView
from gateway.store.records import ConditionMinute

MINUTE_S = 60.0


@dataclass(slots=True)
class _Sum:
    began: float
    wall: str
    reports: int = 0
    running: list[bool] = field(default_factory=list)
    rpm: list[float] = field(default_factory=list)
    level: list[float] = field(default_factory=list)
    diagnosis: str = ""
    baseline: str = ""
    quality: set[str] = field(default_factory=set)
    bearing: str = ""
    wear: WearView | None = None
    indicators: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    named: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    covariates: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Minutes:
    """One open minute per machine, by the monotonic clock: a step of the wall clock neither splits nor repeats one."""

    def __init__(self) -> None:
        self._open: dict[str, _Sum] = {}

    def add(self, report: ConditionReport) -> list[ConditionMinute]:
        """Take in a report; gives the minute that it ended, if it ended one."""
        done = self.due(report.at, report.station)
        total = self._open.setdefault(report.station, _Sum(report.at, report.wall))
        total.reports += 1
        if report.running is not None:
            total.running.append(report.running)
        if report.rpm is not None:
            total.rpm.append(report.rpm)
        if report.level_over_baseline_db is not None:
            total.level.append(report.level_over_baseline_db)
        total.diagnosis, total.bearing = report.diagnosis.name, report.diagnosis.bearing
        total.baseline, total.wear = report.baseline, report.wear
        total.quality.update(report.quality)
        for into, found in ((total.indicators, report.indicators), (total.covariates, report.covariates)):
            for name, value in found.items():
                if isfinite(value):
                    into[name].append(value)
        for name, over in report.named.items():
            if over is not None and isfinite(over):
                total.named[name].append(over)
        return done

    def due(self, now: float, station: str | None = None) -> list[ConditionMinute]:
        """Close what is a minute old, of one station or of all."""
        old = [name for name, total in self._open.items() if now - total.began >= MINUTE_S and station in {None, name}]
        return [_summary(name, self._open.pop(name)) for name in old]

    def rest(self) -> list[ConditionMinute]:
        """Close everything, at the end."""
        return self.due(float("inf"))


def _summary(station: str, total: _Sum) -> ConditionMinute:
    return ConditionMinute(
        wall=total.wall,
        station=station,
        reports=total.reports,
        running=_mean([float(running) for running in total.running]),
        rpm=_mean(total.rpm),
        level_mean_db=_mean(total.level),
        level_max_db=max(total.level, default=None),
        diagnosis=total.diagnosis,
        baseline=total.baseline,
        quality=tuple(sorted(total.quality)),
        indicators=_means(total.indicators),
        bearing=total.bearing,
        named=_means(total.named),
        covariates=_means(total.covariates),
        wear=total.wear,
    )


def _means(found: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: sum(values) / len(values) for name, values in sorted(found.items())}


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
