"""The picture behind a diagnosis."""

import numpy as np

from analytics.diagnosis.evidence import envelope_spectrum
from analytics.signal.envelope import spectra


def test_the_picture_shows_the_line_where_it_is_and_reaches_twenty_orders():
    t = np.arange(4 * 16_000) / 16_000
    x = np.random.default_rng(1).standard_normal(len(t)) * (1 + 0.5 * np.cos(2 * np.pi * 90 * t))
    heard = spectra(x, 16_000, 25.0, 600.0)

    picture = envelope_spectrum(heard.log, 25.0)

    assert picture.frequency_hz.dtype == picture.depth.dtype == np.float32
    assert len(picture.frequency_hz) == len(picture.depth)
    assert 495 < picture.frequency_hz[-1] < 500
    assert abs(picture.frequency_hz[np.argmax(picture.depth)] - 90) < 0.6
