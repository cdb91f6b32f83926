import json

import pytest

from connectors.plc.trust import TrustFolder, shown
from gateway.cli.app import main

SITE = """
[line]
name = "Casting line 2"
timezone = "Europe/Berlin"

[plc.main]
kind = "opcua"
url = "opc.tcp://127.0.0.1:4840"

[[station]]
name = "ring"
source = { kind = "simulated", sound = "castings" }

[station.parts]
plc = "main"
tags = "nsu=urn:line2:gateway;s=ring."
"""


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "line.toml"
    path.write_text(SITE)
    return path


@pytest.fixture
def refused(tmp_path):
    """A certificate that came and was not trusted."""
    der = TrustFolder(tmp_path / "peer").own("urn:press:plc")[0].read_bytes()
    TrustFolder(tmp_path / "certificates").reject(der)
    return shown(der)


def test_nothing_refused_is_said(site, capsys):
    assert main(["trust", str(site)]) == 0

    assert "No certificate waits for your word." in capsys.readouterr().out


def test_a_refused_certificate_is_shown_with_the_command_that_trusts_it(site, refused, capsys):
    assert main(["trust", str(site)]) == 0

    out = capsys.readouterr().out
    assert refused.pairs in out
    assert "calls itself urn:press:plc" in out
    assert f"wheeltapper trust {site} --accept {refused.fingerprint[:16]}" in out


def test_a_word_trusts_exactly_that_one(site, refused, tmp_path, capsys):
    assert main(["trust", str(site), "--accept", refused.fingerprint[:16]]) == 0

    folder = TrustFolder(tmp_path / "certificates")
    assert folder.trusted() == [refused]
    assert folder.rejected() == []
    assert "plc.main: " in capsys.readouterr().out


def test_a_wrong_word_fails_with_one_sentence_and_trusts_nothing(site, refused, tmp_path, capsys):
    assert main(["trust", str(site), "--accept", "0123456789"]) == 1

    assert f"there are: {refused.fingerprint[:16]}" in capsys.readouterr().err
    assert TrustFolder(tmp_path / "certificates").trusted() == []


def test_programs_read_one_object_a_certificate(site, refused, capsys):
    assert main(["trust", str(site), "--json"]) == 0

    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (record["where"], record["state"], record["fingerprint"]) == ("plc.main", "refused", refused.fingerprint)
    assert record["uris"] == ["urn:press:plc"]


def test_a_folder_that_plc_and_own_server_share_is_named_by_both(site, refused, capsys):
    site.write_text(SITE + '\n[serve]\nopcua = "opc.tcp://127.0.0.1:4850"\n')

    assert main(["trust", str(site)]) == 0

    assert "plc.main, serve  refused  " in capsys.readouterr().out
