import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.judge import align, features_of, judge
from analytics.decision.limits import order_statistic_limit
from analytics.decision.model import FrontEnd, PartModel
from analytics.decision.verdict import Evaluation
from analytics.features.log_mel import Level, Profile
from analytics.few_shot.prototypes import Prototypes, TaughtScore
from analytics.quality.gate import learn_gate, surroundings_of
from analytics.quality.words import Quality
from analytics.signal.capture import Capture

RATE, QUIET, PART = 48_000, 4_800, 4_800
MODES_HZ = (1850.0, 3400.0, 5200.0, 7900.0)
KNOCK = FrontEnd(Profile.KNOCK, Level.ABSOLUTE, RATE, 0.08)


def struck(seed, *, lower=1.0, damp=1.0, gain=0.2, shift=0, quiet=QUIET):
    """A ring of four modes that vary a little from part to part; a crack lowers the second and damps all."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.001, 2 * quiet + PART)
    t = np.arange(quiet + PART - shift) / RATE
    for index, hz in enumerate(MODES_HZ):
        hz *= rng.normal(1, 0.002) * (lower if index == 1 else 1)
        level = gain * np.exp(rng.normal(0, 0.15)) * np.exp(-t * damp / 0.02)
        x[quiet + shift :] += level * np.cos(2 * np.pi * hz * t + rng.uniform(0, 6))
    return Capture(np.clip(x, -1, 1).astype(np.float32), RATE, quiet, quiet + PART)


def fit(features):
    """Enough of a detector for tests: a fixed shrinkage."""
    mean, scale = features.mean(axis=0, dtype=float), features.std(axis=0, ddof=1, dtype=float) + 0.05
    _, s, vectors = np.linalg.svd((features - mean) / scale, full_matrices=False)
    power = s**2 / (len(features) - 1)
    rest = 0.3 * float(np.sum(power)) / features.shape[1]
    return Mahalanobis(mean, scale, vectors, 0.7 * power + rest, rest)


def learn(front_end, captures):
    features = np.array([features_of(capture, front_end) for capture in captures])
    half = len(features) // 2
    limit = order_statistic_limit(fit(features[:half]).score(features[half:]), 0.05)
    sides = [surroundings_of(align(capture, front_end)) for capture in captures]
    gate = learn_gate(np.array([side[0] for side in sides]), np.array([side[1] for side in sides]))
    return PartModel(front_end, fit(features), limit, gate=gate, noise_floor_db=-60.0)


@pytest.fixture(scope="module")
def model():
    return learn(KNOCK, [struck(seed) for seed in range(80)])


def crack(seed, **how):
    return struck(seed, lower=0.9, damp=1.5, **how)


def test_good_parts_pass_and_cracked_ones_do_not(model):
    good = [judge(struck(seed), model).verdict for seed in range(200, 240)]
    bad = [judge(crack(seed), model).verdict for seed in range(300, 340)]
    assert sum(verdict.evaluation is Evaluation.OK for verdict in good) >= 38
    assert all(verdict.evaluation is Evaluation.NOT_OK for verdict in bad)
    assert {verdict.defect for verdict in good if verdict.evaluation is Evaluation.OK} == {None}
    assert {verdict.defect for verdict in bad} == {"unknown"}


def test_judging_and_teaching_see_the_same_numbers(model):
    judgement = judge(struck(200), model)
    features = features_of(struck(200), KNOCK)
    assert np.array_equal(judgement.features, features)
    assert judgement.verdict.score == model.detector.score(features[None])[0] / model.limit.value


@settings(deadline=None, max_examples=20)
@given(shift=st.integers(-2_000, 1_400), seed=st.integers(200, 205))
def test_a_late_or_early_trigger_changes_the_score_by_little(model, shift, seed):
    on_time = judge(struck(seed), model).verdict
    capture = struck(seed)
    moved = judge(replace(capture, start=QUIET - shift, stop=QUIET - shift + PART), model)
    assert moved.onset == judge(capture, model).onset
    assert moved.verdict.score == pytest.approx(on_time.score, rel=1e-6)


def test_one_channel_of_many_is_judged_as_if_it_stood_alone(model):
    alone = struck(200)
    many = np.zeros((len(alone.samples), 4), np.float32)
    many[:, 2] = alone.samples
    many.flags.writeable = False
    among = judge(replace(alone, samples=many[:, 2]), model)
    assert np.array_equal(among.features, judge(alone, model).features)
    assert among.verdict == judge(alone, model).verdict


def test_the_limit_itself_still_passes(model):
    score = model.detector.score(features_of(crack(300), KNOCK)[None])[0]
    at_limit = replace(model, limit=replace(model.limit, value=float(score)))
    under_limit = replace(model, limit=replace(model.limit, value=math.nextafter(float(score), 0)))
    assert judge(crack(300), at_limit).verdict.evaluation is Evaluation.OK
    assert judge(crack(300), at_limit).verdict.score == 1.0
    assert judge(crack(300), under_limit).verdict.evaluation is Evaluation.NOT_OK


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (struck(400, gain=0.05), r"rings 1[0-4]\.\d dB lower than good parts at "),
        (struck(401, gain=0.35), r"rings \d\.\d dB higher than good parts at "),
        (struck(402, damp=2.0), r"dies away \d+ dB/s faster at "),
    ],
)
def test_the_reason_says_what_can_be_seen_in_the_sound(model, part, reason):
    verdict = judge(part, replace(model, gate=None, clipped_share=1.0)).verdict
    assert verdict.evaluation is Evaluation.NOT_OK
    assert re.search(reason + r"\d+\.\d to \d+\.\d kHz\.$", verdict.reason), verdict.reason


def test_where_no_band_stands_out_none_is_named(model):
    strict = replace(model, limit=replace(model.limit, value=1e-3))
    assert "all together differ" in judge(struck(200), strict).verdict.reason


def with_samples(capture, values, first, last):
    samples = capture.samples.copy()
    samples[first:last] = values
    return replace(capture, samples=samples)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, QUIET + 100, 2 * QUIET + PART - 1])
def test_a_value_that_is_no_number_is_never_scored(model, value, at):
    verdict = judge(with_samples(struck(200), value, at, at + 1), model).verdict
    assert (verdict.evaluation, verdict.score) == (Evaluation.NOT_DECIDABLE, None)
    assert verdict.quality == (Quality.NOT_FINITE,)


def test_a_gap_inside_the_part_is_never_scored(model):
    for gap in ((QUIET - 5, QUIET + 5), (QUIET + PART - 1, QUIET + PART), (0, 2 * QUIET + PART)):
        verdict = judge(replace(struck(200), gaps=(gap,)), model).verdict
        assert (verdict.evaluation, verdict.score, verdict.quality) == (
            Evaluation.NOT_DECIDABLE,
            None,
            (Quality.GAP,),
        )


def test_a_gap_in_the_surroundings_costs_the_gate_and_not_the_verdict(model):
    holed = with_samples(struck(200), np.nan, 1_000, 1_500)
    verdict = judge(replace(holed, gaps=((1_000, 1_500),)), model).verdict
    assert verdict.evaluation is Evaluation.OK
    assert verdict.quality == (Quality.NO_CONTEXT,)


def test_a_part_that_ends_too_early_is_not_decidable(model):
    whole = struck(200)
    short = Capture(whole.samples[: QUIET + 3_000], RATE, QUIET, QUIET + 3_000, after=False)
    verdict = judge(short, model).verdict
    assert (verdict.evaluation, verdict.quality) == (Evaluation.NOT_DECIDABLE, (Quality.TOO_SHORT,))
    assert "0.080 s are wanted" in verdict.reason
    empty = Capture(whole.samples[:0], RATE, 0, 0, before=False, after=False)
    assert judge(empty, model).verdict.quality == (Quality.TOO_SHORT,)


@pytest.mark.parametrize(
    ("values", "word"),
    [(0.0, Quality.SILENT), (1e-5, Quality.SILENT), (0.01, Quality.FROZEN), (1.0, Quality.CLIPPED)],
)
def test_a_dead_ear_is_not_decidable_but_scored(model, values, word):
    dead = with_samples(struck(200), values, 0, 2 * QUIET + PART)
    verdict = judge(dead, model).verdict
    assert verdict.evaluation is Evaluation.NOT_DECIDABLE
    assert word in verdict.quality
    assert verdict.score is not None


def test_an_overdriven_part_is_judged_where_the_goods_were_overdriven_alike(model):
    loud, model = struck(200, gain=0.9), replace(model, gate=None)
    assert Quality.CLIPPED in judge(loud, model).verdict.quality
    assert judge(loud, model).verdict.evaluation is Evaluation.NOT_DECIDABLE
    taught_loud = replace(model, clipped_share=judge(loud, model).clipped_share)
    assert judge(loud, taught_loud).verdict.quality == (Quality.NO_CONTEXT,)


@pytest.mark.parametrize("at", [1_500, QUIET + PART + 2_500])
def test_a_blow_beside_the_part_makes_it_not_decidable_never_good(model, at):
    blow = np.random.default_rng(0).normal(0, 0.02, 1_500)
    verdict = judge(with_samples(struck(200), blow, at, at + 1_500), model).verdict
    assert (verdict.evaluation, verdict.quality) == (Evaluation.NOT_DECIDABLE, (Quality.DISTURBED,))
    assert verdict.score is not None


def test_a_clip_without_surroundings_is_judged_and_says_so(model):
    whole = struck(200)
    clip = Capture(whole.part.copy(), RATE, 0, PART, before=False, after=False)
    verdict = judge(clip, model).verdict
    assert (verdict.evaluation, verdict.quality) == (Evaluation.OK, (Quality.NO_CONTEXT,))


def test_a_recipe_without_a_gate_says_that_disturbance_was_not_looked_for(model):
    assert judge(struck(200), replace(model, gate=None)).verdict.quality == (Quality.NO_CONTEXT,)


def test_sound_of_another_rate_is_refused_in_one_sentence(model):
    other = Capture(struck(200).samples, 44_100, QUIET, QUIET + PART)
    for refused in (lambda: judge(other, model), lambda: features_of(other, KNOCK)):
        with pytest.raises(ValueError, match="the sound has 44100 Hz; the recipe wants 48000 Hz"):
            refused()


def test_teaching_refuses_what_judging_would_not_score(model):
    with pytest.raises(ValueError, match="no numbers"):
        features_of(with_samples(struck(200), np.nan, 0, 1), KNOCK)
    with pytest.raises(ValueError, match=r"0\.062 s of the part were heard; 0\.080 s are wanted"):
        features_of(Capture(struck(200).samples[:3_000], RATE, 0, 3_000), KNOCK)
    with pytest.raises(ValueError, match="samples are missing"):
        features_of(replace(struck(200), gaps=((QUIET, QUIET + 1),)), KNOCK)


def test_a_model_whose_arrays_do_not_fit_a_part_is_refused(model):
    small = Mahalanobis(np.zeros(4), np.ones(4), np.empty((0, 4)), np.empty(0), 1.0)
    four = learn_gate(np.zeros((9, 4)), np.zeros((9, 4)))
    names = Prototypes(("crack",), small, np.zeros((1, 4)), np.array([1]), np.array([1.0]))
    for change, sentence in (
        ({"detector": small}, "the detector knows 4 numbers; a part has 128"),
        ({"taught": TaughtScore(np.zeros(4), 0.0, 0.0, 1.0)}, "the taught score knows 4 numbers"),
        ({"prototypes": names}, "the prototypes know 4 numbers"),
        ({"gate": four}, "a gate of 4 octaves does not fit 48000 Hz"),
        ({"clipped_share": 1.5}, "no share"),
    ):
        with pytest.raises(ValueError, match=sentence):
            replace(model, **change)


def test_a_taught_defect_gets_its_name_and_either_limit_rejects(model):
    shots = np.array([features_of(crack(seed), KNOCK) for seed in range(500, 506)])
    white = model.detector.whiten(shots)
    names = Prototypes(("crack",), model.detector, white.mean(axis=0)[None], np.array([6]), np.array([30.0]))
    blind = replace(model, prototypes=names, limit=replace(model.limit, value=1e6))
    assert judge(crack(300), blind).verdict.evaluation is Evaluation.OK

    weights = white.mean(axis=0) / np.linalg.norm(white.mean(axis=0))
    taught = replace(blind, taught=TaughtScore(weights, 0.0, limit=float(np.min(white @ weights)) / 2, spread=5.0))
    verdict = judge(crack(300), taught).verdict
    assert (verdict.evaluation, verdict.defect, verdict.confidence) == (Evaluation.NOT_OK, "crack", None)
    assert set(verdict.detectors) == {"mahalanobis", "taught"}
    assert verdict.score == max(verdict.detectors.values())
    assert taught.defects == ("crack",)
    assert judge(struck(200), taught).verdict.evaluation is Evaluation.OK


def test_running_sound_is_judged_where_it_was_cut():
    steady = FrontEnd(Profile.STEADY, Level.NORMALISED, 16_000, 0.5)

    def running(seed, tone=0.0):
        x = np.random.default_rng(seed).normal(0, 0.05, 8_000)
        x += tone * np.sin(2 * np.pi * 1000 * np.arange(8_000) / 16_000)
        whole = np.concatenate([np.full(1_600, 1e-3), x, np.full(1_600, 1e-3)])
        return Capture(whole.astype(np.float32), 16_000, 1_600, 9_600)

    model = learn(steady, [running(seed) for seed in range(80)])
    assert judge(running(100), model).onset == 1_600
    assert judge(running(100), model).verdict.evaluation is Evaluation.OK
    verdict = judge(running(100, tone=0.05), model).verdict
    assert verdict.evaluation is Evaluation.NOT_OK
    assert "sounds" in verdict.reason or "fluctuates" in verdict.reason
    assert "kHz" in verdict.reason or "Hz" in verdict.reason


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    gain=st.floats(0, 1e9),
    start=st.integers(0, 14_400),
    length=st.integers(0, 14_400),
    sides=st.tuples(st.booleans(), st.booleans()),
)
def test_whatever_is_heard_there_is_a_verdict_and_no_pass_without_a_score(model, seed, gain, start, length, sides):
    sound = np.random.default_rng(seed).normal(0, 1, 14_400) * gain
    capture = Capture(
        sound.astype(np.float32), RATE, start, min(start + length, 14_400), before=sides[0], after=sides[1]
    )
    verdict = judge(capture, model).verdict
    assert verdict.evaluation in {Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE}
    assert verdict.reason
    if verdict.evaluation is Evaluation.OK:
        assert verdict.score <= 1.0


def test_what_lies_below_a_raised_lower_edge_does_not_count():
    high = FrontEnd(Profile.KNOCK, Level.ABSOLUTE, RATE, 0.08, low_hz=300.0)
    plain = struck(600)
    hum = 0.05 * np.sin(2 * np.pi * 60 * np.arange(len(plain.samples)) / RATE)
    humming = replace(plain, samples=(plain.samples + hum).astype(np.float32))
    change = features_of(humming, high) - features_of(plain, high)
    assert np.max(np.abs(change)) < 1.0  # the filter's own start is heard a little; without it the change is 10
    assert np.max(np.abs(features_of(humming, KNOCK) - features_of(plain, KNOCK))) > 4.0


@pytest.mark.parametrize(
    ("rate", "length_s", "sentence"),
    [
        (48_000, 0.0, "cannot be judged"),
        (0, 0.1, "cannot be judged"),
        (48_000, math.nan, "cannot be judged"),
        (48_000, 0.011, "too short; knock needs 0.012 s at least"),
    ],
)
def test_a_front_end_nothing_can_be_heard_with_is_refused(rate, length_s, sentence):
    with pytest.raises(ValueError, match=sentence):
        FrontEnd(Profile.KNOCK, Level.ABSOLUTE, rate, length_s)
