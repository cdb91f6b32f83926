"""What the documents show as output is what the program prints."""

import inspect
import io
import re

import pytest
from rich.console import Console

from config.load import SiteError, load
from gateway.cli.demo_summary import Summary
from gateway.cli.demo_table import render
from tests.docs.pages import DOCS, README, blocks
from tests.gateway.serve.snapshots import a_snapshot


def shown(page, start):
    """Give the block of a page that begins so."""
    return next(block.text for block in blocks(page, "", "text") if re.match(start, block.text))


def test_the_demos_table_in_the_readme_has_the_columns_of_the_real_one():
    screen = io.StringIO()
    Console(width=200, file=screen).print(render(a_snapshot()))
    head, columns, *_ = [re.split(r"\s{2,}", line.strip()) for line in screen.getvalue().splitlines()]
    told_head, told_columns, *_ = [
        re.split(r"\s{2,}", line.strip()) for line in shown(README, r"Casting line 2 \(simulated\)").splitlines()
    ]

    assert told_columns == columns
    assert len(told_head) == len(head)
    assert told_head[0] == head[0]


def test_the_demos_summary_in_the_readme_says_what_the_real_one_says():
    source = _words(inspect.getsource(Summary.lines))
    lines = shown(README, r"\d+ s against the known truth").splitlines()[1:]
    assert lines
    for line in lines:
        told = re.sub(r"Pump 7.*?(?= \(\d+ attached)", "", line)  # the order's own title
        unknown = [word for word in _words(told) - source if word not in {"ring", "gearmotor"}]
        assert not unknown, f"{line}: {unknown}"


def _words(text):
    return set(re.findall(r"[A-Za-z]{2,}", text))


FAULTY = """
[line]
name = "Casting line 2"

[plc.main]
kind = "opcua"
url = "opc.tcp://10.20.0.5:4840"
securty = "None"

[[station]]
name = "ring"
mode = "actve"
source = { kind = "microphone", device = "USB Audio", rate = 48000 }

[station.parts]
plc = "man"
tags = "nsu=urn:line2:gateway;s=ring."
recipes = { 1 = "recipes/bracket-A" }
deadline_ms = 400
"""


def test_the_faults_in_the_reference_of_the_site_file_are_those_that_are_printed(tmp_path):
    site = tmp_path / "line.toml"
    site.write_text(FAULTY, encoding="utf-8")
    with pytest.raises(SiteError) as error:
        load(site)

    assert shown(DOCS / "site-file.md", r"line\.toml: ") == "\n".join(error.value.lines()) + "\n"


def test_the_faults_in_the_readme_are_those_its_own_site_file_would_give(tmp_path):
    (good,) = [block.text for block in blocks(README, "toml") if "[[station]]" in block.text]
    faulty = good.replace('user = "wheeltapper"', 'securty = "None"').replace("teach_parts = 60", "")
    faulty = faulty.replace('recipes = { 1 = "recipes/bracket-A" }', 'recipes = { 2 = "recipes/bracket-B" }')
    site = tmp_path / "line.toml"
    site.write_text(faulty, encoding="utf-8")
    with pytest.raises(SiteError) as error:
        load(site)

    assert shown(README, r"line\.toml: ") == "\n".join(error.value.lines()) + "\n"
