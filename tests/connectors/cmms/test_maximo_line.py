import ipaddress
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.cmms.maximo import Maximo, MaximoSettings
from connectors.cmms.maximo_line import Line, Lost, NotSent
from connectors.cmms.port import AuthFailed, Created
from connectors.simulated.maximo import Fault, SimulatedMaximo


@pytest.fixture
def settings(maximo):
    return MaximoSettings(maximo.url, lambda: "demo-key-0", "BEDFORD", connect_s=5, read_s=5, total_s=10)


@pytest.fixture
def answering():
    """A server that answers each call with the bytes given, and tells what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []
    heard = []

    def serve(answer):
        def speak():
            line, _ = listener.accept()
            with line:
                line.settimeout(5)
                heard.append(line.recv(65536))
                line.sendall(answer)

        threads.append(threading.Thread(target=speak))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/maximo/api"

    yield serve, heard
    for thread in threads:
        thread.join(5)
    listener.close()


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


# ---- https ----------------------------------------------------------------------------------------------------------


def certificate(folder, host):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    kind = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([kind]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_nobody_vouches_for_stops_the_target(tmp_path, order):
    with SimulatedMaximo(tls=certificate(tmp_path, "127.0.0.1")) as maximo:
        outcome = Maximo(MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD")).create(order)

        assert isinstance(outcome, AuthFailed)
        assert "certificate of 127.0.0.1 is not trusted" in outcome.reason
        assert list(maximo.seen) == []


def test_a_certificate_for_another_host_stops_the_target(tmp_path, order):
    with SimulatedMaximo(tls=certificate(tmp_path, "maximo.example.com")) as maximo:
        settings = MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD", ca_file=str(tmp_path / "cert.pem"))

        assert isinstance(Maximo(settings).create(order), AuthFailed)
        assert list(maximo.seen) == []


def test_the_plants_own_authority_is_enough(tmp_path, order):
    with SimulatedMaximo(tls=certificate(tmp_path, "127.0.0.1")) as maximo:
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


def test_plain_http_to_an_https_port_is_lost_or_unsent_and_never_a_crash(tmp_path, order):
    with SimulatedMaximo(tls=certificate(tmp_path, "127.0.0.1")) as maximo:
        url = maximo.url.replace("https", "http")
        with pytest.raises((Lost, NotSent)):
            Line(MaximoSettings(url, lambda: "demo-key", "BEDFORD")).ask("GET", "whoami", {})
