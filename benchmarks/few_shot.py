"""Names from a few examples, and how sure they are: `models.naming` and `models.sound_kinds` beside scikit-learn.

One fixed setting. `bldc`: one speed left out; `noise`: one fold left out. Writes its section of docs/accuracy.md.
Run: ``python -m benchmarks.few_shot``; embeddings that are not there are skipped aloud.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none

from analytics.decision.judge import features_of
from analytics.decision.model import FrontEnd
from analytics.features.log_mel import Level, Profile
from analytics.few_shot.prototypes import Prototypes
from analytics.few_shot.sound_kinds import SoundKinds
from benchmarks.accuracy import DATA, Clip, auc, clips_of, write_figures
from models.embedding import ModelError, load_embedding
from models.naming import Shots, learn_names
from models.sound_kinds import Example, Taught, lines_between, unit
from models.teach import fit_mahalanobis

DRAWS = 6
UNKNOWN_KINDS = 5  #: of 25, left out whole; each in turn
EMBEDDINGS = ("student", "aisfx", "log-mel")
BINS = ((0.0, 0.5), (0.5, 0.8), (0.8, 1.0))

Numbers = NDArray[np.float64]
Rows = NDArray[np.float32]


def drawn(random: np.random.Generator, rows: NDArray[np.intp], labels: NDArray[np.str_], k: int) -> NDArray[np.intp]:
    """Draw at most k rows of each label."""
    return np.concatenate([random.permutation(rows[labels[rows] == one])[:k] for one in np.unique(labels[rows])])


def balanced(said: Sequence[str], right: NDArray[np.str_]) -> float:
    """Share named rightly, each class weighing alike."""
    hits = np.array(said) == right
    return float(np.mean([hits[right == one].mean() for one in np.unique(right)]))


def reliability(sure: Sequence[float], right: Sequence[bool]) -> str:
    """Say how often names of about this confidence were right."""
    said, hit = np.array(sure), np.array(right)
    cells = []
    for low, high in BINS:
        mine = (said > low) & (said <= high)
        cells.append(f"{said[mine].mean():.2f}: {hit[mine].mean():.2f} ({mine.sum()})" if mine.any() else "-")
    return " | ".join(cells)


def motor_rows() -> tuple[Rows, NDArray[np.str_], NDArray[np.str_]]:
    """Return features, group and speed of each clip of `bldc`, all at 16 kHz."""
    front_end = FrontEnd(Profile.STEADY, Level.ABSOLUTE, 16_000, 1.9)
    rows, groups, speeds = [], [], []
    for clip in clips_of("bldc"):
        capture = clip.capture
        if capture.rate != front_end.rate:
            samples = resample_poly(capture.samples, front_end.rate, capture.rate).astype(np.float32)
            capture = replace(capture, samples=samples, rate=front_end.rate, stop=len(samples))
        rows.append(features_of(capture, front_end))
        groups.append(f"{clip.row['label']} {clip.row['motor']}")
        speeds.append(clip.row["speed"])
    return np.array(rows), np.array(groups), np.array(speeds)


def motors() -> Iterator[str]:
    """Five groups of motors, a speed nobody taught; open set: each group in turn is the unknown one."""
    rows, groups, speeds = motor_rows()
    yield (
        "### bldc: five groups by their names, one speed left out (balanced accuracy; open: AUC, one group unknown)\n\n"
        "| examples | **wheeltapper** | open | scikit-learn 1-NN, scaled | NearestCentroid, scaled "
        "| right, of names said with confidence to 0.5 | 0.5 to 0.8 | over 0.8 |\n|--:|--:|--:|--:|--:|--|--|--|\n"
    )
    for k in (1, 3, 5, 10):
        found: dict[str, list[float]] = {name: [] for name in ("ours", "nearest", "centroid", "open")}
        sure: list[float] = []
        right: list[bool] = []
        for speed in sorted(set(speeds.tolist())):
            asked, rest = np.flatnonzero(speeds == speed), np.flatnonzero(speeds != speed)
            for seed in range(DRAWS):
                taught = drawn(np.random.default_rng(seed), rest, groups, k)
                namer = named_motors(rows, (groups, speeds), rest, taught)
                named = [namer.recognise(row) for row in rows[asked]]
                evidence = namer.evidence(rows[asked])[:, :-1]
                found["ours"].append(balanced([namer.names[i] for i in evidence.argmax(axis=1)], groups[asked]))
                if namer.certainty is not None:
                    sure += [one.confidence for one in named if one.confidence is not None]
                    right += [one.name == group for one, group in zip(named, groups[asked], strict=True)]
                for name, peer in (("nearest", KNeighborsClassifier(1)), ("centroid", NearestCentroid())):
                    fitted = make_pipeline(StandardScaler(), peer).fit(rows[taught], groups[taught])
                    found[name].append(balanced(fitted.predict(rows[asked]), groups[asked]))
            found["open"].append(open_motors(rows, (groups, speeds), rest, asked, k))
        ours, nearest, centroid, open_ = (float(np.nanmean(found[key])) for key in found)
        yield (
            f"| {k} | **{ours:.3f}** | {open_:.3f} | {nearest:.3f} | {centroid:.3f} "
            f"| {reliability(sure, right) if sure else '- | - | -'} |\n"
        )


def named_motors(
    rows: Rows, of: tuple[NDArray[np.str_], NDArray[np.str_]], rest: NDArray[np.intp], taught: NDArray[np.intp]
) -> Prototypes:
    """Learn names from the rows taught, a speed being a take.

    Goods are all healthy clips among the rest, each around the centre of its own motor.
    """
    groups, speeds = of
    healthy = [rest[groups[rest] == one] for one in np.unique(groups[rest]) if one.startswith("healthy")]
    own = [rows[index] - rows[index].mean(axis=0) for index in healthy]
    centre = np.mean([rows[index].mean(axis=0) for index in healthy], axis=0)
    shots = {}
    for name in np.unique(groups[taught]):
        mine = taught[groups[taught] == name]
        shots[str(name)] = Shots(rows[mine], tuple(map(str, mine)), tuple(speeds[mine].tolist()))
    return learn_names((np.concatenate(own) + centre).astype(np.float32), shots, fit_mahalanobis)[0]


def open_motors(
    rows: Rows,
    of: tuple[NDArray[np.str_], NDArray[np.str_]],
    rest: NDArray[np.intp],
    asked: NDArray[np.intp],
    k: int,
) -> float:
    """Tell sounds of a group nobody taught from the others, each faulty group in turn: AUC."""
    groups, speeds = of
    found = []
    for unknown in np.unique(groups):
        strange = groups[asked] == unknown
        if unknown.startswith("healthy") or not strange.any() or strange.all():
            continue
        for seed in range(DRAWS):  # one draw alone moves the figure by 0.03
            taught = drawn(np.random.default_rng(seed), rest[groups[rest] != unknown], groups, k)
            nearest = -named_motors(rows, (groups, speeds), rest, taught).evidence(rows[asked])[:, :-1].max(axis=1)
            found.append(auc(nearest[~strange], nearest[strange]))
    return float(np.mean(found)) if found else float("nan")


def vectors_of(name: str, clips: Sequence[Clip]) -> Rows:
    """Embed whole clips; "log-mel" needs no model."""
    if name == "log-mel":
        return np.array([features_of(clip.capture, whole(clip)) for clip in clips])
    embedding = load_embedding(name)
    return np.array([embedding.embed(clip.capture.samples, clip.capture.rate) for clip in clips])


def whole(clip: Clip) -> FrontEnd:
    """Hear all of a clip, loudness left out."""
    return FrontEnd(Profile.STEADY, Level.NORMALISED, clip.capture.rate, len(clip.capture.samples) / clip.capture.rate)


def kinds() -> Iterator[str]:
    """25 kinds of sound, a fold nobody taught; open set: five kinds unknown, every kind in turn."""
    clips = clips_of("noise")
    labels = np.array([clip.row["label"] for clip in clips])
    folds = np.array([clip.row["fold"] for clip in clips])
    yield (
        "\n### noise: 25 kinds by their names, one fold left out (balanced accuracy; open: AUC, five kinds unknown)\n\n"
        "| embedding | examples | **wheeltapper** | open, mean of 5 sets of kinds (least) "
        "| scikit-learn 1-NN, scaled | NearestCentroid, scaled |\n|--|--:|--:|--:|--:|--:|\n"
    )
    for name in EMBEDDINGS:
        try:
            vectors = vectors_of(name, clips)
        except ModelError as fault:
            print(f"skipped {name}: {fault}")
            continue
        for k in (1, 5, 99):
            yield kind_row(name, vectors, labels, folds, k)


def kind_row(name: str, vectors: Rows, labels: NDArray[np.str_], folds: NDArray[np.str_], k: int) -> str:
    """Format one row of the table of kinds."""
    found: dict[str, list[float]] = {key: [] for key in ("ours", "nearest", "centroid")}
    for fold in sorted(set(folds.tolist())):
        asked, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        for seed in range(1 if k > 90 else DRAWS):
            taught = drawn(np.random.default_rng(seed), rest, labels, k)
            kinds = told_apart(vectors, labels, taught)
            clearest = kinds.clear(unit(vectors[asked])).argmax(axis=1)
            found["ours"].append(balanced([kinds.names[i] for i in clearest], labels[asked]))
            for key, peer in (("nearest", KNeighborsClassifier(1)), ("centroid", NearestCentroid())):
                fitted = make_pipeline(StandardScaler(), peer).fit(vectors[taught], labels[taught])
                found[key].append(balanced(fitted.predict(vectors[asked]), labels[asked]))
    opened = list(open_kinds(vectors, labels, folds, k))
    ours, nearest_, centroid = (float(np.mean(found[key])) for key in found)
    return (
        f"| {name} | {'all' if k > 90 else k} | **{ours:.3f}** | {np.mean(opened):.3f} ({min(opened):.2f}) "
        f"| {nearest_:.3f} | {centroid:.3f} |\n"
    )


def told_apart(vectors: Rows, labels: NDArray[np.str_], taught: NDArray[np.intp]) -> SoundKinds:
    """Learn kinds as `teach-sounds` does, one vector a recording; all that is taught together plays the place."""
    rows = unit(vectors)
    kinds = {str(one): (Example(rows[taught[labels[taught] == one]]),) for one in np.unique(labels[taught])}
    return lines_between(Taught(kinds, (rows[taught],)))


def open_kinds(vectors: Rows, labels: NDArray[np.str_], folds: NDArray[np.str_], k: int) -> Iterator[float]:
    """For each set of five kinds nobody taught: AUC of telling them from the others, mean over folds."""
    names = np.array(sorted(set(labels.tolist())))
    for unknown in np.random.default_rng(0).permutation(names).reshape(-1, UNKNOWN_KINDS):
        found = []
        for fold in sorted(set(folds.tolist())):
            known = np.flatnonzero((folds != fold) & ~np.isin(labels, unknown))
            random = np.random.default_rng(0)
            asked = drawn(random, np.flatnonzero(folds == fold), labels, 2)
            kinds = told_apart(vectors, labels, drawn(random, known, labels, k))
            far = -kinds.clear(unit(vectors[asked])).max(axis=1)
            strange = np.isin(labels[asked], unknown)
            found.append(auc(far[~strange], far[strange]))
        yield float(np.mean(found))


def main() -> None:
    """Measure, and write the section."""
    if not (DATA / "bldc/labels.csv").exists():
        raise SystemExit(f"no recordings at {DATA.resolve()}: this benchmark names real sound")
    sections: Sequence[Callable[[], Iterator[str]]] = (motors, kinds)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, about kinds of which one example is taught
        write_figures("few-shot", "".join(piece for section in sections for piece in section()))


if __name__ == "__main__":
    main()
