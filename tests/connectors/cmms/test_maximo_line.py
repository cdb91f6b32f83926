import contextlib
import gzip
import socket
import ssl
import threading
from dataclasses import replace

import pytest

from connectors.cmms.maximo import Maximo, MaximoSettings
from connectors.cmms.maximo_line import Line, Lost, NotSent
from connectors.cmms.port import AuthFailed, Created
from connectors.simulated.maximo import Fault, SimulatedMaximo


@pytest.fixture
def settings(maximo):
    return MaximoSettings(maximo.url, lambda: "demo-key-0", "BEDFORD", connect_s=5, read_s=5, total_s=10)


def test_an_answer_that_drips_ends_with_the_whole_calls_time(maximo, settings):
    maximo.faults.add(Fault("drip"))

    # Each byte comes in time; the answer as a whole would take many seconds.
    with pytest.raises(Lost, match="too slow"):
        Line(replace(settings, total_s=0.3)).ask("GET", "whoami", {})


def test_an_answer_without_end_is_refused_by_its_size(settings, answering):
    serve, _ = answering
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)

    with pytest.raises(Lost, match="more than 1000 bytes"):
        Line(replace(settings, url=url, answer_bytes_max=1000)).ask("GET", "whoami", {})


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x01\x02",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/9.9 abc\r\n\r\n",
    ],
)
def test_half_an_answer_is_lost_and_never_half_read(settings, answering, answer):
    serve, _ = answering

    with pytest.raises(Lost):
        Line(replace(settings, url=serve(answer))).ask("POST", "os/MXAPIWODETAIL", {}, {}, b"{}")


def test_a_key_that_the_other_side_plays_back_is_blotted_out(settings, answering):
    serve, heard = answering
    url = serve(b'HTTP/1.1 400 Bad\r\nContent-Length: 21\r\n\r\n{"key": "demo-key-0"}')
    answer = Line(replace(settings, url=url)).ask("GET", "whoami", {"oslc.orderBy": "+wonum"})

    assert b"demo-key" not in answer.body
    assert b"apikey: demo-key-0" in heard[0]
    assert b"oslc.orderBy=%2Bwonum" in heard[0]
    assert b"Cookie" not in heard[0]


def test_nobody_listening_means_nothing_was_sent(maximo, settings):
    maximo.stop()
    with pytest.raises(NotSent):
        Line(settings).ask("GET", "whoami", {})


def test_a_line_that_is_to_be_closed_after_the_answer_is_ended_too_when_it_drips(settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip():
            line, _ = listener.accept()
            with line, contextlib.suppress(OSError):
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n")
                while not over.wait(0.02):
                    line.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/maximo/api"
        try:
            with pytest.raises(Lost, match="too slow"):
                Line(replace(settings, url=url, total_s=0.2)).ask("GET", "whoami", {})
        finally:
            over.set()
            thread.join(5)


def test_a_picture_may_take_longer_to_send_than_a_line_to_open(settings):
    picture = bytes(16 * 1024 * 1024)  # more than the buffers of both sides hold
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def read_late():
            line, _ = listener.accept()
            with line:
                threading.Event().wait(0.3)  # the fault itself: three times as long as a line may take to open
                left = len(picture)
                while left > 0 and (piece := line.recv(1 << 20)):
                    left -= len(piece)
                line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=read_late)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/maximo/api"
        try:
            answer = Line(replace(settings, url=url, connect_s=0.1)).ask("POST", "os/A/_B/doclinks", {}, {}, picture)
        finally:
            thread.join(5)
    assert answer.status == 204


@pytest.mark.parametrize(("query", "headers"), [({"a": "\ud800"}, {}), ({}, {"slug": "two\r\nlines"})])
def test_what_cannot_be_put_into_a_request_is_not_sent(maximo, settings, query, headers):
    with pytest.raises(NotSent, match="no request to"):
        Line(settings).ask("POST", "os/MXAPIWODETAIL", query, headers, b"{}")
    assert list(maximo.seen) == []


def test_a_redirect_is_neither_followed_nor_read_beyond_the_size_of_an_answer(settings, answering):
    serve, heard = answering
    url = serve(b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 9\r\n\r\nelsewhere")

    answer = Line(replace(settings, url=url)).ask("GET", "whoami", {})
    assert (answer.status, answer.headers["location"], answer.body) == (302, "http://[", b"elsewhere")

    serve(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    with pytest.raises(Lost, match="more than 1000 bytes"):
        Line(replace(settings, url=url, answer_bytes_max=1000)).ask("GET", "whoami", {})
    assert len(heard) == 2


def test_each_call_has_a_line_of_its_own_and_no_cookie_of_an_earlier_one(settings, answering):
    serve, heard = answering
    welcome = b"HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=1; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    line = Line(replace(settings, url=serve(welcome)))
    serve(welcome)

    for _ in range(2):
        assert line.ask("GET", "whoami", {}).json() == {}
    assert len(heard) == 2
    assert not any(b"JSESSIONID" in request for request in heard)


def test_a_packed_answer_is_not_unpacked(settings, answering):
    serve, heard = answering
    packed = gzip.compress(b"{}" * 10_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    url = serve(head.encode() + packed)

    assert Line(replace(settings, url=url)).ask("GET", "whoami", {}).body == packed
    assert b"Accept-Encoding: identity" in heard[0]


def test_a_name_nobody_knows_means_nothing_was_sent(settings, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent, match=r"cannot be reached \(Name or service not known"):
        Line(replace(settings, url="http://maximo.example.com/maximo/api")).ask("POST", "os/MXAPIWODETAIL", {})


def test_an_error_that_the_caller_is_handling_explains_nothing_of_a_call(maximo, settings):
    maximo.stop()
    try:
        raise ssl.SSLCertVerificationError("of another call")
    except ssl.SSLCertVerificationError:
        with pytest.raises(NotSent, match="refused"):
            Line(settings).ask("GET", "whoami", {})


# ---- https ----------------------------------------------------------------------------------------------------------


def test_a_certificate_nobody_vouches_for_stops_the_target(tmp_path, order, certificate):
    with SimulatedMaximo(tls=certificate("127.0.0.1")) as maximo:
        outcome = Maximo(MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD")).create(order)

        assert isinstance(outcome, AuthFailed)
        assert "certificate of 127.0.0.1 is not trusted" in outcome.reason
        assert list(maximo.seen) == []


def test_a_certificate_for_another_host_stops_the_target(tmp_path, order, certificate):
    with SimulatedMaximo(tls=certificate("maximo.example.com")) as maximo:
        settings = MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD", ca_file=str(tmp_path / "cert.pem"))

        assert isinstance(Maximo(settings).create(order), AuthFailed)
        assert list(maximo.seen) == []


def test_the_plants_own_authority_is_enough(tmp_path, order, certificate):
    with SimulatedMaximo(tls=certificate("127.0.0.1")) as maximo:
        settings = MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD", ca_file=str(tmp_path / "cert.pem"))
        order = replace(order, reported_at="2020-01-01T00:00:00+00:00")

        assert isinstance(Maximo(settings).create(order), Created)


def test_a_handshake_that_never_ends_is_ended_and_nothing_was_sent(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/maximo/api"
        with pytest.raises(NotSent, match="too slow"):
            Line(replace(settings, url=url, connect_s=5, total_s=0.2)).ask("GET", "whoami", {})


def test_a_missing_authority_file_is_one_sentence():
    settings = MaximoSettings("https://maximo.example.com/maximo/api", lambda: "k", "BEDFORD", ca_file="/no/such.pem")
    with pytest.raises(ValueError, match=r"ca_file: /no/such\.pem cannot be used"):
        Maximo(settings)


def test_plain_http_to_an_https_port_is_lost_or_unsent_and_never_a_crash(tmp_path, certificate):
    with SimulatedMaximo(tls=certificate("127.0.0.1")) as maximo:
        url = maximo.url.replace("https", "http")
        with pytest.raises((Lost, NotSent)):
            Line(MaximoSettings(url, lambda: "demo-key", "BEDFORD")).ask("GET", "whoami", {})
