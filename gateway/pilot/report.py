"""The report: one HTML file that needs nothing else, and the same figures as JSON."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analytics.decision.proportions import Quantile, Share, at_most, needed
from gateway.pilot.cases import Case, Gathered
from gateway.pilot.drawing import histogram_of, ruler_of
from gateway.pilot.evidence import Shown
from gateway.pilot.figures import Figures
from gateway.pilot.payback import INPUTS, SEEN, SHARES, Payback

_RULE_OF_THREE = (0.10, 0.05, 0.02, 0.01, 0.005, 0.001)


@dataclass(frozen=True, slots=True)
class Study:
    """What the report is about.

    Parameters
    ----------
    title, made_at
        Of the report; the time as ISO 8601, UTC.
    of
        The store or the folder, as it was named.
    live
        Parts of a line; else recordings judged afterwards.
    labels, labels_sha256
        The table of labels.
    hashes
        Title of a recipe -> hash of the version; empty where it is not known.
    units
        What the groups are, in the words of their columns; empty where every part stands alone.
    """

    title: str
    made_at: str
    of: str
    live: bool
    labels: str
    labels_sha256: str
    hashes: Mapping[str, str]
    units: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The parts that went wrong, and how many there are in all."""

    missed: tuple[Shown, ...]
    missed_in_all: int
    rejects: tuple[Shown, ...]
    rejects_in_all: int


def html_of(study: Study, gathered: Gathered, figures: Figures, payback: Payback | None, wrong: Wrong) -> str:
    """Write the report."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "share": share_words, "ms": quantile_words, "money": money}
    rulers = [ruler_of(t.share.low, t.share.rate, t.share.high, t.rate) for t in figures.targets]
    return environment.get_template("report.html").render(
        study=study,
        gathered=gathered,
        figures=figures,
        payback=payback,
        wrong=wrong,
        histogram=histogram_of(gathered.cases),
        targets=list(zip(figures.targets, rulers, strict=True)),
        three=[(rate, needed(0, rate), needed(1, rate)) for rate in _RULE_OF_THREE],
        inputs=INPUTS,
        graded=graded,
        none_of=lambda n: at_most(0, n),
        exp=math.exp,
        number=number,
        version=version("wheeltapper"),
    )


def percent(rate: float | None) -> str:
    """Give a share in percent, with as many digits as it deserves."""
    if rate is None:
        return "-"
    value = 100 * rate
    if value == 0 or value == 100:
        return f"{value:.0f} %"
    return f"{value:.2f} %" if value < 1 else f"{value:.1f} %"


def share_words(share: Share) -> str:
    """Give a share with its bounds and counts."""
    if not share.n:
        return "not tested (0 parts)"
    return f"{percent(share.rate)} ({percent(share.low)} to {percent(share.high)}; {share.events} of {share.n})"


def quantile_words(quantile: Quantile) -> str:
    """Give a time with its bounds."""
    low = "no lower bound" if quantile.low is None else f"{quantile.low:.1f}"
    high = "no upper bound: too few parts" if quantile.high is None else f"{quantile.high:.1f}"
    return f"{quantile.value:.1f} ms ({low} to {high})"


def graded(share: Share, good: float, marginal: float) -> str:
    """Hold a share against the bounds of AIAG's table: the word of the table, and whether the parts prove it.

    `good` above `marginal` means that more is better.
    """
    if share.rate is None:
        return "not tested"
    sign = 1 if good > marginal else -1
    rate, worst = sign * share.rate, sign * (share.low if sign > 0 else share.high)
    if rate < sign * marginal:
        return "not acceptable"
    word, bound = ("acceptable", good) if rate >= sign * good else ("marginal", marginal)
    return f"{word}, {'proven' if worst >= sign * bound else 'not proven'}"


def number(name: str, value: float) -> str:
    """Give an input of the payback as people write it: a share in percent, an amount whole where it is large."""
    if name in SHARES or name in SEEN:
        return percent(value)
    return money(value) if value >= 100 or value == int(value) else f"{value:g}"


def money(value: float) -> str:
    """Give an amount, whole, in thousands set apart by a narrow blank."""
    return f"{value:,.0f}".replace(",", "\u202f").replace("-", "\u2212")


def json_of(study: Study, gathered: Gathered, figures: Figures, payback: Payback | None) -> dict[str, Any]:
    """Give the same figures for programs."""
    plain: dict[str, Any] = asdict(figures)
    told = asdict(study)
    told["hashes"] = dict(study.hashes)
    plain["targets"] = [asdict(one) | {"word": one.word} for one in figures.targets]
    return {
        "study": told,
        "recipes": list(gathered.recipes),
        "left_out_taught": list(gathered.taught),
        "labels_without_part": list(gathered.unknown),
        "taught_not_known": list(gathered.unchecked),
        "heard_without_verdict": gathered.unjudged,
        "figures": _with_rates(plain),
        "labels_chosen_by_verdict": figures.chosen,
        "payback": None if payback is None else asdict(payback),
        "parts": [_part(case) for case in gathered.cases],
    }


def _with_rates(value: Any) -> Any:  # noqa: ANN401  # walks JSON
    """Put the share itself beside its counts."""
    if isinstance(value, dict):
        plain = {name: _with_rates(one) for name, one in value.items()}
        if {"events", "n", "effective"} <= plain.keys():
            plain["rate"] = plain["events"] / plain["n"] if plain["n"] else None
        return plain
    return [_with_rates(one) for one in value] if isinstance(value, list | tuple) else value


def _part(case: Case) -> dict[str, Any]:
    return {
        "name": case.label.name,
        "label": case.label.label,
        "bad": case.label.bad,
        "group": case.label.group,
        "verdict": case.evaluation.word,
        "score": case.score,
        "defect": case.defect,
        "reason": case.reason,
        "quality": list(case.quality),
        "latency_ms": case.latency_ms,
    }
