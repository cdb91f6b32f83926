"""A second voter that hears through an embedding, from teaching to the verdict."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.features.log_mel import Profile
from analytics.signal.capture import Capture
from models.hearing import hear, hearing_of
from models.recipe import RecipeError, embed_of, load, write_recipe
from models.teach import TaughtPart, TeachSettings, learn, learn_rows, scores_of

RATE, N = 16_000, 16_000
STEADY = TeachSettings(profile=Profile.STEADY, reject_rate=0.05)


@dataclass(frozen=True)
class Tones:
    """Stands in for a network: how strong 24 tones are."""

    name: str = "tones"
    sha256: str = "ab" * 32
    rate: int = RATE
    size: int = 24

    def embed(self, samples, rate):
        power = np.abs(np.fft.rfft(samples[: rate // 2]))[10:250:10]
        return np.log(power + 1e-3).astype(np.float32)


def running(seed, tone=0.0, gain=1.0, length=N):
    random = np.random.default_rng(seed)
    t = np.arange(length) / RATE
    x = random.normal(0, 0.05, length) * (1 + 0.2 * np.sin(2 * np.pi * 9 * t)) + tone * np.sin(2 * np.pi * 340 * t)
    return Capture((gain * x).astype(np.float32), RATE, 0, length, before=False, after=False)


def taught(good=60, bad=0):
    parts = [TaughtPart(f"good/{seed}", running(seed)) for seed in range(good)]
    return parts + [TaughtPart(f"whine/{seed}", running(seed, 0.05), "", "whine") for seed in range(500, 500 + bad)]


@pytest.fixture(scope="module")
def learned():
    return learn(taught(), STEADY, embedding=Tones())


def test_good_parts_pass_and_strange_ones_do_not(learned):
    good = [judge(running(seed), learned.model, Tones().embed).verdict for seed in range(100, 140)]
    bad = [judge(running(seed, 0.1), learned.model, Tones().embed).verdict for seed in range(100, 120)]

    assert sum(verdict.evaluation is Evaluation.OK for verdict in good) >= 37
    assert all(verdict.evaluation is Evaluation.NOT_OK for verdict in bad)
    assert set(good[0].detectors) == {"fused"}


def test_the_recipe_names_the_very_model_it_was_taught_through(learned):
    assert (learned.model.second.embedding, learned.model.second.sha256) == ("tones", "ab" * 32)
    assert learned.model.width == learned.model.front_end.count + 24
    assert learned.taught.embeddings.shape == (60, 24)


def test_judging_without_the_model_or_with_another_is_a_fault_of_wiring(learned):
    with pytest.raises(ValueError, match="tones, which was not given"):
        judge(running(1), learned.model)
    with pytest.raises(ValueError, match="another embedding was given"):
        judge(running(1), learned.model, lambda samples, rate: np.zeros(7, np.float32))


def test_a_recipe_with_a_second_voter_is_written_and_read_back(learned, tmp_path):
    recipe = load(write_recipe(tmp_path / "r", learned, "2026-01-01T00:00:00+00:00").folder)

    ours, theirs = (judge(running(7), model, Tones().embed).verdict for model in (learned.model, recipe.model))
    assert ours == theirs
    with pytest.raises(Exception, match="tones") as fault:
        embed_of(recipe, tmp_path)
    assert "\n" not in str(fault.value)


def test_a_swapped_model_is_refused_in_one_sentence(learned, tmp_path, monkeypatch):
    recipe = load(write_recipe(tmp_path / "r", learned, "2026-01-01T00:00:00+00:00").folder)
    monkeypatch.setattr("models.embedding.load_embedding", lambda name, folder: Tones(sha256="cd" * 32))

    with pytest.raises(RecipeError, match="another model") as fault:
        embed_of(recipe, tmp_path)
    assert "\n" not in str(fault.value)


def test_relearning_from_stored_rows_gives_the_same_recipe_to_the_last_bit(learned):
    again = learn_rows(learned.taught, hearing_of(learned.model), STEADY)

    assert again.report.limit == learned.report.limit
    assert np.array_equal(again.check_features, learned.check_features)
    assert np.array_equal(again.check_scores, learned.check_scores)


def test_a_defect_can_be_taught_beside_a_second_voter():
    parts = taught(60, 6)
    learned = learn(parts, STEADY, embedding=Tones())
    verdict = judge(running(900, 0.05), learned.model, Tones().embed).verdict

    assert set(verdict.detectors) == {"fused", "taught"}
    assert (verdict.evaluation, verdict.defect) == (Evaluation.NOT_OK, "whine")
    assert learned.report.defects[0].found == 6


def test_rows_score_as_the_part_they_were_heard_from(learned):
    rows, _ = hear(taught(8), replace(STEADY, length_s=1.0), lambda done, total, what: None, Tones())

    by_rows = scores_of(learned.model, rows.joined)
    by_sound = [judge(running(seed), learned.model, Tones().embed).verdict.score for seed in range(8)]
    assert by_rows == pytest.approx(by_sound, rel=1e-9)


def test_a_verdict_does_not_depend_on_what_else_is_judged(learned):
    first = judge(running(42), learned.model, Tones().embed).verdict
    for seed in range(200, 210):
        judge(running(seed, 0.02, gain=3.0), learned.model, Tones().embed)
    assert judge(running(42), learned.model, Tones().embed).verdict == first


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(["silence", "constant", "nan", "infinite", "clipped", "one sample", "short", "huge"]),
    seed=st.integers(0, 1000),
    gain=st.floats(1e-6, 1e6),
)
def test_whatever_is_fed_there_is_a_verdict_and_no_pass_without_a_score(learned, kind, seed, gain):
    x = np.random.default_rng(seed).normal(0, 0.05, 2 * N)
    x = {
        "silence": 0 * x,
        "constant": 0 * x + gain,
        "nan": np.where(x > 0.2, np.nan, x),
        "infinite": np.where(np.arange(len(x)) == seed, np.inf, x),
        "clipped": np.clip(gain * x, -1, 1),
        "one sample": x[:1],
        "short": x[: seed + 1],
        "huge": 1e9 * gain * x,
    }[kind].astype(np.float32)
    capture = Capture(x, RATE, 0, len(x), before=False, after=False)

    verdict = judge(capture, learned.model, Tones().embed).verdict

    assert verdict.reason
    if verdict.evaluation is Evaluation.OK:
        assert verdict.score <= 1.0


def test_of_a_very_long_part_no_more_than_its_length_is_heard(learned):
    minutes = np.tile(running(42).samples, 300)

    long = judge(Capture(minutes, RATE, 0, len(minutes), before=False, after=False), learned.model, Tones().embed)

    assert long.verdict.score == judge(running(42), learned.model, Tones().embed).verdict.score
