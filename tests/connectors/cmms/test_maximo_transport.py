import contextlib
import socket
import threading
from dataclasses import replace

import hypothesis
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.cmms.maximo import MaximoSettings
from connectors.cmms.maximo_line import Line, Lost, NotSent, Untrusted
from connectors.simulated.maximo import SimulatedMaximo


@pytest.fixture
def settings():
    return MaximoSettings("http://unused", lambda: "demo-key-0", "BEDFORD", connect_s=5, read_s=5, total_s=10)


def test_what_the_environment_says_of_proxies_and_passwords_changes_nothing(settings, answering, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    serve, heard = answering

    Line(replace(settings, url=serve(b"HTTP/1.1 204 No Content\r\n\r\n"))).ask("GET", "whoami", {})
    assert b"Authorization" not in heard[0]


def test_authorities_that_the_library_brings_along_are_not_trusted(settings, certificate, tmp_path, monkeypatch):
    with SimulatedMaximo(tls=certificate("127.0.0.1")) as maximo:
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "cert.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))

        with pytest.raises(Untrusted, match=r"certificate of 127\.0\.0\.1 is not trusted"):
            Line(replace(settings, url=maximo.url)).ask("GET", "whoami", {})
    assert list(maximo.seen) == []


@pytest.fixture(scope="module")
def saying():
    """A server that answers each call with what lies in the box, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    box = [b""]

    def speak():
        while box:
            line, _ = listener.accept()
            with line, contextlib.suppress(OSError):
                line.settimeout(5)
                line.recv(65536)
                line.sendall(b"".join(box))

    thread = threading.Thread(target=speak)
    thread.start()
    port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}/maximo/api", box
    box.clear()
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    thread.join(5)
    listener.close()


HEADS = st.sampled_from([
    b"HTTP/1.1 200 OK\r\n", b"",
    b"HTTP/1.1 302 \r\nLocation: http://[::\r\n", b"HTTP/1.0 200\r\n", b"HTTP/1.1 204 x\r\n",
])  # fmt: skip
FIELDS = st.sampled_from([
    b"Content-Length: 4\r\n", b"Content-Length: 4, 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n", b"Set-Cookie: \xff;;=\r\n", b": \r\n", b" folded\r\n", b"Connection: close\r\n",
])  # fmt: skip
ANSWERS = st.builds(
    lambda head, fields, end, body: head + b"".join(fields) + end + body,
    HEADS,
    st.lists(FIELDS, max_size=4),
    st.sampled_from([b"\r\n", b""]),
    st.binary(max_size=40) | st.just(b"4\r\nfour\r\n0\r\n\r\n"),
)


@hypothesis.settings(deadline=None, max_examples=120)
@given(st.binary(max_size=60) | ANSWERS)
def test_whatever_is_answered_is_a_whole_answer_or_a_lost_one(saying, said):
    url, box = saying
    box[:] = [said]
    line = Line(MaximoSettings(url, lambda: "demo-key-0", "BEDFORD", connect_s=5, read_s=5, total_s=10))
    told = ""
    try:
        assert line.ask("POST", "os/MXAPIWODETAIL", {}, {}, b"{}").status >= 100
    except Lost as lost:
        told = str(lost)
    assert "demo-key" not in told


# ---- proxies --------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxying():
    """A proxy for one call: gives the answer it is told to and, where that says yes, passes all bytes on."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard, threads = [], []

    def serve(answer, onward=None):
        def pass_on(source, target):
            with contextlib.suppress(OSError):
                while piece := source.recv(65536):
                    heard.append(piece)
                    target.sendall(piece)
                target.shutdown(socket.SHUT_WR)

        def speak():
            line, _ = listener.accept()
            with line:
                line.settimeout(5)
                heard.append(line.recv(65536))
                line.sendall(answer)
                if onward is not None:
                    with socket.create_connection(("127.0.0.1", onward), timeout=5) as far:
                        back = threading.Thread(target=pass_on, args=(far, line))
                        back.start()
                        pass_on(line, far)
                        back.join(5)

        threads.append(threading.Thread(target=speak))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve, heard
    for thread in threads:
        thread.join(5)
    listener.close()


def test_a_proxy_of_the_site_file_is_asked_for_a_tunnel_and_never_sees_the_key(tmp_path, certificate, proxying):
    serve, heard = proxying
    with SimulatedMaximo(tls=certificate("127.0.0.1")) as maximo:
        port = int(maximo.url.split(":")[2].partition("/")[0])
        proxy = serve(b"HTTP/1.1 200 Connection established\r\n\r\n", port)
        ca_file = str(tmp_path / "cert.pem")
        line = Line(MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD", ca_file=ca_file, proxy=proxy))

        assert line.ask("GET", "whoami", {}).status == 200
    assert heard[0].startswith(f"CONNECT 127.0.0.1:{port} ".encode())
    assert b"demo-key" not in b"".join(heard)


def test_a_proxy_that_refuses_has_passed_nothing_on(settings, proxying):
    serve, heard = proxying
    proxy = serve(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    url = "https://maximo.example.com/maximo/api"

    with pytest.raises(NotSent, match="407 Proxy Authentication Required"):
        Line(replace(settings, url=url, proxy=proxy)).ask("POST", "os/MXAPIWODETAIL", {}, {}, b"{}")
    assert b"demo-key" not in b"".join(heard)


def test_a_plain_call_is_handed_to_the_proxy_with_its_whole_address(settings, proxying):
    serve, heard = proxying
    proxy = serve(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    url = "http://maximo.example.com/maximo/api"

    assert Line(replace(settings, url=url, proxy=proxy)).ask("GET", "whoami", {}).status == 502
    assert heard[0].startswith(b"GET http://maximo.example.com/maximo/api/whoami?lean=1 HTTP/1.1")
