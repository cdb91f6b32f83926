"""What the documents promise of tests and of the service is there."""

import re
import shutil
import subprocess

import pytest

from tests.docs.pages import DOCS, ROOT, name_of, pages

UNIT = ROOT / "deploy" / "wheeltapper.service"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_test_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    known = {
        name for f in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", f.read_text("utf-8"))
    }
    files = {f.name.removesuffix(".py") for f in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"\b(test_\w+)", text))

    assert not sorted(named - known - files)


def test_every_property_has_a_test_beside_it():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## What must hold")[2]
    rows = re.findall(r"^\| (\d) \| \*\*(.+?)\*\*.*? \| (.+) \|$", text, re.M)

    assert [int(number) for number, _, _ in rows] == list(range(1, 9))
    assert all("test_" in tests for _, _, tests in rows)


def test_every_decision_says_what_was_decided():
    for page in sorted((DOCS / "decisions").glob("*.md")):
        if page.name != "index.md":
            text = page.read_text(encoding="utf-8")
            assert text.startswith("# ")
            assert "**Decision.**" in text, name_of(page)


def test_every_line_of_the_unit_the_installation_explains_is_in_it():
    told = (DOCS / "install.md").read_text(encoding="utf-8").partition("What the unit says")[2].partition("The unit")[0]
    settings = re.findall(r"`(\w+=[^`]+)`", told)
    unit = UNIT.read_text(encoding="utf-8").splitlines()

    assert settings
    assert not [setting for setting in settings if not any(line.startswith(setting) for line in unit)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here to read the unit")
def test_systemd_understands_the_unit(tmp_path):
    unit = tmp_path / UNIT.name
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8"), flags=re.M)
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=30, check=False
    )

    assert UNIT.name not in done.stderr, done.stderr
