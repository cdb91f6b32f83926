"""Three cracked bottles are hidden among fifty good ones: are they named, and what does dropping them save.

Run: ``python -m benchmarks.hidden [--draws 400]``. Writes its section of docs/accuracy.md. Ours is the path that ships,
`models.teach.learn_rows`, before and after the bad ones of the five named are dropped; beside it, what others call the
strangest five of the same fifty.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from analytics.decision.judge import features_of
from analytics.decision.model import FrontEnd
from benchmarks.accuracy import BANDS, DATA, clips_of, write_figures
from benchmarks.guarantee import KNOCK
from models.hearing import Hearing
from models.held_out import folds_over, held_out_scores
from models.taught import Heard, TaughtRows, TeachSettings
from models.teach import Learned, fit_mahalanobis, learn_rows, scores_of

N, HIDDEN, RATE = 50, 3, 0.10

Numbers = NDArray[np.float64]
Rows = NDArray[np.float32]


def plain(rows: Rows) -> Numbers:
    return held_out_scores(rows, folds_over([""] * len(rows)), fit_mahalanobis)


def robust_z(rows: Rows) -> Numbers:
    """Return the largest distance of any number from its median, in median absolute deviations."""
    away = np.abs(rows - np.median(rows, axis=0))
    return np.asarray((away / np.median(away, axis=0)).max(axis=1))


def forest(rows: Rows) -> Numbers:
    scaled = StandardScaler().fit_transform(rows)
    return np.asarray(-IsolationForest(random_state=0).fit(scaled).score_samples(scaled))


def local_outliers(rows: Rows) -> Numbers:
    found = LocalOutlierFactor().fit(StandardScaler().fit_transform(rows))
    return np.asarray(-found.negative_outlier_factor_)


PEERS: dict[str, Callable[[Rows], Numbers]] = {
    "score of parts left out": plain,
    "largest robust z": robust_z,
    "scikit-learn IsolationForest": forest,
    "scikit-learn LocalOutlierFactor": local_outliers,
}


def taught(rows: Rows) -> Learned:
    """Learn as the product does; parts are named by their place."""
    heard = tuple(Heard(str(index), "", "", "") for index in range(len(rows)))
    return learn_rows(TaughtRows(rows, None, heard), Hearing(KNOCK), TeachSettings(reject_rate=RATE))


def band(name: str, good: Rows, bad: Rows, draws: int) -> Iterator[str]:
    """Hide, name, drop and learn again."""
    named: dict[str, list[int]] = {"**wheeltapper**": [], **{peer: [] for peer in PEERS}}
    caught: list[list[float]] = []
    for seed in range(draws):
        random = np.random.default_rng(seed)
        order, hidden = random.permutation(len(good)), random.permutation(len(bad))[:HIDDEN]
        rows = np.concatenate([bad[hidden], good[order[: N - HIDDEN]]])
        unseen, fresh = np.delete(bad, hidden, axis=0), good[order[N:]]
        spoilt = taught(rows)
        shown = [int(one.name) for one in spoilt.report.strangest]
        named["**wheeltapper**"].append(sum(index < HIDDEN for index in shown))
        for peer, score in PEERS.items():
            named[peer].append(int(np.sum(np.argsort(-score(rows), kind="stable")[:5] < HIDDEN)))
        judged = taught(np.delete(rows, [index for index in shown if index < HIDDEN], axis=0))
        clean = taught(good[order[:N]])
        caught.append(
            [float(np.mean(scores_of(one.model, x) > 1)) for one in (clean, spoilt, judged) for x in (unseen, fresh)]
        )
    for who, counts in named.items():
        row = np.mean(caught, axis=0)
        figures = (
            " | ".join(f"{100 * row[i]:.1f} / {100 * row[i + 1]:.1f}" for i in (0, 2, 4))
            if who.startswith("**")
            else "| | "
        )
        yield f"| {name} | {who} | {np.mean(counts) / HIDDEN:.1%} | {figures} |\n"


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400)
    draws = parser.parse_args().draws
    if not (DATA / "bottles/labels.csv").exists():
        raise SystemExit("skipped: the recorded bottles are not here")
    clips = clips_of("bottles")
    text = (
        f"{HIDDEN} cracked bottles among {N}, {draws} draws, {RATE:.0%} promised. Caught: cracked ones never seen; "
        "beside it the good ones rejected, in percent.\n\n| band | strangest five by | hidden ones among the five "
        "| nothing hidden: caught / good rejected | hidden and not judged | the bad of the five dropped |\n"
        "|---|---|--:|--:|--:|--:|\n"
    )
    with threadpool_limits(1):
        for low_hz, name in BANDS:
            end = FrontEnd(KNOCK.profile, KNOCK.level, KNOCK.rate, KNOCK.length_s, low_hz)
            good, bad = (
                np.array([features_of(clip.capture, end) for clip in clips if clip.row["label"] == label])
                for label in ("good", "cracked")
            )
            text += "".join(band(name, good, bad, draws))
    write_figures("hidden", text)


if __name__ == "__main__":
    main()
