import pytest
import structlog

from config.load import SiteError
from gateway.processes.clock import SystemClock
from gateway.wiring.build import ledger_plan, load_site
from gateway.wiring.cmms import WiredLedger, cmms_settings, run_wired_ledger

SITE = """
[line]
name = "Line"

[cmms.maximo]
kind = "maximo"
url = "https://manage.example.com/maximo/api/"
key = "${MAXIMO_KEY}"
site = "BEDFORD"

[[station]]
name = "pump-7"
source = { kind = "simulated", sound = "pump" }
[station.machine]
asset = "PUMP-7"
orders = "maximo"
"""


def loaded(tmp_path, keys=""):
    file = tmp_path / "line.toml"
    file.write_text(SITE.replace("[[station]]", f"{keys}\n\n[[station]]"))
    return load_site(file)


def faults_of(tmp_path, keys):
    with pytest.raises(SiteError) as raised:
        loaded(tmp_path, keys)
    return {fault.where: fault.sentence for fault in raised.value.faults}


def test_every_key_of_a_maximo_reaches_its_connector(tmp_path):
    keys = """
creates = "service request"
work_type = "CBM"
priority = { critical = 1 }
proxy = "http://10.0.0.1:3128"
work_order_structure = "OURWO"
request_structure = "OURSR"
asset_structure = "OURASSET"
owner = "LINE2"
peoples_orders = "problem code"
corrective_worktypes = ["CM"]
problem_codes = { "outer race" = "BRGOUTER" }
page_link = "https://gateway.example.com/incidents"
timeout = "10 s"
"""
    settings = cmms_settings(loaded(tmp_path, keys), "maximo")

    assert (settings.url, settings.site) == ("https://manage.example.com/maximo/api", "BEDFORD")
    assert (settings.creates, settings.worktype, settings.priority) == ("service request", "CBM", {"critical": 1})
    assert (settings.structure, settings.work_order_structure, settings.asset_structure) == (
        "OURSR", "OURWO", "OURASSET"
    )  # fmt: skip
    assert (settings.owner, settings.peoples_orders, settings.corrective_worktypes) == (
        "LINE2",
        "problem code",
        ("CM",),
    )
    assert settings.problem_codes == {"outer race": "BRGOUTER"}
    assert (settings.proxy, settings.page_link) == ("http://10.0.0.1:3128", "https://gateway.example.com/incidents")
    assert (settings.read_s, settings.total_s, settings.assets) == (10.0, 15.0, ("PUMP-7",))


def test_without_a_key_the_connectors_own_defaults_hold(tmp_path):
    settings = cmms_settings(loaded(tmp_path), "maximo")
    plain = type(settings)(settings.url, settings.key, settings.site, assets=settings.assets)

    assert (settings.read_s, settings.total_s) == (plain.read_s, plain.total_s)
    assert settings == plain


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_authority_that_cannot_be_read_is_a_fault_of_the_file(tmp_path, content):
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)

    (found,) = faults_of(tmp_path, 'ca_file = "ca.pem"').items()
    assert found[0] == "cmms.maximo.ca_file"
    assert str(tmp_path / "ca.pem") in found[1]
    assert "wanted a PEM file" in found[1]


def test_what_only_the_connector_knows_is_told_as_faults_of_the_file(tmp_path):
    found = faults_of(tmp_path, 'peoples_orders = "problem code"\npriority = { critical = 1000 }')

    assert set(found) == {"cmms.maximo.problem_codes", "cmms.maximo.priority.critical"}


@pytest.mark.parametrize("proxy", ["socks5://h:1", "http://user:secret@h:1", "http://h", "http://h:1/path", "h:1"])
def test_a_proxy_that_cannot_be_used_or_holds_a_password_is_refused(tmp_path, proxy):
    ((where, sentence),) = faults_of(tmp_path, f'proxy = "{proxy}"').items()
    assert where == "cmms.maximo.proxy"
    assert "secret" not in sentence


def test_a_store_that_cannot_be_used_is_one_line_in_the_log_and_the_end_of_the_process(tmp_path):
    site = loaded(tmp_path)
    (tmp_path / "data").write_text("a file where the folder should be")

    with structlog.testing.capture_logs() as said, pytest.raises(SystemExit) as end:
        run_wired_ledger(WiredLedger(ledger_plan(site), {}), None, SystemClock())

    assert end.value.code == 1
    (line,) = said
    assert line["kind"] == "store-unusable"
