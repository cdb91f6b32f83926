"""The bars on real recordings, by the path that ships; the figures beside them are in docs/accuracy.md."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from threadpoolctl import threadpool_limits

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.features.log_mel import Level, Profile
from analytics.signal.capture import Capture
from models.teach import TaughtPart, TeachSettings, learn

DATA = Path(__file__).resolve().parents[3] / "../shared/data"


@pytest.fixture(autouse=True)
def _one_thread():
    """Two threads on a busy machine wait for each other: learning took ten times as long."""
    with threadpool_limits(1):
        yield


def clips(name):
    if not (DATA / name / "labels.csv").exists():
        pytest.skip(f"no recordings at {DATA / name}: the bars on real sound are not checked here")
    found = []
    with (DATA / name / "labels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            samples, rate = sf.read(DATA / name / row["file"], dtype="float32")
            found.append((row, Capture(samples, rate, 0, len(samples), before=False, after=False)))
    return found


def taught(rows):
    return [TaughtPart(row["file"], capture) for row, capture in rows]


def verdicts(rows, model):
    return [judge(capture, model).verdict for _, capture in rows]


def auc(good, bad):
    good, bad = (np.array([verdict.score for verdict in side]) for side in (good, bad))
    return np.mean((bad[:, None] > good).astype(float) + 0.5 * (bad[:, None] == good))


@pytest.mark.slow
@pytest.mark.parametrize(("level", "least_auc"), [(Level.ABSOLUTE, 0.995), (Level.NORMALISED, 0.993)])
def test_cracked_bottles_are_told_from_good_ones(level, least_auc):
    rows = clips("bottles")
    good = [pair for pair in rows if pair[0]["label"] == "good"]
    cracked = [pair for pair in rows if pair[0]["label"] == "cracked"]
    model = learn(taught(pair for pair in good if int(pair[0]["index"]) < 500), TeachSettings(level=level)).model
    assert model.front_end.profile is Profile.KNOCK

    later = verdicts([pair for pair in good if int(pair[0]["index"]) >= 500], model)
    bad = verdicts(cracked, model)
    assert auc(later, bad) >= least_auc
    assert np.mean([verdict.evaluation is Evaluation.NOT_OK for verdict in later]) <= 0.01
    assert np.mean([verdict.evaluation is Evaluation.NOT_OK for verdict in bad]) >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize("car", ["car01", "car02", "car03"])
def test_a_car_with_a_dead_cylinder_is_told_from_itself(car):
    rows = [pair for pair in clips("engines") if pair[0]["car"] == car]
    early = [pair for pair in rows if pair[0]["label"] == "normal" and pair[0]["take"] in {"1", "2"}]
    late = [pair for pair in rows if pair[0]["label"] == "normal" and pair[0]["take"] not in {"1", "2"}]
    model = learn(taught(early)).model
    assert model.front_end.profile is Profile.STEADY
    assert auc(verdicts(late, model), verdicts([p for p in rows if p[0]["label"] == "faulty"], model)) >= 0.98


@pytest.mark.slow
def test_faulty_motors_are_told_from_healthy_ones_at_a_speed_nobody_taught():
    rows = [pair for pair in clips("bldc") if pair[1].rate == 16_000]
    healthy = [pair for pair in rows if pair[0]["label"] == "healthy"]
    faulty = [pair for pair in rows if pair[0]["label"] != "healthy"]
    found = []
    for speed in sorted({row["speed"] for row, _ in healthy}):
        model = learn(taught(pair for pair in healthy if pair[0]["speed"] != speed)).model
        found.append(auc(verdicts([p for p in healthy if p[0]["speed"] == speed], model), verdicts(faulty, model)))
    assert np.mean(found) >= 0.90
