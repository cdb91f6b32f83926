import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gateway.cli import app

ROOT = Path(__file__).parents[3]


def test_help_names_every_command_and_loads_none_of_them():
    code = (
        "import sys; from gateway.cli.app import main; main(['--help']);"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy', 'rich.progress', 'pydantic')))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert all(f"  {name}" in done.stdout for name in app.COMMANDS)


def test_no_command_at_all_is_help(capsys):
    assert app.main([]) == 0
    assert "wheeltapper COMMAND --help" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys):
    assert app.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("wheeltapper 0.")


def test_a_command_that_is_not_there_is_met_with_the_nearest(capsys):
    assert app.main(["teech"]) == 2

    said = capsys.readouterr()
    assert said.err == "wheeltapper: there is no command teech; did you mean teach?\n"
    assert said.out == ""


@pytest.mark.parametrize("place", app.FAULTS)
def test_every_fault_in_the_table_exists(place):
    module, name = place.split(":")

    assert issubclass(getattr(import_module(module), name), Exception)


@pytest.mark.parametrize("place", [place for place, _ in app.COMMANDS.values()])
def test_every_command_in_the_table_exists(place):
    module, name = place.split(":")

    assert hasattr(import_module(module), name)


def test_a_wrong_option_is_the_command_lines_fault(capsys):
    assert app.main(["judge", "--nonsense"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_a_fault_of_a_room_becomes_its_sentence_and_its_code(tmp_path, capsys):
    assert app.main(["judge", str(tmp_path / "nowhere"), "x.wav"]) == 3

    said = capsys.readouterr()
    assert said.err.startswith(f"no recipe at {tmp_path}/nowhere; teach it: wheeltapper teach")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_reader_that_goes_away_is_no_traceback(tmp_path):
    done = subprocess.run(
        f"{sys.executable} -m gateway.cli.app --help | true", shell=True, cwd=ROOT, capture_output=True, text=True
    )

    assert "Traceback" not in done.stderr
