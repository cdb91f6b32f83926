"""Which endpoint is taken, and which peer is believed; without a socket."""

import datetime
import logging

import pytest
from asyncua import ua
from asyncua.crypto import security_policies as policies

from connectors.plc.opcua_security import Security, refuse_password_in_clear
from connectors.plc.port import PlcRefused
from connectors.plc.trust import OWN_YEARS, TrustFolder

URI = "urn:press:plc"
STRONG, USUAL = policies.SecurityPolicyAes256Sha256RsaPss.URI, policies.SecurityPolicyBasic256Sha256.URI
NOTHING = "http://opcfoundation.org/UA/SecurityPolicy#None"
OLD = "http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return TrustFolder(tmp_path_factory.mktemp("peer")).own(URI, server=True)[0].read_bytes()


@pytest.fixture
def security(tmp_path, certificate):
    """A connection to a peer that a person has trusted."""
    folder = TrustFolder(tmp_path)
    folder.reject(certificate)
    folder.accept(folder.rejected()[0].fingerprint)
    return Security("plc.main: opc.tcp://plc", "plc.main", "SignAndEncrypt", tmp_path)


def endpoint(certificate, policy=USUAL, mode=ua.MessageSecurityMode.SignAndEncrypt, uri=URI):
    description = ua.EndpointDescription()
    description.SecurityPolicyUri = policy
    description.SecurityMode = mode
    description.ServerCertificate = certificate
    description.Server.ApplicationUri = uri
    return description


def test_the_strongest_policy_is_taken_whatever_the_order(security, certificate):
    offered = [endpoint(certificate, policy) for policy in (OLD, USUAL, STRONG)]

    assert security.choose(offered)[0].URI == STRONG
    assert security.choose(offered[:2])[0].URI == USUAL


@pytest.mark.parametrize(
    ("policy", "mode", "offer"),
    [
        (OLD, ua.MessageSecurityMode.SignAndEncrypt, "Basic128Rsa15 SignAndEncrypt"),
        (USUAL, ua.MessageSecurityMode.Sign, "Basic256Sha256 Sign"),
        (NOTHING, ua.MessageSecurityMode.None_, "None None"),
    ],
)
def test_less_than_was_wanted_is_never_taken(security, certificate, policy, mode, offer):
    with pytest.raises(PlcRefused, match=f"the PLC offers {offer}; wanted SignAndEncrypt with Basic256Sha256 or newer"):
        security.choose([endpoint(certificate, policy, mode)])


def test_no_endpoint_at_all_is_said(security):
    with pytest.raises(PlcRefused, match="the PLC offers nothing"):
        security.choose([])


def test_a_chain_behind_the_certificate_does_not_matter(security, certificate):
    assert security.choose([endpoint(certificate + certificate)])[1] == certificate


def test_one_changed_bit_is_another_certificate(security, certificate):
    changed = certificate[:-1] + bytes((certificate[-1] ^ 1,))

    with pytest.raises(PlcRefused, match="is not trusted"):
        security.choose([endpoint(changed)])


@pytest.mark.parametrize("shown", [b"", None, b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x01"])
def test_what_is_no_certificate_is_refused(security, shown):
    with pytest.raises(PlcRefused, match="not a certificate"):
        security.choose([endpoint(shown)])


def test_a_peer_that_calls_itself_otherwise_than_its_certificate_is_refused(security, certificate):
    with pytest.raises(PlcRefused, match="calls itself urn:rogue, its certificate says urn:press:plc"):
        security.choose([endpoint(certificate, uri="urn:rogue")])


def test_a_certificate_that_soon_expires_is_warned_of_and_taken(security, certificate, monkeypatch, caplog):
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=365 * OWN_YEARS - 10)
    monkeypatch.setattr(security._folder, "_now", lambda: later)

    with caplog.at_level(logging.WARNING):
        assert security.choose([endpoint(certificate)])[1] == certificate

    assert "the PLC's certificate expires in 10 days" in caplog.text or "in 9 days" in caplog.text


@pytest.mark.parametrize("url", ["opc.tcp://10.0.0.5:4840", "opc.tcp://plc.local", "opc.tcp://[fe80::1]:4840"])
@pytest.mark.parametrize("mode", ["None", "Sign"])
def test_a_password_crosses_a_network_encrypted_or_not_at_all(url, mode):
    with pytest.raises(PlcRefused, match="in clear"):
        refuse_password_in_clear("plc.main", url, mode, "secret")

    refuse_password_in_clear("plc.main", url, "SignAndEncrypt", "secret")
    refuse_password_in_clear("plc.main", url, mode, "")


@pytest.mark.parametrize("url", ["opc.tcp://127.0.0.1:4840", "opc.tcp://localhost", "opc.tcp://[::1]:4840"])
def test_on_loopback_a_password_may_be_sent_as_it_is(url):
    refuse_password_in_clear("plc.main", url, "None", "secret")
