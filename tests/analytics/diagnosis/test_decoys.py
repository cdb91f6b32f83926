"""The decoy check: small where the lines are there, evenly spread where they are not."""

import numpy as np
import pytest

from analytics.diagnosis.bearings import lookup
from analytics.diagnosis.decoys import DECOYS
from analytics.diagnosis.joint import explain, judge, prepare

RATE, SHAFT = 12_800, 24.7
BEARING = lookup("6205")


def noise(seed, seconds=4.0):
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE))


def with_fault(seed):
    x = noise(seed)
    periods = 1 + 0.005 * np.random.default_rng(seed + 1).standard_normal(int(4 * SHAFT * BEARING.bpfo) - 2)
    at = (np.cumsum(periods) / (SHAFT * BEARING.bpfo) * RATE).astype(int)
    ring = 5 * np.exp(-np.arange(60) / 15) * np.sin(np.arange(60) * 1.7)
    for start in at[at < len(x) - 60]:
        x[start : start + 60] += ring
    return x


def test_no_decoy_earns_what_a_true_fault_does():
    found = explain(prepare(with_fault(1), RATE, 60 * SHAFT, (BEARING,)), SHAFT, 0.02, BEARING)

    assert found.fault == "BPFO"
    assert found.lines[0].p_value == 1 / (1 + DECOYS)


def test_in_noise_small_p_values_are_as_rare_as_they_say():
    values = []
    for seed in range(40):
        heard = prepare(noise(100 + seed), RATE, 60 * SHAFT, (BEARING,))
        values += [line.p_value for line in explain(heard, SHAFT, 0.02, BEARING).lines]

    assert len(values) == 120
    assert np.mean(np.array(values) <= 0.05) < 0.12  # 5 % wanted; the upper end of 120 draws
    assert np.mean(np.array(values) <= 0.5) == pytest.approx(0.5, abs=0.15)


def test_the_check_changes_nothing_else_and_is_the_same_each_time():
    heard = prepare(with_fault(2), RATE, 60 * SHAFT, (BEARING,))
    plain, checked = judge(heard, SHAFT, 0.02, BEARING), explain(heard, SHAFT, 0.02, BEARING)

    assert (plain.name, plain.reason, plain.scores) == (checked.name, checked.reason, checked.scores)
    assert all(line.p_value is None for line in plain.lines)
    assert checked == explain(heard, SHAFT, 0.02, BEARING)
