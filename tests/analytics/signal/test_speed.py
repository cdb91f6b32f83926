"""The speed a record shows."""

import numpy as np

from analytics.signal.envelope import spectra
from analytics.signal.speed import CONFIRMED, contradiction, shaft_evidence, speed_grid

RATE = 8_000


def machine(shaft_hz, seconds=6.0):
    t = np.arange(int(seconds * RATE)) / RATE
    turn = 2 * np.pi * shaft_hz * t
    noise = np.random.default_rng(5).standard_normal(len(t))
    return noise * (1 + 0.4 * np.cos(turn)) + sum(np.cos(k * turn + k) / k for k in (1, 2, 3))


def test_the_true_speed_has_the_most_evidence_within_the_tolerance():
    heard = spectra(machine(24.3), RATE, 25.0, 300.0)
    grid = speed_grid(25.0, 0.08, heard.log.step_hz)

    evidence = shaft_evidence(heard.log, heard.raw, grid)

    assert grid[0] == 25.0 * 0.92
    assert abs(grid[np.argmax(evidence)] / 24.3 - 1) < 0.003
    assert evidence.max() > CONFIRMED


def test_a_speed_far_from_the_declared_one_is_found_and_a_right_one_is_not_contradicted():
    heard = spectra(machine(24.0), RATE, 30.0, 400.0)

    other = contradiction(heard.log, heard.raw, 30.0, 30.0)

    assert other is not None
    assert abs(other.shaft_hz / 24.0 - 1) < 0.005
    assert contradiction(heard.log, heard.raw, 24.0, 24.0) is None


def test_a_record_without_shaft_lines_contradicts_nothing():
    heard = spectra(np.random.default_rng(1).standard_normal(6 * RATE), RATE, 25.0, 300.0)

    assert contradiction(heard.log, heard.raw, 25.0, 25.0) is None
