"""A folder of recorded castings, and the recipe they taught."""

import numpy as np
import pytest
import soundfile

from analytics.synthesis.parts import part_sound
from gateway.cli.app import main

RATE = 16_000


def record(path, part_id, rate=RATE, channels=1):
    sound = part_sound("castings", 7, part_id, rate).samples
    path.parent.mkdir(exist_ok=True, parents=True)
    soundfile.write(path, np.repeat(sound[:, None], channels, axis=1), rate, subtype="PCM_24")
    return path


@pytest.fixture(name="record")
def give_record():
    return record


@pytest.fixture(scope="session")
def plant(tmp_path_factory):
    """`good/` with 16 castings, `recipe/` taught from them at 16 kHz."""
    folder = tmp_path_factory.mktemp("plant")
    for index in range(16):
        record(folder / "good" / f"{index:02}.wav", f"T{index}")
    assert main(["teach", str(folder / "recipe"), "--good", str(folder / "good")]) == 0
    return folder
