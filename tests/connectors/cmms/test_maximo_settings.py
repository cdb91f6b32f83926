import pickle

import pytest

from connectors.cmms.maximo import MaximoSettings


def settings(**changes):
    given = {"url": "https://m.example/maximo/api", "key": str, "site": "BEDFORD"}
    return MaximoSettings(**given | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "m.example/maximo/api"}, "url: found"),
        ({"url": "ftp://m.example/maximo/api"}, "url: found"),
        ({"url": "https:///maximo/api"}, "url: found"),
        ({"url": "https://me:secret@m.example/maximo/api"}, "url: it holds a user"),
        ({"url": "https://m.example/maximo/api?apikey=secret"}, "url: it holds a user"),
        ({"url": "https://m.example/maximo/api/maximo/api"}, "url: found the path"),
        ({"url": "https://m.example/maximo/api/os/mxwo"}, "url: found the path"),
        ({"site": ""}, "site: it is empty"),
        ({"priority": {"critical": 1000}}, r"priority\.critical: found 1000; wanted 0 to 999"),
        ({"priority": {"critical": -1}}, r"priority\.critical: found -1"),
        ({"owner": "WHEELTAPPER"}, "owner: found 'WHEELTAPPER'; wanted 1 to 10 characters"),
        ({"read_s": 0}, "wanted seconds above 0"),
    ],
)
def test_what_can_never_work_is_refused_in_one_sentence(changes, said):
    with pytest.raises(ValueError, match=said) as refusal:
        settings(**changes)
    assert "secret" not in str(refusal.value)


def test_all_faults_are_named_at_once():
    with pytest.raises(ValueError, match="site") as refusal:
        settings(site="", priority={"critical": 1000})
    assert len(str(refusal.value).splitlines()) == 2


def test_a_proxy_may_hold_no_password_and_a_fault_does_not_repeat_it():
    assert settings(proxy="http://10.0.0.1:3128").proxy
    with pytest.raises(ValueError, match="proxy: wanted http://HOST:PORT") as refusal:
        settings(proxy="http://user:secret@10.0.0.1:3128")
    assert "secret" not in str(refusal.value)


def test_to_compare_problem_codes_some_must_be_given():
    with pytest.raises(ValueError, match="problem_codes: it is empty"):
        settings(peoples_orders="problem code")


def test_priorities_may_run_either_way_and_may_be_missing():
    for priority in ({}, {"critical": 1, "warning": 3}, {"critical": 999, "warning": 0}):
        assert settings(priority=priority).priority == priority


def test_settings_travel_to_another_process():
    there = pickle.loads(pickle.dumps(settings()))

    assert there == settings()


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("http://127.0.0.1:1/maximo/api", False),
        ("http://m.example/maximo/api/", True),
        ("https://m.example/maximo/api", False),
    ],
)
def test_a_key_in_clear_is_known_by_the_address(url, clear):
    assert settings(url=url).in_clear is clear
