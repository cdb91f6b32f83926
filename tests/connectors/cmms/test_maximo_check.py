from datetime import UTC, datetime

import pytest

from connectors.simulated.maximo import Asset, Fault


@pytest.fixture
def wall():
    """The check compares Maximo's clock with ours, so here both are the same."""
    return lambda: datetime.now(UTC)


def bad(port):
    return {finding.where: finding.sentence for finding in port.check() if not finding.ok}


def test_a_site_that_fits_has_no_bad_finding_and_shows_what_a_person_must_judge(maximo, connect):
    findings = connect(maximo, priority={"critical": 1}, assets=("PUMP-7",)).check()

    assert all(finding.ok for finding in findings), findings
    said = {finding.where: finding.sentence for finding in findings}
    assert said["key"] == "logged in as WHEELTAP; default site BEDFORD"
    assert said["priority.critical"] == "critical is sent as WOPRIORITY 1; is that how this site counts?"
    assert said["asset PUMP-7"] == "PUMP-7 at BEDFORD: Cooling pump 7"


def test_a_missing_priority_is_told_and_is_no_fault(maximo, connect):
    said = {finding.where: finding for finding in connect(maximo).check()}

    assert said["priority"].ok
    assert "none is guessed" in said["priority"].sentence


def test_a_refused_key_ends_the_check_with_one_finding(start, connect):
    (finding,) = connect(start(keys={})).check()

    assert not finding.ok
    assert finding.sentence == "Maximo answered 401: BMXAA0021E: you are not logged in."


def test_a_login_page_is_told_as_one(maximo, connect):
    maximo.faults.add(Fault("login-page"))
    (finding,) = connect(maximo).check()

    assert "login page" in finding.sentence


def test_a_maximo_that_is_away_is_one_finding(maximo, connect):
    port = connect(maximo)
    maximo.stop()
    (finding,) = port.check()

    assert "cannot be reached" in finding.sentence


def test_assets_are_looked_up_one_by_one(start, connect):
    assets = (Asset("PUMP-7"), Asset("PUMP-9", status="DECOMMISSIONED"))
    faults = bad(connect(start(assets=assets), assets=("PUMP-7", "PUMP-9", "NO-SUCH", "%")))

    assert faults == {
        "asset PUMP-9": "PUMP-9 is DECOMMISSIONED at BEDFORD; Maximo takes no order for it",
        "asset NO-SUCH": "no asset NO-SUCH at site BEDFORD",
        "asset %": "no asset % at site BEDFORD",
    }


def test_fields_too_short_for_what_is_sent_are_named(start, connect):
    maximo = start(lengths={"externalrefid": 10, "ownersysid": 4, "description": 20, "worktype": 2})
    faults = bad(connect(maximo, worktype="CBM"))

    assert set(faults) == {"externalrefid", "ownersysid", "description", "worktype"}
    assert faults["externalrefid"].startswith("externalrefid holds 10 characters; 20 are needed")


def test_a_field_the_structure_leaves_out_is_named(maximo, connect):
    faults = bad(connect(maximo, owner_field="sourcesysid"))

    assert faults == {"sourcesysid": "MXAPIWODETAIL has no field sourcesysid; include it in the object structure"}


def test_missing_rights_and_a_wrong_structure_are_named(start, connect):
    assert "BMXAA9301E" in str(bad(connect(start(refused_users=frozenset({"WHEELTAP"})))))
    assert "is the object structure's name right?" in str(bad(connect(start(), work_order_structure="MXNONE")))


def test_clocks_that_differ_are_told(start, connect):
    maximo = start()
    maximo._rows.wall = lambda: datetime(2026, 1, 1, tzinfo=UTC)
    maximo._service.wall = maximo._rows.wall

    assert "set both by NTP" in bad(connect(maximo))["clock"]
