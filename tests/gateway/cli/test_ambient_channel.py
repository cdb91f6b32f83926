import json

import numpy as np
import pytest
import soundfile

from gateway.cli.app import main

RATE = 16_000


def running(path, seed, over=0.0):
    """A second of a machine on channel 1; channel 2 hears it 15 dB weaker, and as loudly what comes from elsewhere."""
    rng = np.random.default_rng(seed)
    machine, elsewhere = rng.normal(0, 0.1, RATE), rng.normal(0, over or 1e-9, RATE)
    path.parent.mkdir(exist_ok=True)
    sound = np.stack([machine + elsewhere, 0.178 * machine + elsewhere], axis=1)
    soundfile.write(path, sound, RATE, subtype="PCM_24")
    return path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("running")
    for seed in range(10):
        running(folder / "good" / f"{seed}.wav", seed)
    channels = ["--channel", "1", "--ambient-channel", "2"]
    assert main(["teach", str(folder / "recipe"), "--good", str(folder / "good"), *channels]) == 0
    return folder / "recipe"


@pytest.mark.parametrize(("over", "words"), [(0.0, []), (0.03, ["disturbed"])])
def test_the_ambient_channel_tells_a_disturbed_part_from_a_quiet_one(recipe, tmp_path, capsys, over, words):
    path = running(tmp_path / "part.wav", 99, over)
    assert main(["judge", str(recipe), str(path), "--channel", "1", "--ambient-channel", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["quality"] == words
    assert (told["verdict"] == "NotDecidable") == bool(words)


def test_without_it_disturbance_could_not_be_looked_for(recipe, tmp_path, capsys):
    path = running(tmp_path / "part.wav", 99)
    assert main(["judge", str(recipe), str(path), "--channel", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["quality"] == ["no_context"]


def test_an_ambient_channel_that_is_not_there_is_named(recipe, tmp_path, capsys):
    path = running(tmp_path / "part.wav", 99)
    assert main(["judge", str(recipe), str(path), "--channel", "1", "--ambient-channel", "3"]) == 1
    assert "there is no channel 3" in capsys.readouterr().err
