import datetime
import sys

import pytest

from connectors.plc.trust import REJECTED_MAX, TrustError, TrustFolder, shown

URI = "urn:hall:wheeltapper"
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Some peer's certificate."""
    return TrustFolder(tmp_path_factory.mktemp("peer"), lambda: NOW).own(URI)[0].read_bytes()


def test_nothing_is_trusted_until_a_person_says_so(tmp_path, certificate):
    folder = TrustFolder(tmp_path)
    assert not folder.trusts(certificate)

    folder.reject(certificate)
    assert not folder.trusts(certificate)

    accepted = folder.accept(shown(certificate).pairs[:11])
    assert accepted == shown(certificate)
    assert folder.trusts(certificate)
    assert folder.rejected() == []
    assert folder.trusted() == [accepted]


def test_trust_is_for_the_bytes_and_not_for_the_name_of_the_file(tmp_path, certificate):
    folder = TrustFolder(tmp_path)
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / f"{shown(certificate).fingerprint}.der").write_bytes(b"something else")

    assert not folder.trusts(certificate)


@pytest.mark.parametrize("word", ["", "ab", "zz" * 16, "0" * 64])
def test_a_word_that_names_no_refused_certificate_is_answered_with_those_there_are(tmp_path, certificate, word):
    folder = TrustFolder(tmp_path)
    folder.reject(certificate)

    with pytest.raises(TrustError, match=f"names 0 of the refused.*{shown(certificate).fingerprint[:16]}"):
        folder.accept(word)


def test_a_prefix_of_less_than_eight_digits_is_no_word(tmp_path, certificate):
    folder = TrustFolder(tmp_path)
    folder.reject(certificate)

    with pytest.raises(TrustError):
        folder.accept(shown(certificate).fingerprint[:7])
    folder.accept(shown(certificate).fingerprint[:8])


def test_refused_certificates_are_bounded_in_number_and_size(tmp_path):
    folder = TrustFolder(tmp_path)

    for n in range(REJECTED_MAX + 10):
        folder.reject(b"%d" % n)
    folder.reject(b"x" * 1_000_000)

    kept = list((tmp_path / "rejected").iterdir())
    assert len(kept) == REJECTED_MAX
    assert max(each.stat().st_size for each in kept) < 100
    assert folder.rejected() == []  # none of them is a certificate


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x82", b"\x30\x03\x02\x01\x01", b"\x91" * 500, b"-----BEGIN CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_said(der):
    with pytest.raises(TrustError, match="not a certificate"):
        shown(der)


def test_our_own_certificate_is_made_once_and_kept(tmp_path):
    folder = TrustFolder(tmp_path, lambda: NOW)

    certificate, key = folder.own(URI)
    first = certificate.read_bytes()

    assert folder.own(URI) == (certificate, key)
    assert certificate.read_bytes() == first
    assert shown(first).uris == (URI,)
    assert "urn:hall" not in key.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_our_key_is_readable_by_its_owner_alone(tmp_path):
    _, key = TrustFolder(tmp_path).own(URI)

    assert key.stat().st_mode & 0o777 == 0o600


def test_our_own_certificate_is_made_anew_for_another_name_and_after_its_time(tmp_path):
    certificate, _ = TrustFolder(tmp_path, lambda: NOW).own(URI)
    first = certificate.read_bytes()

    TrustFolder(tmp_path, lambda: NOW).own("urn:other:wheeltapper")
    renamed = certificate.read_bytes()
    TrustFolder(tmp_path, lambda: NOW + datetime.timedelta(days=6 * 365)).own("urn:other:wheeltapper")
    renewed = certificate.read_bytes()

    assert len({first, renamed, renewed}) == 3


def test_client_and_server_keep_their_certificates_apart(tmp_path):
    folder = TrustFolder(tmp_path)

    client, server = folder.own(URI), folder.own("urn:hall:wheeltapper:server", server=True)

    assert not set(client) & set(server)
    assert shown(client[0].read_bytes()).uris == (URI,)
