"""The demo's parts: as hard to judge as they are meant to be, by the judge that ships."""

import numpy as np
import pytest

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from analytics.signal.capture import Capture
from analytics.synthesis.noise import add_at
from analytics.synthesis.parts import part_length, part_sound, part_truth
from analytics.synthesis.streams import Ambience
from models.taught import TaughtPart
from models.teach import learn

RATE, SEED = 48_000, 7
AROUND = 4_800


@pytest.mark.parametrize("kind", ["castings", "gearmotors"])
def test_a_judge_taught_on_24_good_parts_catches_the_defects_and_rejects_few_good_ones(kind):
    hall, length = Ambience(kind, SEED, RATE), part_length(kind, RATE)

    def heard(part_id, at):
        sound = part_sound(kind, SEED, part_id, RATE)
        samples = hall.block(at, length + 2 * AROUND)
        add_at(samples, AROUND - sound.lead, sound.samples)
        return Capture(samples, RATE, AROUND, AROUND + length)

    model = learn([TaughtPart(f"T{i}", heard(f"T{i}", i * 70_001)) for i in range(24)]).model
    names = [f"P{i}" for i in range(1000)]
    truth = {name: part_truth(kind, SEED, name) for name in names}
    verdicts = {}
    for group, wanted in (
        ("good", [n for n in names if truth[n].good and not truth[n].disturbance][:40]),
        ("bad", [n for n in names if not truth[n].good][:30]),
        ("disturbed", [n for n in names if truth[n].disturbance][:10]),
    ):
        verdicts[group] = [judge(heard(n, 50_021 * i), model).verdict for i, n in enumerate(wanted)]

    assert sum(v.evaluation is Evaluation.NOT_OK for v in verdicts["good"]) <= 2
    assert sum(v.evaluation is Evaluation.NOT_OK for v in verdicts["bad"]) >= 29
    assert all(Quality.DISTURBED in v.quality for v in verdicts["disturbed"])
    assert 1.0 < np.median([v.score for v in verdicts["bad"]]) < 6.0
