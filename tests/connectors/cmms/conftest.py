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
from connectors.cmms.port import Order
from connectors.simulated.maximo import SimulatedMaximo, SimulatedMaximoSettings


class Wall:
    """Maximo's clock, turned by hand."""

    def __init__(self):
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def turn(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def start(wall):
    """Starts simulated Maximos and stops them at the end."""
    running = []

    def start_one(**changes):
        maximo = SimulatedMaximo(replace(SimulatedMaximoSettings(), **{"slow_s": 0.05} | changes), wall)
        maximo.start()
        running.append(maximo)
        return maximo

    yield start_one
    for maximo in running:
        maximo.stop()


@pytest.fixture
def maximo(start):
    return start()


@pytest.fixture
def connect():
    """Makes a connector for a simulated Maximo."""

    def connect_one(maximo, **changes):
        settings = MaximoSettings(
            maximo.url, lambda: "demo-key", maximo.settings.site, connect_s=5, read_s=5, total_s=10
        )
        return Maximo(replace(settings, **changes))

    return connect_one


@pytest.fixture
def order():
    return Order(
        key="A2B3C4D5E6F7G2H3J4K5",
        asset="PUMP-7",
        failure_mode="outer race",
        title="Pump 7 drive end bearing: outer race indication, +12 dB in 6 days",
        text="Heard since Monday.\n107.4 Hz = 3.58 x 29.95 Hz, 4 harmonics, p < 1e-6",
        severity="critical",
        reported_at="2026-11-24T11:59:00+00:00",
    )


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


@pytest.fixture
def certificate(tmp_path):
    """Makes a server's certificate for a host, and leaves it as cert.pem in the test's folder."""

    def make(host):
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
        (tmp_path / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (tmp_path / "key.pem").write_bytes(secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        return context

    return make
