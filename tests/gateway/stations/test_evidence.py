from dataclasses import replace

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation
from analytics.signal.capture import Capture
from gateway.stations.evidence import BANDS, LOWEST_HZ, evidence_of, spectrogram_db

RATE = 48_000


def tone(hz, amplitude=1.0, n=RATE // 2):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(n) / RATE)).astype(np.float32)


@pytest.mark.parametrize("hz", [200, 1000, 5000, 20_000])
def test_a_full_scale_tone_stands_in_its_band_at_zero_db(hz):
    picture = spectrogram_db(tone(hz), RATE)

    edges = np.geomspace(LOWEST_HZ, RATE / 2, BANDS + 1)
    loudest = int(np.median(picture.argmax(axis=1)))
    assert picture.shape[1] == BANDS
    assert edges[loudest] * 0.8 <= hz <= edges[loudest + 1] * 1.25
    assert np.median(picture.max(axis=1)) == pytest.approx(0.0, abs=2.0)


def test_silence_nan_and_a_stump_make_no_fuss():
    assert spectrogram_db(np.zeros(RATE, np.float32), RATE).max() == -120
    assert np.isfinite(spectrogram_db(np.full(RATE, np.nan, np.float32), RATE)).all()
    assert spectrogram_db(np.zeros(100, np.float32), RATE) is None


def test_sound_that_is_kept_is_what_was_judged_with_the_ambient_microphone_beside():
    alone = Capture(tone(1000, amplitude=1.5), RATE, 0, RATE // 2)
    both = replace(alone, ambient=tone(50))

    assert evidence_of(alone, Evaluation.NOT_OK, "rejects").sound is alone.samples
    np.testing.assert_array_equal(evidence_of(both, Evaluation.NOT_OK, "rejects").sound[:, 1], both.ambient)


@pytest.mark.parametrize("evaluation", list(Evaluation))
def test_no_sound_leaves_where_the_site_file_says_never(evaluation):
    evidence = evidence_of(Capture(tone(1000), RATE, 0, RATE // 2), evaluation, "never")

    assert evidence is None or evidence.sound is None
