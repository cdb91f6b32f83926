"""Every figure of the report, each with its interval, as plain numbers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.decision.agreement import Agreement, Trial, agreement_of
from analytics.decision.proportions import (
    Quantile,
    Share,
    Spread,
    at_most,
    needed,
    quantile_of,
    share_of,
    spread_within,
)
from analytics.decision.verdict import Evaluation
from analytics.quality.words import UNTRUSTED, Quality
from gateway.pilot.cases import Case, Gathered, is_late

_NO_CAUSE = {str(word) for word in (Quality.NO_CONTEXT, Quality.SPEECH, Quality.CLOCK_STEP)}
_DEAF = {str(word) for word in (*UNTRUSTED, Quality.GAP, Quality.CLIPPED, Quality.TOO_SHORT, Quality.SELF_TEST)}
_DEAF |= {str(Quality.DC), str(Quality.NOT_FINITE)}


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that was agreed on, and how far the parts prove it.

    Parameters
    ----------
    name, rate
        Which share, and what it may be at most.
    share
        What was seen.
    proven
        With 95 % confidence it is at most this (one-sided).
    more
        Further independent parts without an error that would prove `rate`; 0 where it is proven.
    """

    name: str
    rate: float
    share: Share
    proven: float
    more: int

    @property
    def word(self) -> str:
        """Say how it stands."""
        if self.share.n == 0:
            return "not tested"
        if self.proven <= self.rate:
            return "proven"
        return "not met" if self.share.low > self.rate else "not proven"


@dataclass(frozen=True, slots=True)
class Rates:
    """What became of bad and of good parts; the shares of each add up to one."""

    found: Share
    missed: Share
    bad_undecided: Share
    passed: Share
    false_rejects: Share
    good_undecided: Share


@dataclass(frozen=True, slots=True)
class Latency:
    """In milliseconds; `largest` is the largest seen, and at most `beyond` of all parts take longer (95 %)."""

    n: int
    median: Quantile
    p99: Quantile
    largest: float
    beyond: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them.

    Parameters
    ----------
    rates, alone
        By groups, and with every part counted by itself.
    groups
        Number of groups among bad parts, and among good ones.
    targets
        What was agreed on.
    by
        Column -> value -> rates of these parts.
    agreement
        The attribute study.
    repeats
        Spread of ln(score) when the same part is heard again; None where none was.
    latency, late
        None, and a share of nothing, where no part has a time.
    causes
        Quality word -> share of all parts that were NotDecidable with it.
    decided, ears
        Shares of all parts: decided; heard by ears that could be trusted.
    labelled
        Told verdict -> share of its parts that have a label.
    """

    rates: Rates
    alone: Rates
    groups: tuple[int, int]
    targets: tuple[Target, ...]
    by: dict[str, dict[str, Rates]]
    agreement: Agreement
    repeats: Spread | None
    latency: Latency | None
    late: Share
    causes: dict[str, Share]
    decided: Share
    ears: Share
    labelled: dict[str, Share]

    @property
    def chosen(self) -> bool:
        """Labels were given more often to some verdicts than to others: shares across verdicts cannot be told."""
        known = [share for share in self.labelled.values() if share.n]
        return any(one.low > other.high for one in known for other in known)


def figures_of(gathered: Gathered, columns: Sequence[str], targets: tuple[float, float]) -> Figures:
    """Work out everything.

    Parameters
    ----------
    gathered
        Parts and labels.
    columns
        Names of the columns rates are wanted by, as the labels carry them.
    targets
        Shares agreed on: missed defects, false rejects.
    """
    cases, heard = gathered.cases, gathered.heard
    rates = rates_of(cases)
    by = {
        name: {
            value: rates_of([case for case in cases if case.label.by[place] == value])
            for value in sorted({case.label.by[place] for case in cases})
        }
        for place, name in enumerate(columns)
    }
    return Figures(
        rates,
        rates_of(cases, alone=True),
        (_groups(cases, bad=True), _groups(cases, bad=False)),
        (
            _target("missed defects", targets[0], rates.missed),
            _target("false rejects", targets[1], rates.false_rejects),
        ),
        by,
        agreement_of([_trial(case) for case in cases]),
        _repeats(cases),
        _latency(heard),
        share_of([is_late(case) for case in heard]),
        _causes(heard),
        share_of([case.rejected is not None for case in heard]),
        share_of([not _DEAF & set(case.quality) for case in heard]),
        _labelled(heard),
    )


def rates_of(cases: Sequence[Case], *, alone: bool = False) -> Rates:
    """Count verdicts on bad and on good parts."""

    def share(bad: bool, word: bool | None) -> Share:
        chosen = [case for case in cases if case.label.bad is bad]
        return share_of([one.rejected is word for one in chosen], None if alone else [one.together for one in chosen])

    return Rates(
        share(True, True), share(True, False), share(True, None),
        share(False, False), share(False, True), share(False, None),
    )  # fmt: skip


def _groups(cases: Sequence[Case], *, bad: bool) -> int:
    return len({case.together for case in cases if case.label.bad is bad})


def _target(name: str, rate: float, share: Share) -> Target:
    events = (share.rate or 0.0) * share.effective
    proven = at_most(events, share.effective)
    more = 0 if proven <= rate else math.ceil(needed(events, rate) - share.effective)
    return Target(name, rate, share, proven, more)


def _trial(case: Case) -> Trial:
    return Trial(case.label.part, case.label.bad, case.rejected, case.label.appraiser, case.label.group)


def _repeats(cases: Sequence[Case]) -> Spread | None:
    of_part: dict[tuple[str, str], list[float]] = {}
    for case in cases:
        if case.score is not None and case.score > 0:
            of_part.setdefault((case.label.part, case.label.appraiser), []).append(math.log(case.score))
    return spread_within(list(of_part.values()))


def _latency(heard: Sequence[Case]) -> Latency | None:
    values = np.array([case.latency_ms for case in heard if case.latency_ms is not None], np.float64)
    if not len(values):
        return None
    return Latency(
        len(values), quantile_of(values, 0.5), quantile_of(values, 0.99), float(values.max()), at_most(0, len(values))
    )


def _causes(heard: Sequence[Case]) -> dict[str, Share]:
    words = [_words(case) if case.rejected is None else () for case in heard]
    found = {word for row in words for word in row}
    shares = {word: share_of([word in row for row in words]) for word in found}
    return dict(sorted(shares.items(), key=lambda item: -item[1].events))


def _words(case: Case) -> tuple[str, ...]:
    return tuple(word for word in case.quality if word not in _NO_CAUSE) or ("no cause was kept",)


def _labelled(heard: Iterable[Case]) -> dict[str, Share]:
    told: dict[Evaluation, list[bool]] = {}
    for case in heard:
        told.setdefault(case.evaluation, []).append(bool(case.label.name))
    return {word.word: share_of(labels) for word, labels in sorted(told.items())}
