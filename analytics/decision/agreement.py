"""Attribute agreement: how often a station agrees with the truth and with itself (AIAG, Measurement Systems Analysis).

A trial is one verdict on one part. A part may have many: the same part heard again, by another shift or station.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analytics.decision.proportions import CONFIDENCE, Share, share_of


@dataclass(frozen=True, slots=True)
class Trial:
    """One verdict on one part.

    Parameters
    ----------
    part
        Which part; trials of the same part share it.
    bad
        The truth.
    rejected
        What the station said: True NotOK, False OK, None NotDecidable.
    appraiser
        Who judged: a station, a shift, a microphone; empty where only one did.
    group
        What the part is a copy of; empty where it stands alone.
    """

    part: str
    bad: bool
    rejected: bool | None
    appraiser: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance between its bounds, -1..1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """What an attribute study says.

    Parameters
    ----------
    effectiveness
        Of all parts: every trial says the truth.
    missed
        Of the trials on bad parts: OK.
    false_alarms
        Of the trials on good parts: NotOK.
    repeatable
        Of the parts that one appraiser judged twice or more: always the same; None where there is none.
    reproducible
        Of the parts that two or more appraisers judged: all said the same; None where there is none.
    kappa
        Against the truth, over decided trials; None where they hold no bad or no good part.
    """

    effectiveness: Share
    missed: Share
    false_alarms: Share
    repeatable: Share | None
    reproducible: Share | None
    kappa: Kappa | None


def agreement_of(trials: Sequence[Trial], confidence: float = CONFIDENCE) -> Agreement:
    """Weigh a study; trials of one part, or of one group, count as one."""
    of_part: dict[str, list[Trial]] = {}
    for trial in trials:
        of_part.setdefault(trial.part, []).append(trial)
    bads = [trial for trial in trials if trial.bad]
    goods = [trial for trial in trials if not trial.bad]
    true = [all(one.rejected is one.bad for one in heard) for heard in of_part.values()]
    return Agreement(
        share_of(true, [_together(heard[0]) for heard in of_part.values()], confidence),
        share_of([one.rejected is False for one in bads], [_together(one) for one in bads], confidence),
        share_of([one.rejected is True for one in goods], [_together(one) for one in goods], confidence),
        _same(of_part.values(), by_appraiser=False, confidence=confidence),
        _same(of_part.values(), by_appraiser=True, confidence=confidence),
        kappa_of(trials, confidence),
    )


def _together(trial: Trial) -> str:
    return f"group {trial.group}" if trial.group else f"part {trial.part}"


def _same(parts: Iterable[list[Trial]], *, by_appraiser: bool, confidence: float) -> Share | None:
    agreed, groups = [], []
    for heard in parts:
        said: dict[str, list[bool | None]] = {}
        for trial in heard:
            said.setdefault(trial.appraiser, []).append(trial.rejected)
        if by_appraiser:
            rows = [[word for words in said.values() for word in words]] if len(said) > 1 else []
        else:
            rows = [words for words in said.values() if len(words) > 1]
        if rows:
            agreed.append(all(len(set(row)) == 1 for row in rows))
            groups.append(_together(heard[0]))
    return share_of(agreed, groups, confidence) if agreed else None


def kappa_of(trials: Sequence[Trial], confidence: float = CONFIDENCE) -> Kappa | None:
    """Compare with the truth beyond chance (Cohen 1960, Educational and Psychological Measurement 20:37).

    The bounds: with the share of bad parts in the study given, kappa rises with the share of bads rejected and of goods
    passed. Each of the two is bounded exactly at half the error (Bonferroni), so that the bounds hold at least as
    often as they say, and a study without any error is not told to be certain.
    """
    decided = [trial for trial in trials if trial.rejected is not None]
    bads, goods = ([one for one in decided if one.bad is bad] for bad in (True, False))
    if not bads or not goods:
        return None
    prevalence = len(bads) / len(decided)
    each = 1 - (1 - confidence) / 2
    found = share_of([bool(one.rejected) for one in bads], [_together(one) for one in bads], each)
    passed = share_of([not one.rejected for one in goods], [_together(one) for one in goods], each)
    assert found.rate is not None
    assert passed.rate is not None
    return Kappa(
        _kappa(found.rate, passed.rate, prevalence),
        _kappa(found.low, passed.low, prevalence),
        _kappa(found.high, passed.high, prevalence),
    )


def _kappa(found: float, passed: float, prevalence: float) -> float:
    observed = prevalence * found + (1 - prevalence) * passed
    rejected = prevalence * found + (1 - prevalence) * (1 - passed)
    chance = prevalence * rejected + (1 - prevalence) * (1 - rejected)
    return (observed - chance) / (1 - chance)
