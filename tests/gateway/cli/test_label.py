"""What a person at a terminal says of parts and asks of recipes."""

import pytest

from gateway.cli import activate, label, propose
from gateway.cli.app import main
from gateway.store.database import Store
from gateway.store.labels import ProposalRow, add_proposal
from tests.gateway.serve.api.test_api import AT, add

FIGURES = {
    "before": {"good": 40, "false_rejects": 3, "bad": 9, "missed": 4},
    "after": {"good": 40, "false_rejects": 1, "bad": 9, "missed": 2},
    "better": ["ring part 7 P7"],
    "worse": [],
}


@pytest.fixture
def asked(monkeypatch):
    """What would be asked of a running gateway."""
    told = []
    for module in (label, propose, activate):
        monkeypatch.setattr(
            module,
            "carry_out",
            lambda name, target, who, folder, *, wait_s, as_json, arguments: told.append((name, target, arguments)),
        )
    return told


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path, "now")
    yield store
    store.close()


def test_a_part_is_labelled_by_the_newest_of_its_name(asked, store, tmp_path):
    add(store, 1, part_id="SN-1")
    second = add(store, 2, part_id="SN-1")
    assert main(["label", "SN-1", "bad", "--class", "crack", "--store", str(tmp_path)]) == 0
    assert main(["label", str(second), "good", "--id", "--store", str(tmp_path)]) == 0
    assert asked == [
        ("label", str(second), {"said": "bad", "class": "crack"}),
        ("label", str(second), {"said": "good"}),
    ]


def test_a_part_nobody_knows_or_two_stations_judged_is_not_labelled(asked, store, tmp_path, capsys):
    add(store, 1, part_id="SN-1")
    add(store, 1, station="motor", part_id="SN-1")
    assert main(["label", "SN-2", "good", "--store", str(tmp_path)]) == 1
    assert main(["label", "SN-1", "good", "--store", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "SN-2: no such part in the store" in said
    assert "SN-1: judged at motor and ring; name one: --station" in said
    assert asked == []


@pytest.mark.parametrize(("version", "code"), [(2, 0), (None, 1)])
def test_a_proposal_is_shown_beside_the_version_in_use(store, tmp_path, monkeypatch, capsys, version, code):
    def come(*given, **more):
        with store.commit() as db:
            add_proposal(db, ProposalRow(0, AT, "ring", 1, "ana", "casting v1 abc", version, "What came.", FIGURES))

    monkeypatch.setattr(propose, "carry_out", come)
    assert main(["propose", "ring", "--type", "1", "--store", str(tmp_path)]) == code
    said = capsys.readouterr().out
    assert "What came." in said
    assert "  false rejects, of 40              3        1" in said
    assert "judged rightly now   ring part 7 P7" in said
    assert ("wheeltapper activate ring 2 --type 1" in said) is (version is not None)


def test_a_version_is_put_to_use_by_number_or_one_step_back(asked, store, tmp_path):
    assert main(["activate", "ring", "3", "--type", "1", "--store", str(tmp_path)]) == 0
    assert main(["activate", "ring", "before", "--store", str(tmp_path)]) == 0
    assert asked == [
        ("activate", "ring", {"version": "3", "type": "1"}),
        ("activate", "ring", {"version": "before"}),
    ]
