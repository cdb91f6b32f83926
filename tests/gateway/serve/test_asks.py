"""Files that ask: whatever lies there is either exactly a command or one sentence."""

import json
import os
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.ledger.commands import RULES
from gateway.serve import asks
from gateway.serve.asks import Ask, AskFault, Reply

GOOD = {"version": 1, "name": "acknowledge", "target": "ABCD", "who": "Ana"}
TEXTS = st.text(st.characters(), max_size=120)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("asks") / "one.ask"


def test_every_command_the_ledger_knows_can_be_asked_for_and_no_other():
    heard_elsewhere = {"listen"}  # page and API note who listens; nobody listens at a terminal
    assert set(Ask.model_json_schema()["properties"]["name"]["enum"]) == set(RULES) - heard_elsewhere


@given(content=st.binary(max_size=300) | st.recursive(TEXTS, st.lists, max_leaves=5).map(lambda v: repr(v).encode()))
@example(content=b"[" * 4000)
@example(content=b'{"who": NaN}')
@example(content=b'{"version":1,"name":"acknowledge","target":"A","who":"\\ud800"}')
@example(content=b'{"version":1,"name":"acknowledge","target":"A","who":"\\u001b[2J"}')
def test_whatever_is_not_a_command_is_one_sentence(path, content):
    path.write_bytes(content)
    with pytest.raises(AskFault) as fault:
        asks.read(path, Ask)
    assert str(fault.value).isprintable()
    assert len(str(fault.value)) < 300


@given(name=st.sampled_from(sorted(RULES)) | TEXTS, target=TEXTS, who=TEXTS)
def test_what_is_read_is_what_was_written_and_within_bounds(path, name, target, who):
    path.write_text(json.dumps({**GOOD, "name": name, "target": target, "who": who}), encoding="utf-8")
    try:
        ask = asks.read(path, Ask)
    except AskFault:
        return
    assert (ask.name, ask.target, ask.who) == (name, target, who)
    assert name in RULES
    for text in (target, who):
        assert text.isprintable()
        assert text.strip()
        assert len(text) <= 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version"),
        ({"version": "1"}, "version"),
        ({"name": "reboot"}, "name"),
        ({"who": ""}, "who"),
        ({"who": "   "}, "who"),
        ({"who": "Ana\nroot: accepted"}, "who"),
        ({"target": 7}, "target"),
        ({"target": "x" * 101}, "target"),
        ({"via": "page"}, "a key nobody knows"),
        ({"who": "x" * 5000}, "longer than"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(path, change, said):
    path.write_text(json.dumps({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(AskFault, match=said) as fault:
        asks.read(path, Ask)
    assert "x" * 20 not in str(fault.value)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text(json.dumps(GOOD), encoding="utf-8")
    try:
        (tmp_path / "a.ask").symlink_to(tmp_path / "secret")
    except OSError:
        pytest.skip("this user may make no links")
    with pytest.raises(AskFault):
        asks.read(tmp_path / "a.ask", Ask)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.ask")
    with pytest.raises(AskFault, match="not a plain file"):
        asks.read(tmp_path / "a.ask", Ask)


def test_a_folder_is_no_command(tmp_path):
    (tmp_path / "a.ask").mkdir()
    with pytest.raises(AskFault):
        asks.read(tmp_path / "a.ask", Ask)


@given(name=TEXTS | st.sampled_from(["../../etc/passwd.ask", "0" * 31 + ".ask", "0" * 32, "0" * 32 + ".ask.part"]))
def test_a_name_that_is_not_ours_has_no_token(name):
    assert asks.token_of(name, asks.ASK) is None


def test_a_file_is_written_whole_and_under_its_own_name_alone(tmp_path):
    token = asks.new_token()
    asks.write(tmp_path, token, asks.ANSWER, Reply(accepted=True, sentence="über ß"))

    assert [path.name for path in tmp_path.iterdir()] == [f"{token}.answer"]
    assert asks.token_of(f"{token}.answer", asks.ANSWER) == token
    assert asks.read(tmp_path / f"{token}.answer", Reply).sentence == "über ß"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    token = asks.new_token()
    (tmp_path / f"{token}.ask").mkdir()  # in the way
    with pytest.raises(OSError):  # noqa: PT011  whichever of them the system gives
        asks.write(tmp_path, token, asks.ASK, Ask(**GOOD))
    assert [path.name for path in tmp_path.iterdir()] == [f"{token}.ask"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no modes")
def test_asker_and_gateway_may_be_two_users_whatever_their_umask(tmp_path):
    token = asks.new_token()
    before = os.umask(0o077)
    try:
        asks.write(tmp_path, token, asks.ASK, Ask(**GOOD))
    finally:
        os.umask(before)
    assert (tmp_path / f"{token}.ask").stat().st_mode & 0o777 == 0o644
