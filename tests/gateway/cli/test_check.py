import json
from pathlib import Path

import pytest

from connectors.plc.contract import CONTRACT
from gateway.cli.app import main
from gateway.serve.front import station_tags

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"

SITE = """
[line]
name = "Line"
[plc.main]
kind = "modbus"
host = "127.0.0.1"
port = {port}
[[station]]
name = "ring"
source = {{ kind = "simulated", sound = "castings" }}
[station.parts]
plc = "main"
block = 1
recipes = {{ 1 = "recipes/a" }}
teach_parts = 20
[serve]
modbus = "127.0.0.1:0"
"""


@pytest.fixture
def site(tmp_path):
    file = tmp_path / "line.toml"
    file.write_text(SITE.format(port=1))  # nobody listens on port 1
    return file


def test_a_good_file_is_one_line_and_exit_code_0(site, capsys):
    assert main(["check", str(site)]) == 0
    assert "no fault: 1 stations (1 of parts" in capsys.readouterr().out


def test_five_faults_are_five_lines_and_exit_code_2(site, capsys):
    text = (
        site.read_text().replace("host =", "hots =").replace('"castings"', '"castngs"').replace("block = 1", "blok = 1")
    )
    site.write_text(text.replace('plc = "main"', 'plc = "mian"').replace("teach_parts = 20", "deadline_ms = 200"))

    assert main(["check", str(site)]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[-1].endswith("faults. Nothing was started.")
    for where in ("plc.main.hots", "source.sound", "parts.blok", "parts.plc", "parts.deadline_ms"):
        assert sum(where in line for line in lines) == 1, (where, lines)


def test_connect_says_how_each_connection_is_and_fails_where_one_does_not_do(site, capsys):
    assert main(["check", str(site), "--connect", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_where = {line["where"]: line for line in lines}
    assert by_where["source of ring"]["ok"]
    assert by_where["ring: recipe of type 1"]["sentence"] == "will be learned from 20 parts in Mode 3"
    (refused,) = [line for line in lines if not line["ok"]]
    assert "127.0.0.1:1" in refused["sentence"]


def test_connect_waits_for_the_first_sound_of_a_microphone_and_says_which_one_it_does_not_find(site, capsys):
    text = site.read_text().replace(
        'kind = "simulated", sound = "castings"', 'kind = "microphone", device = "none such"'
    )
    site.write_text(text)

    assert main(["check", str(site), "--connect"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "source of ring" in line]
    assert line.startswith("FAULT")
    assert "none such" in line or "PortAudio was not found" in line  # the latter where there is no audio system


def test_full_prints_every_setting_and_every_tag_with_type_range_and_writer(site, capsys):
    assert main(["check", str(site), "--full", "--json"]) == 0
    settings, tags, _ = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert settings["settings"]["station[0].parts.margin_ms"] == "20"
    assert [tag["tag"] for tag in tags["plc_tags"]] == [tag.name for tag in CONTRACT]
    assert {tag["writes"] for tag in tags["plc_tags"]} == {"PLC", "nobody (observe)"}
    assert tags["plc_tags"][-1]["where"] == "register 109 (400110)"  # block 1 = 64, G block + 32, MapVersion + 13
    nodes = {tag["node"] for tag in tags["own_tags"]}
    assert "nsu=urn:wheeltapper;s=Line/ring/Result/Verdict" in nodes
    from gateway.serve.plan import ServedStation

    assert len(nodes) > len(station_tags([ServedStation("ring", True, False)])[0][1])


def test_full_is_a_table_for_people(capsys):
    assert main(["check", str(EXAMPLES / "modbus.toml"), "--full"]) == 0
    printed = capsys.readouterr().out
    assert "Every setting (* = default)" in printed
    assert "TrigSeq" in printed
    assert "commit word, written last" in printed
