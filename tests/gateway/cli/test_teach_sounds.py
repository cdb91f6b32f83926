"""`wheeltapper teach-sounds`, as a person calls it."""

import json

import pytest
import soundfile
from typer.testing import CliRunner

from gateway.audio.files import SoundFileError
from gateway.cli.teach_sounds import command
from models.kinds_folder import load_kinds
from models.sound_kinds import KindsError
from tests.models.glass import RATE, glass, machine, thud


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    """Five pieces of glass, forty seconds of a pump, three thuds."""
    folder = tmp_path_factory.mktemp("hall")
    for name, sounds in (
        ("glass", [glass(seed) for seed in range(5)]),
        ("pump", [machine(40.0)[start : start + 8 * RATE] for start in range(0, 40 * RATE, 8 * RATE)]),
        ("thuds", [thud(seed) for seed in range(3)]),
    ):
        (folder / name).mkdir()
        for index, sound in enumerate(sounds):
            soundfile.write(folder / name / f"{index}.flac", sound, RATE)
    return folder


def call(hall, kinds, *more):
    given = ("--kind", f"glass={hall / 'glass'}", "--background", str(hall / "pump"))
    return CliRunner().invoke(command, [str(kinds), *given, *more])


def test_it_says_what_was_learned_and_what_it_distrusts_and_writes_it(hall, tmp_path):
    done = call(hall, tmp_path / "kinds")

    assert done.exit_code == 0, done.output
    assert "of 5 heard when left out" in done.stdout
    assert "1 false alarm an hour, set by 0.6 min of background" in done.stdout
    assert "extrapolated; record more of it" in done.stdout
    assert "give --other PATH" in done.stdout
    assert load_kinds(tmp_path / "kinds").kinds.names == ("glass",)


def test_a_dry_run_writes_nothing_and_gives_the_same_figures_as_json(hall, tmp_path):
    done = call(hall, tmp_path / "kinds", "--other", str(hall / "thuds"), "--dry", "--json")

    said = json.loads(done.stdout)
    assert (said["written"], said["embedding"], said["others"]) == (False, "student", 3)
    assert said["kinds"][0]["name"] == "glass"
    assert not (tmp_path / "kinds").exists()


def test_a_kind_without_a_name_and_a_folder_in_use_are_refused(hall, tmp_path):
    nameless = CliRunner().invoke(command, [str(tmp_path), "--kind", str(hall), "--background", str(hall / "pump")])
    assert isinstance(nameless.exception, SoundFileError)
    assert "--kind glass=glass/" in str(nameless.exception)
    (tmp_path / "mine.txt").write_text("a person's own")
    assert isinstance(call(hall, tmp_path).exception, KindsError)
