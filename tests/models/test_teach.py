import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.features.log_mel import Level, Profile
from analytics.quality.words import Quality
from analytics.signal.capture import Capture
from models.teach import TaughtPart, TeachError, TeachSettings, fit_mahalanobis, learn

RATE = 16_000


def a_knock(seed, defect="", seconds=0.2, rate=RATE):
    """A ring of three tones that dies away; a crack lowers them by a twentieth."""
    random = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    lower = 0.93 if defect else 1.0
    sound = sum(
        10 ** (random.normal(0, 0.5) / 20)
        * np.sin(2 * np.pi * hz * lower * t + random.uniform(0, 6))
        * np.exp(-t * fall)
        for hz, fall in ((900, 30), (2100, 45), (4300, 60))
    )
    sound = 0.1 * sound + random.normal(0, 1e-4, len(t))
    return Capture(sound.astype(np.float32), rate, 0, len(t), before=False, after=False)


def taught(good=30, cracked=0, groups=1):
    """Parts to learn from, seeds 0 up for the good, 1000 up for the cracked."""
    parts = [TaughtPart(f"good/{seed}.wav", a_knock(seed), f"shift {seed % groups}") for seed in range(good)]
    cracks = range(1000, 1000 + cracked)
    return parts + [TaughtPart(f"cracked/{seed}.wav", a_knock(seed, "crack"), "", "crack") for seed in cracks]


@pytest.fixture(scope="module")
def learned():
    """From 30 good parts and 5 cracked."""
    return learn(taught(30, 5))


def test_fresh_good_parts_pass_and_cracked_ones_are_named(learned):
    good = [judge(a_knock(seed), learned.model).verdict for seed in range(5000, 5050)]
    bad = [judge(a_knock(seed, "crack"), learned.model).verdict for seed in range(6000, 6050)]

    assert sum(verdict.evaluation is Evaluation.OK for verdict in good) >= 47
    assert all(verdict.evaluation is Evaluation.NOT_OK for verdict in bad)
    assert sum(verdict.defect == "crack" for verdict in bad) >= 45


def test_the_report_says_what_was_learned(learned):
    report = learned.report

    assert (report.good, report.groups) == (30, 1)
    assert report.promise == (
        "provisional: 30 parts prove no better than 9.5 % false rejects; 1 % needs 299 parts, teach 269 more"
    )
    assert [(one.name, one.taught, one.found) for one in report.defects] == [("crack", 5, 5)]
    assert len(report.strangest) == 5
    assert any("one recording run only" in warning for warning in report.warnings)
    assert any("no surroundings" in warning for warning in report.warnings)


def test_a_struck_part_is_told_from_its_sound_and_kept_to_a_fifth_of_a_second(learned):
    assert learned.model.front_end.profile is Profile.KNOCK
    assert learned.model.front_end.length_s == pytest.approx(0.2)


def test_running_sound_is_heard_for_as_long_as_the_shortest_part():
    random = np.random.default_rng(0)
    lengths = [RATE] * 11 + [RATE // 2]
    sounds = [random.normal(0, 0.05, n).astype(np.float32) for n in lengths]
    parts = [TaughtPart(f"{i}.wav", Capture(x, RATE, 0, len(x))) for i, x in enumerate(sounds)]

    learned = learn(parts)

    assert learned.model.front_end.profile is Profile.STEADY
    assert learned.model.front_end.length_s == 0.5
    assert any(warning.startswith("11.wav is short") for warning in learned.report.warnings)


def test_sixty_parts_prove_five_percent():
    random = np.random.default_rng(1)
    parts = [
        TaughtPart(f"{index}", Capture(random.normal(0, 0.05, RATE // 8).astype(np.float32), RATE, 0, RATE // 8))
        for index in range(60)
    ]

    report = learn(parts, TeachSettings(reject_rate=0.05)).report

    assert report.promise == "5 % false rejects holds with 95 % confidence (59 parts needed, 60 given)"
    assert (report.limit.provisional, report.rejected) == (False, 0)


def test_groups_are_what_is_counted():
    report = learn(taught(30, groups=5)).report

    assert report.groups == report.limit.n == 5
    assert "5 groups prove no better than" in report.promise
    assert not any("one recording run" in warning for warning in report.warnings)


def test_loudness_is_left_out_where_that_is_asked_for():
    loud = [replace(part, capture=louder(part.capture, 4)) for part in taught(30)]
    quiet = {level: learn(taught(30), TeachSettings(level=level)).model for level in Level}

    assert judge(loud[0].capture, quiet[Level.NORMALISED]).verdict.evaluation is Evaluation.OK
    assert judge(loud[0].capture, quiet[Level.ABSOLUTE]).verdict.evaluation is Evaluation.NOT_OK


def louder(capture, factor):
    return replace(capture, samples=(capture.samples * np.float32(factor)).astype(np.float32))


def test_a_bad_part_among_the_good_is_named_first():
    parts = taught(40)
    parts[17] = replace(parts[17], capture=a_knock(17, "crack"))

    assert learn(parts).report.strangest[0].name == "good/17.wav"


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (taught(7), "7 good parts; wanted at least 8, and 299 to promise 1 % false rejects"),
        ([*taught(9), TaughtPart("x.wav", a_knock(1, rate=8000))], "parts of 8000 and 16000 samples a second"),
        ([*taught(9), TaughtPart("x.wav", a_knock(1, "crack"), "", "unknown")], "unknown names the defects nobody"),
        ([*taught(9), TaughtPart("x.wav", a_knock(3), "", "crack")], r"x\.wav: the same sound as good/3\.wav"),
        ([*taught(9), TaughtPart("x.wav", louder(a_knock(77), np.nan))], r"x\.wav: holds values that are no numbers"),
        ([*taught(9), TaughtPart("x.wav", louder(a_knock(77), 0))], r"x\.wav: is silent"),
        ([*taught(9), TaughtPart("x.wav", replace(a_knock(77), gaps=((90, 99),)))], r"x\.wav: samples are missing"),
        ([*taught(9)[:7], *taught(9)[:7]], "7 good parts"),
    ],
)
def test_what_cannot_teach_is_refused_in_one_sentence(parts, sentence):
    with pytest.raises(TeachError, match=sentence) as fault:
        learn(parts)

    assert "\n" not in str(fault.value)


def test_all_bad_recordings_are_named_at_once_but_not_a_hundred():
    silent = [TaughtPart(f"{i}.wav", louder(a_knock(i), np.nan)) for i in range(14)]

    with pytest.raises(TeachError) as fault:
        learn([*taught(9), *silent])

    assert len(str(fault.value).splitlines()) == 11
    assert str(fault.value).endswith("and 4 more")


def test_a_recording_given_twice_is_taught_once():
    report = learn([*taught(12), TaughtPart("copy.wav", a_knock(3))]).report

    assert report.good == 12
    assert "copy.wav is the same sound as good/3.wav: taught once" in report.warnings


def with_quiet_around(capture, seed):
    n, random = RATE // 10, np.random.default_rng(seed)
    quiet = [random.normal(0, 3e-4, n).astype(np.float32) for _ in range(2)]
    return Capture(np.concatenate([quiet[0], capture.samples, quiet[1]]), RATE, n, n + len(capture.samples))


def test_surroundings_teach_what_quiet_is():
    parts = [replace(part, capture=with_quiet_around(part.capture, seed)) for seed, part in enumerate(taught(20))]
    model = learn(parts, TeachSettings(length_s=0.15)).model
    quiet, loud = with_quiet_around(a_knock(99), 99), with_quiet_around(a_knock(99), 99)
    loud.samples[: RATE // 10] += 0.01 * np.random.default_rng(0).normal(size=RATE // 10).astype(np.float32)

    assert model.noise_floor_db == pytest.approx(-70.5, abs=1)
    assert judge(quiet, model).verdict.quality == ()
    assert judge(loud, model).verdict.quality == (Quality.DISTURBED,)


def test_one_or_two_examples_give_a_name_and_no_score_of_their_own():
    learned = learn(taught(30, 2))

    assert learned.model.taught is None
    assert learned.model.defects == ("crack",)
    assert any("crack: 2 taught" in warning for warning in learned.report.warnings)


def test_progress_runs_to_its_end():
    told = []

    learn(taught(10), progress=lambda done, total, what: told.append((done, total, what)))

    assert told[9] == (10, 10, "features")
    assert told[-1] == (1, 1, "limits")


def test_the_shrunk_covariance_is_that_of_ledoit_and_wolf():
    """Against the whole covariance, made the long way from the same shrinkage."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    rows = np.random.default_rng(3).normal(size=(20, 30)).astype(np.float32) * np.linspace(1, 3, 30, dtype=np.float32)
    detector = fit_mahalanobis(rows)

    spread = rows.astype(np.float64).std(axis=0, ddof=1)
    z = (rows - rows.astype(np.float64).mean(axis=0)) / (spread + 0.1 * np.median(spread))
    a = ledoit_wolf_shrinkage(z, assume_centered=True)
    sample = z.T @ z / 19
    s = (1 - a) * sample + a * np.trace(sample) / 30 * np.eye(30)
    wanted = np.sqrt(np.einsum("ij,jk,ik->i", z, np.linalg.inv(s), z) / 30)
    np.testing.assert_allclose(detector.score(rows), wanted, rtol=1e-6)


def test_parts_that_do_not_differ_teach_nothing():
    with pytest.raises(TeachError, match="do not differ at all"):
        fit_mahalanobis(np.ones((10, 4), np.float32))


def test_a_gateway_that_only_judges_never_loads_scikit_learn():
    code = "import models.recipe, analytics.decision.judge, sys; sys.exit('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
