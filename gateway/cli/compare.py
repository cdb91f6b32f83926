"""`wheeltapper compare`: which detector tells these bad parts from these good ones, and at what price."""

import pickle
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from analytics.decision.limits import scores_needed
from analytics.features.log_mel import Level, Profile
from gateway.audio.files import SoundFileError
from gateway.cli.output import emit, progress, say
from gateway.cli.recordings import Spread, found_in, parts_of, read_all
from gateway.cli.teach import ProfileChoice
from models.autoencoder import OnnxScorer, onnx_of
from models.comparison import LOUDER_DB, TILT_DB, Compared, Parts, Ranking, compare, listen
from models.detectors import KINDS
from models.report import percent
from models.taught import TeachSettings

DEFAULT = "mahalanobis"
_TIMED_S = 0.2  #: spent on timing each score, at most
_TIMED_MOST = 300
_HEAD = (
    f"{'detector':<28}{'AUC':>7}{'pAUC':>7}{'caught':>8}{'time us':>9}{'memory kB':>11}{'model kB':>10}"
    f"{'drift +3 dB':>12}{'tilt':>7}"
)

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@command.command(cls=Spread)
def compare_detectors(
    good: Annotated[
        list[Path],
        typer.Option(metavar="PATH...", help="Recordings of good parts, or folders; a sub-folder is a group."),
    ],
    bad: Annotated[list[Path], typer.Option(metavar="PATH...", help="Recordings of bad parts, or folders.")],
    profile: Annotated[
        ProfileChoice, typer.Option(help="Struck, running, or told from the sound.")
    ] = ProfileChoice.AUTO,
    level: Annotated[Level, typer.Option(help="Does loudness count? Only where the gain is fixed.")] = Level.ABSOLUTE,
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    length: Annotated[float | None, typer.Option(min=0.005, max=60.0, help="Seconds of a part to listen to.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    surroundings: Annotated[
        bool, typer.Option("--surroundings", help="Each file holds 100 ms before and after its part.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Compare detectors on good and bad parts, each beside the library it comes from.

    Good parts are scored by fits that had not seen them or their group; bad parts are used for figures alone. Nothing
    is chosen by it: a recipe keeps the fixed default, since no detector is best everywhere.

    wheeltapper compare --good good/ --bad cracked/
    """
    found = [*found_in(good, [], []), *((one, "bad") for one, _ in found_in(bad, [], []))]
    settings = TeachSettings(None if profile is ProfileChoice.AUTO else Profile(profile.value), level, length_s=length)
    with progress() as step:
        recordings = read_all([one for one, _ in found], rate, step)
        parts = listen(parts_of(found, recordings, channel, surroundings), settings, step)
        if not len(parts.bad):
            raise SoundFileError("--bad: no recording that is not among the good ones; wanted one bad part at least")
        compared = _single_threaded(parts, step)
        rows = [row for name, one in compared.items() for row in _rows(name, one, parts.good)]
    if as_json:
        emit(_record(parts, rows))
        return
    for line in _lines(parts, rows):
        say(line)


def _single_threaded(parts: Parts, step: Callable[[int, int, str], None]) -> dict[str, Compared]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none; comes with scikit-learn

    with threadpool_limits(1):
        return compare(parts, step)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a detector of ours, or below it another that runs the same."""

    name: str
    of: str  #: the detector of ours it stands below; empty for ours
    ranking: Ranking | None
    time_us: float
    memory_kb: float
    model_kb: float
    drift: Mapping[str, float]


def _rows(name: str, one: Compared, rows: NDArray[np.float32]) -> list[Row]:
    detector = one.fit.detector
    made = [Row(name, "", one.ours, _time_us(detector.score, rows), *_weigh(detector, rows[:1]), one.drift)]
    if one.fit.score is not None:
        weight = _weigh(one.fit.model, rows[:1], one.fit.score)
        made.append(Row(KINDS[name].library, name, one.library, _time_us(one.fit.score, rows), *weight, {}))
    if name == "autoencoder":
        content = onnx_of(detector)  # type: ignore[arg-type]  # of this name it is one
        scorer = OnnxScorer(content)
        size = len(content) / 1000
        made.append(Row("ONNX Runtime", name, None, _time_us(scorer.score, rows), size, size, {}))
    return made


def _time_us(score: Callable[[NDArray[np.float32]], object], rows: NDArray[np.float32]) -> float:
    """Median time of one score of one row, microseconds."""
    score(rows[:1])  # what is made once is made now
    spent: list[float] = []
    for index in range(_TIMED_MOST):
        row = rows[index % len(rows)][None]
        begin = time.perf_counter()
        score(row)
        spent.append(time.perf_counter() - begin)
        if sum(spent) > _TIMED_S:
            break
    return float(np.median(spent)) * 1e6


def _weigh(
    model: Any,  # noqa: ANN401  # ours or the library's
    row: NDArray[np.float32],
    score: Callable[[NDArray[np.float32]], object] | None = None,
) -> tuple[float, float]:
    """Most memory allocated to load it and score one row, and its size on disk, kB.

    Both as Python's own pickle has it, ours and the library's alike.
    """
    content = pickle.dumps(model)
    tracemalloc.start()
    loaded = pickle.loads(content)  # noqa: S301  # our own, from a line above
    (score or loaded.score)(row)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1000, len(content) / 1000


def _lines(parts: Parts, rows: list[Row]) -> list[str]:
    lines = [*_said(parts), "", _HEAD]
    lines += [_line(row) for row in rows]
    lines += ["", "what a person can learn from a score:"]
    lines += [f"  {name:<18}{kind.explains}" for name, kind in KINDS.items()]
    lines += [
        "",
        "* what recipes rest on.  pAUC: to 10 % false rejects, 0.5 is chance.",
        "caught: share of the bad, at 1 % false rejects.  time: one window's numbers to its score.",
        "memory: to load it and score one window.",
        f"drift: how far good parts move to the limit, in their spreads: {LOUDER_DB:g} dB louder, "
        f"treble {TILT_DB:g} dB a decade up.",
    ]
    return lines


def _said(parts: Parts) -> list[str]:
    """Say what was compared, and what so many parts prove."""
    n, m, groups = len(parts.good), len(parts.bad), len(set(parts.groups))
    units = groups if groups > 1 else n
    proven = 1 - 0.05 ** (1 / units)  # of the largest of so many scores; analytics/decision/limits.py
    split = f"{groups} groups, each left out whole" if groups > 1 else "one group: parts left out, ten folds"
    front = parts.front_end
    return [
        f"{n} good and {m} bad parts; {split}",
        f"{front.profile}, {front.length_s:.3g} s at {front.rate} samples a second, level {front.level}",
        f"{units} {'groups' if groups > 1 else 'good parts'} prove {percent(proven)} false rejects at best "
        f"(95 % sure; {scores_needed(0.01)} prove 1 %)",
        f"{m} bad parts: a share caught is known to +-{98 / m**0.5:.0f} points",
    ]


def _line(row: Row) -> str:
    name = f"  {row.name}" if row.of else f"{row.name}{' *' if row.name == DEFAULT else ''}"
    found = row.ranking
    figures = f"{found.auc:>7.4f}{found.partial_auc:>7.3f}{100 * found.caught:>6.0f} %" if found else f"{'':>14}{'':>8}"
    drift = "".join(f"{row.drift[kind]:>z{width}.1f}" for kind, width in (("louder", 12), ("tilted", 7)) if row.drift)
    return f"{name:<28}{figures}{row.time_us:>9.0f}{row.memory_kb:>11.0f}{row.model_kb:>10.0f}{drift}".rstrip()


def _record(parts: Parts, rows: list[Row]) -> dict[str, Any]:
    return {
        "good": len(parts.good),
        "bad": len(parts.bad),
        "groups": len(set(parts.groups)),
        "said": _said(parts),
        "front_end": asdict(parts.front_end),
        "default": DEFAULT,
        "detectors": [
            {**asdict(row), "explains": KINDS[row.of or row.name].explains, "drift": dict(row.drift)} for row in rows
        ],
    }
