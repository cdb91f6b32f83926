import pytest

from gateway.wiring.build import front_plan, load_site, page_plan

SITE = """
[line]
name = "Line"
[serve]
page = "http://127.0.0.1:8080"
{more}
[[station]]
name = "c"
source = {{ kind = "simulated", sound = "pump" }}
[station.machine]
asset = "C"
"""


@pytest.mark.parametrize(("more", "anybody"), [("", False), ('metrics = "token"', False), ('metrics = "open"', True)])
def test_metrics_are_for_who_has_a_token_unless_the_site_file_says_otherwise(tmp_path, more, anybody):
    file = tmp_path / "line.toml"
    file.write_text(SITE.format(more=more))
    assert page_plan(load_site(file)).metrics_open is anybody


@pytest.mark.parametrize(("more", "named"), [("", False), ("opcua_commands = true", True)])
def test_nobody_changes_anything_by_opcua_unless_the_site_file_says_otherwise(tmp_path, more, named):
    file = tmp_path / "line.toml"
    file.write_text(SITE.format(more=f'opcua = "opc.tcp://127.0.0.1:4850"\n{more}'))
    site = load_site(file)
    plan = front_plan(site).opcua
    assert plan is not None
    assert plan.people == (str(site.store.folder) if named else "")
