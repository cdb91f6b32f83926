import pytest

from connectors.cmms.maximo_rest import MaximoFault, Schema, record_path


@pytest.mark.parametrize(
    "href",
    [
        "https://m.example/maximo/api/os/mxapiwodetail/_QkVERk9SRC8x",
        "http://inside.local:9080/maximo/oslc/os/mxapiwodetail/_QkVERk9SRC8x?lean=1",
        "oslc/os/mxapiwodetail/_QkVERk9SRC8x",
        "/maximo/oslc/os/mxapiwodetail/_QkVERk9SRC8x",
    ],
)
def test_of_a_link_only_the_record_is_used_whatever_host_it_names(href):
    assert record_path(href) == "os/mxapiwodetail/_QkVERk9SRC8x"


def test_a_rest_id_keeps_its_signs():
    assert record_path("os/mxapiasset/_VEVTVC0xL0JFREZPUkQ-") == "os/mxapiasset/_VEVTVC0xL0JFREZPUkQ-"
    assert record_path("os/mxapiasset/_a%2Fb%2Bc") == "os/mxapiasset/_a%2Fb%2Bc"


@pytest.mark.parametrize(
    "href", ["", "https://m.example/", "os/mxwo", "os/mxwo/../../x", "os/mxwo/_a/b", "http://[", "os/mxwo/_a\r\nX: y"]
)
def test_a_link_that_names_no_record_is_refused(href):
    with pytest.raises(MaximoFault, match="names no record"):
        record_path(href)


def test_a_length_the_site_does_not_say_is_that_of_the_demo_database():
    assert Schema({"description": 60}, frozenset(), frozenset()).length("description") == 60
    assert Schema({}, frozenset(), frozenset()).length("description") == 100
