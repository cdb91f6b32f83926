import numpy as np

from models.training.lessons import RATES, heard
from models.training.sounds import RATE
from models.training.student_card import BANDS, FRAMES, WINDOW


class Teacher:
    """Answers with the rate it heard."""

    def embed(self, samples, rate):
        assert len(samples) == round(WINDOW * rate / RATE)
        return np.full(4, rate, np.float32)


def test_windows_are_heard_at_every_rate_and_bands_a_rate_cannot_carry_stay_empty():
    windows = list(np.random.default_rng(0).normal(0, 1, (60, WINDOW)).astype(np.float32))

    lessons = heard(windows, Teacher(), np.random.default_rng(1))

    rates = lessons.targets[:, 0]
    assert lessons.inputs.shape == (60, FRAMES, BANDS)
    assert set(rates.tolist()) == set(RATES)
    assert (lessons.inputs[rates == 16_000][:, :, -10:] == -3).all()  # above 12 kHz
    assert (lessons.inputs[rates == 44_100][:, 1:-1] > -1).all()
