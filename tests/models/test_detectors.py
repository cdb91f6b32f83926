import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.autoencoder import OnnxScorer, onnx_of
from models.detectors import BANK, KINDS, autoencoder, fitted, gmm, isolation_forest, nearest, one_class_svm
from models.flat import build, flatten
from models.taught import TeachError


def goods(n=120, d=24, seed=3):
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 1, (n, 6)) @ rng.normal(0, 1, (6, d)) + rng.normal(-8, 0.3, (n, d))).astype(np.float32)


GOODS = goods()
LEARNED = {name: fitted(name, GOODS, [""] * len(GOODS)) for name in KINDS}
STRANGE = GOODS + np.random.default_rng(5).normal(0, 3, GOODS.shape).astype(np.float32)
ROUNDING = 1e-6  # of the library's nearest neighbour: it subtracts squares, and a good part is not 0 from itself
EQUAL = [name for name, one in LEARNED.items() if one.score is not None and name != "mahalanobis"]


def as_the_library_says_it(name, detector, scores):
    """Our score in the library's own unit: two of them are written down so that they stay apart far away."""
    if name == "one-class-svm":
        return -detector.weights.sum() * np.exp(-scores)
    if name == "gmm":
        return len(detector.mean) / 2 * np.square(scores) - detector.top
    return scores


@pytest.mark.parametrize("name", EQUAL)
@pytest.mark.parametrize("rows", [GOODS, STRANGE], ids=["goods", "strangers"])
def test_flat_arrays_score_as_the_library_does(name, rows):
    one = LEARNED[name]
    ours = as_the_library_says_it(name, one.detector, one.detector.score(rows))
    assert ours == pytest.approx(one.score(rows), rel=1e-5, abs=ROUNDING)


@pytest.mark.parametrize("name", EQUAL)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 20))
@settings(max_examples=25, deadline=None)
def test_whatever_the_sound_they_are_equal(name, seed, spread):
    one = LEARNED[name]
    rng = np.random.default_rng(seed)
    row = (GOODS[seed % len(GOODS)] + rng.normal(0, spread, GOODS.shape[1])).astype(np.float32)[None]
    ours = as_the_library_says_it(name, one.detector, one.detector.score(row))
    assert ours == pytest.approx(one.score(row), rel=1e-5, abs=ROUNDING)


@pytest.mark.parametrize("name", KINDS)
def test_one_part_scores_as_it_does_among_many_and_strangers_score_higher(name):
    detector = LEARNED[name].detector
    together = detector.score(STRANGE)
    alone = np.concatenate([detector.score(row[None]) for row in STRANGE])
    assert together.dtype == np.float64
    assert (together == alone).all() if name not in {"mahalanobis", "fusion"} else together == pytest.approx(alone)
    assert (together >= 0).all()
    assert np.median(together) > np.median(detector.score(GOODS))
    assert detector.score(STRANGE[:0]).shape == (0,)


def test_the_mahalanobis_of_the_library_ranks_as_ours_does():
    one = LEARNED["mahalanobis"]
    assert np.corrcoef(one.detector.score(STRANGE), one.score(STRANGE))[0, 1] > 0.99


def test_far_away_the_machine_still_tells_strangers_apart():
    far = GOODS[:1] + np.float32([[1e3], [1e4]])
    near, further = LEARNED["one-class-svm"].detector.score(far)
    assert further > 10 * near
    assert np.isfinite(further)


@pytest.mark.parametrize("fit", [one_class_svm, isolation_forest, gmm, nearest])
def test_the_same_parts_teach_the_same_detector(fit):
    assert (fit(GOODS).detector.score(STRANGE) == fit(GOODS).detector.score(STRANGE)).all()


@pytest.mark.parametrize("fit", [one_class_svm, isolation_forest, gmm, nearest, autoencoder])
def test_two_parts_are_enough_to_fit(fit):
    assert np.isfinite(fit(GOODS[:2]).detector.score(STRANGE)).all()


@pytest.mark.parametrize("name", [name for name in KINDS if name != "isolation-forest"])
def test_parts_that_do_not_differ_teach_nothing(name):
    with pytest.raises(TeachError, match="do not differ"):
        fitted(name, np.ones((5, 8), np.float32), [""] * 5)


def test_a_large_bank_is_thinned_out_evenly():
    many = goods(n=BANK + 500, d=4)
    bank = nearest(many).detector.bank
    assert len(bank) == BANK
    assert len(np.unique(bank, axis=0)) == BANK


def test_the_autoencoder_in_onnx_says_the_same():
    detector = LEARNED["autoencoder"].detector
    scorer = OnnxScorer(onnx_of(detector))
    assert scorer.score(STRANGE) == pytest.approx(detector.score(STRANGE), rel=1e-5)


def test_the_written_model_is_a_valid_one():
    onnx = pytest.importorskip("onnx")
    onnx.checker.check_model(onnx.load_from_string(onnx_of(LEARNED["autoencoder"].detector)), full_check=True)


def test_scoring_never_loads_the_library():
    """Every detector scores in a process of its own that has only its arrays."""
    code = (
        "import pickle, sys\n"
        "detectors, row = pickle.load(sys.stdin.buffer)\n"
        "print([float(detector.score(row)[0]) for detector in detectors])\n"
        "print([name for name in ('sklearn', 'onnxruntime', 'torch') if name in sys.modules])"
    )
    detectors = [one.detector for one in LEARNED.values()]
    given_ = pickle.dumps((detectors, STRANGE[:1]))
    done = subprocess.run([sys.executable, "-c", code], input=given_, capture_output=True, check=True)
    scores, loaded = done.stdout.decode().splitlines()
    assert json.loads(scores) == [pytest.approx(detector.score(STRANGE[:1])[0]) for detector in detectors]
    assert loaded == "[]"


@pytest.mark.parametrize("name", KINDS)
def test_a_detector_goes_through_flat_arrays(name):
    """As a recipe would keep it."""
    detector = LEARNED[name].detector
    if name == "fusion":  # holds detectors of several kinds: a recipe names its own
        detector = detector.detectors[1]
    arrays = {}
    again = build(type(detector), flatten(detector, arrays), arrays)
    assert (again.score(STRANGE) == detector.score(STRANGE)).all()
