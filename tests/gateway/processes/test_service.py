"""What a service manager hears, on a real datagram socket."""

import socket

import pytest

from gateway.processes.service import ALIVE, READY, STOPPING, ServiceManager

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets here")


@pytest.fixture
def hearing(tmp_path):
    """A socket as a service manager opens it, and its name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(5)
        yield end, str(tmp_path / "notify")


def test_it_hears_each_message_as_one_datagram(hearing):
    end, name = hearing
    manager = ServiceManager({"NOTIFY_SOCKET": name})
    for message in (READY, ALIVE, STOPPING):
        manager.tell(message)
    assert [end.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
    manager.close()


def test_an_abstract_name_is_understood():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0wheeltapper-test-service")
        end.settimeout(5)
        manager = ServiceManager({"NOTIFY_SOCKET": "@wheeltapper-test-service"})
        manager.tell(READY)
        assert end.recv(100) == b"READY=1"
        manager.close()


def test_without_a_service_manager_nothing_is_told():
    manager = ServiceManager({})
    manager.tell(READY)
    manager.close()


def test_a_manager_that_does_not_read_holds_nobody_up(hearing):
    end, name = hearing
    manager = ServiceManager({"NOTIFY_SOCKET": name})
    for _ in range(5000):
        manager.tell(ALIVE)
    assert end.recv(100) == b"WATCHDOG=1"
    manager.tell(READY)  # it is told again once it reads
    manager.close()


def test_a_manager_that_is_gone_is_told_nothing_more(hearing, tmp_path):
    end, name = hearing
    manager = ServiceManager({"NOTIFY_SOCKET": name})
    end.close()
    (tmp_path / "notify").unlink()
    manager.tell(ALIVE)
    manager.tell(ALIVE)
    assert manager._socket is None
