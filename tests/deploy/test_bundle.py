"""What goes into a bundle is told from the lock alone; what was changed on the way is found."""

import hashlib
import importlib.util
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def script(name):
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", ROOT / "deploy" / "bundle" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKE, VERIFY = script("make"), script("verify")


@pytest.mark.parametrize("platform", MAKE.PLATFORMS)
def test_what_runs_on_a_line_is_taken_and_what_developers_use_is_not(platform):
    lock = (ROOT / "requirements.lock").read_text()
    names = [block.split("==")[0] for block in MAKE.needed(lock, MAKE.PLATFORMS[platform], "3.11")]
    assert {"numpy", "asyncua", "fastapi", "onnxruntime"} <= set(names)
    assert not {"pytest", "ruff", "mypy", "hypothesis", "mkdocs"} & set(names)
    assert len(names) == len(set(names))
    assert ("tzdata" in names) >= (platform == "windows")


def test_a_marker_picks_one_version_and_does_not_stand_in_the_list():
    lock = (
        "numpy==1 ; python_full_version < '3.12' \\\n    --hash=sha256:aa\n    # via wheeltapper (pyproject.toml)\n"
        "numpy==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:bb\n    # via wheeltapper (pyproject.toml)\n"
        "loop==1 \\\n    --hash=sha256:cc\n    # via other\n"
    )
    (block,) = MAKE.needed(lock, MAKE.PLATFORMS["linux-arm64"], "3.12")
    assert block.startswith("numpy==2 \\\n    --hash=sha256:bb")


def test_a_changed_a_missing_and_a_strange_file_are_each_named(tmp_path):
    (tmp_path / "wheels").mkdir()
    lines = []
    for name in ("a.whl", "b.whl", "c.whl"):
        (tmp_path / "wheels" / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  wheels/{name}\n")
    (tmp_path / "SHA256SUMS").write_text("".join(lines))
    assert VERIFY.faults(tmp_path) == []
    (tmp_path / "wheels" / "a.whl").write_text("other")
    (tmp_path / "wheels" / "b.whl").unlink()
    (tmp_path / "wheels" / "d.whl").touch()
    assert [line.split(":")[0] for line in VERIFY.faults(tmp_path)] == ["wheels/a.whl", "wheels/b.whl", "wheels/d.whl"]


def test_the_installer_is_a_proper_shell_script():
    subprocess.run(["sh", "-n", str(ROOT / "deploy" / "bundle" / "install.sh")], check=True)
