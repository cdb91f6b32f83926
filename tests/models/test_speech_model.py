"""The model of speech, as it ships."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from models.embedding import ModelError
from models.speech import CARD, SpeechModel

DATA = Path(__file__).parents[2] / "../shared/data"
RATE = 16_000


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return SpeechModel()


def hum(seconds: float = 3.0) -> NDArray[np.float32]:
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).normal(0, 0.02, len(t))
    return np.asarray(0.05 * np.sin(2 * np.pi * 49.3 * t) + noise, np.float32)


def test_hum_and_noise_are_no_speech(model: SpeechModel) -> None:
    assert model.spans(hum(), RATE) == ()


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_silence_one_sample_and_nan_are_no_speech(model: SpeechModel, rate: int) -> None:
    for samples in (np.zeros(0), np.zeros(rate), np.ones(1), np.full(rate, np.nan)):
        assert model.spans(samples.astype(np.float32), rate) == ()


def test_a_word_as_loud_as_the_machine_is_found_where_it_lies(model: SpeechModel) -> None:
    found = sorted((DATA / "speech").glob("*/digit3_*.flac"))
    if not found:
        pytest.skip(f"recordings that are not here ({DATA})")
    word, rate = soundfile.read(found[0], dtype="float32")
    word = np.repeat(word, RATE // rate)
    sound = hum(6.0)
    start = 3 * RATE
    sound[start : start + len(word)] += word * (sound.std() / word.std())

    spans = model.spans(sound, RATE)

    assert any(a <= start and start + len(word) <= b for a, b in spans)
    assert all(a > 2 * RATE and b < 5 * RATE for a, b in spans)


def test_the_same_sound_gives_the_same_numbers_on_every_run(model: SpeechModel) -> None:
    assert (model.probability(hum(), RATE) == SpeechModel().probability(hum(), RATE)).all()


def test_a_sound_longer_than_a_run_is_one_sound(model: SpeechModel) -> None:
    probability = model.probability(hum(20.0), RATE)

    assert probability.shape == (625,)


def test_a_swapped_or_missing_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    card = tmp_path / "silero-vad.json"
    shutil.copy(CARD, card)
    with pytest.raises(ModelError, match="no speech model"):
        SpeechModel(card)
    (tmp_path / "silero-vad.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match="found sha256"):
        SpeechModel(card)


def test_a_damaged_card_is_refused_in_one_sentence(tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    with pytest.raises(ModelError, match="no card"):
        SpeechModel(card)
    card.write_text(json.dumps({"format": 2}))
    with pytest.raises(ModelError, match="install wheeltapper again"):
        SpeechModel(card)
