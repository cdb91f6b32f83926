"""What a service manager hears, on a real datagram socket."""

import socket

import pytest
from structlog.testing import capture_logs

from gateway.processes.service import JUDGED_BY_NONE_S, ServiceManager

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets here")


@pytest.fixture
def end(tmp_path):
    """A socket as a service manager opens it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.setblocking(False)
        yield end


def manager_of(end):
    return ServiceManager(0.0, {"NOTIFY_SOCKET": end.getsockname()})


def heard(end):
    found = []
    while True:
        try:
            found.append(end.recv(100).decode())
        except BlockingIOError:
            return found


def test_it_hears_once_that_main_stands_and_then_that_it_lives(end):
    manager = manager_of(end)
    manager.alive(0.0)
    manager.alive(0.25)
    manager.stopping()
    assert heard(end) == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_it_hears_nothing_while_no_worker_judges_whatever_main_does(end):
    manager = manager_of(end)
    manager.judged(10.0)
    manager.alive(10.0 + JUDGED_BY_NONE_S)
    assert heard(end) == ["READY=1"]
    manager.judged(11.0 + JUDGED_BY_NONE_S)
    manager.alive(11.0 + JUDGED_BY_NONE_S)
    assert heard(end) == ["WATCHDOG=1"]


def test_an_abstract_name_is_understood():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("")  # the system gives it an abstract name
        end.setblocking(False)
        name = end.getsockname().decode()
        ServiceManager(0.0, {"NOTIFY_SOCKET": "@" + name.removeprefix("\0")}).stopping()
        assert heard(end) == ["STOPPING=1"]


def test_without_a_service_manager_nothing_is_told():
    ServiceManager(0.0, {}).alive(0.0)


def test_a_manager_that_does_not_read_holds_nobody_up_and_hears_again_when_it_does(end):
    manager = manager_of(end)
    for _ in range(5000):
        manager.alive(0.0)
    assert heard(end)[0] == "READY=1"
    manager.stopping()
    assert heard(end) == ["STOPPING=1"]


def test_a_manager_that_is_gone_is_told_again_when_it_is_back(end, tmp_path):
    manager = manager_of(end)
    (tmp_path / "notify").rename(tmp_path / "away")
    with capture_logs() as lines:
        manager.alive(0.0)
        manager.alive(0.25)
    assert [line["event"] for line in lines] == ["the service manager cannot be told"]
    (tmp_path / "away").rename(tmp_path / "notify")
    manager.alive(0.5)
    assert heard(end) == ["WATCHDOG=1"]
