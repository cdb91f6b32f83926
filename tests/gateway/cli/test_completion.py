"""A shell completes what there is: commands, options, choices."""

import shutil
import subprocess

import pytest

from gateway.cli.app import COMMANDS, main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_every_command_stands_in_the_script(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)
    assert "steady" in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(("words", "wanted"), [("wheeltapper che", "check"), ("wheeltapper doctor --off", "--offline"),
                                               ("wheeltapper teach --profile st", "steady")])  # fmt: skip
def test_bash_completes(words, wanted, tmp_path, capsys):
    main(["completion", "bash"])
    (tmp_path / "c").write_text(capsys.readouterr().out)
    given = words.split()
    ask = (
        f"source {tmp_path}/c; COMP_WORDS=({words}); COMP_CWORD={len(given) - 1}; _wheeltapper; echo ${{COMPREPLY[@]}}"
    )
    assert subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True).stdout.split() == [wanted]
