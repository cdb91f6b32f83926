"""What is OPC UA's own: types, rights, statuses, certificates, and what a server may do to its client."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from connectors.plc.opcua import OpcUaPlc
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.port import GwImage, PlcRefused, PlcUnreachable
from connectors.plc.trust import TrustFolder
from connectors.simulated.plc_opcua import NAMESPACE, OpcUaPlcPlan, OpcUaServingPlc, simulated_tags
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from connectors.simulated.wire import FaultyWire

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Each station of this PLC has one thing wrong with it, or is as Logix would have it.
PLAN = OpcUaPlcPlan(
    values={"rpm": 1480.0, "running": True},
    kinds={
        "typed.TrigSeq": ua.VariantType.Boolean,
        "wide.Verdict": ua.VariantType.Int32,
        **{
            f"logix.{name}": ua.VariantType.Int16 for name in ("TrigSeq", "PassKey", "GwBootId", "Verdict", "ResultSeq")
        },
    },
    left_out=frozenset({"missing.TrigSeq", "serialless.PartId"}),
    read_only=frozenset({"locked.ResultSeq"}),
)
NAMES = ("ring", "typed", "wide", "logix", "missing", "serialless", "locked")


def programs():
    return {name: PlcProgram(PlcSettings(quiet_s=0.0, deadline_s=60.0)) for name in NAMES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plc():
    simulated = OpcUaServingPlc(PlcStations(programs(), scan_s=0.002), PLAN)
    simulated.url = await simulated.start()
    yield simulated
    await simulated.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def opened(plc):
    """Open a port to one station with changed settings, and close it afterwards."""
    ports = []

    async def open_(station="ring", **changes):
        settings = OpcUaSettings(
            name="plc.main",
            url=plc.url,
            stations={station: simulated_tags(station)},
            writes=frozenset({station}),
            security="None",
        )
        port = OpcUaPlc(replace(settings, **changes))
        ports.append(port)
        await port.open()
        return port

    yield open_
    for port in ports:
        await port.close()


async def seen(plc, station, condition):
    async with asyncio.timeout(5):
        while not condition(plc.stations.g[station]):
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("station", "sentence"),
    [
        ("typed", "typed.TrigSeq is Boolean in the PLC; wanted UInt16 or Int16; change the PLC's declaration"),
        ("wide", "wide.Verdict is Int32 in the PLC; wanted UInt16 or Int16"),
        (
            "missing",
            f"the PLC answered BadNodeIdUnknown for nsu={NAMESPACE};s=missing.TrigSeq; nearest: nsu=",
        ),
        ("locked", "locked.ResultSeq may not be written by this user; tick it in the PLC, or give the user the right"),
    ],
)
async def test_a_tag_that_does_not_fit_the_contract_is_refused_at_open(opened, station, sentence):
    with pytest.raises(PlcRefused) as refused:
        await opened(station)

    assert sentence in str(refused.value)
    assert str(refused.value).startswith(f"plc.main: {station}: ")


async def test_the_nearest_tag_is_named_for_a_slip_in_a_name(opened):
    slip = {**simulated_tags("ring"), "TrigSeq": f"nsu={NAMESPACE};s=ring.Trigseq"}

    with pytest.raises(PlcRefused, match=r"BadNodeIdUnknown for .*Trigseq; nearest: nsu=.*;s=ring\.TrigSeq$"):
        await opened(stations={"ring": slip})


async def test_a_namespace_the_plc_does_not_have_is_named_with_the_nearest(opened):
    moved = {name: text.replace("handshake:1", "handshake:2") for name, text in simulated_tags("ring").items()}

    with pytest.raises(
        PlcRefused, match="no namespace urn:wheeltapper:handshake:2; nearest: urn:wheeltapper:handshake:1"
    ):
        await opened(stations={"ring": moved})


@pytest.mark.parametrize("text", ["TrigSeq", "ns=x;s=TrigSeq", "s=", "nsu=urn:wheeltapper:handshake:1;g=12", "i=-3"])
async def test_what_is_no_node_id_is_refused_with_the_form_wanted(opened, text):
    with pytest.raises(PlcRefused, match="is not a node id; wanted nsu=URI;s=NAME"):
        await opened(stations={"ring": {**simulated_tags("ring"), "TrigSeq": text}})


async def test_a_station_that_is_only_watched_needs_no_right_to_write(opened):
    port = await opened("locked", writes=frozenset())

    assert (await port.poll())["locked"].boot_id == 1


async def test_a_line_without_serial_numbers_leaves_part_id_out(opened):
    tags = simulated_tags("serialless")
    del tags["PartId"]

    port = await opened("serialless", stations={"serialless": tags})

    assert (await port.poll())["serialless"].part_id == ""


async def test_signed_words_carry_all_sixteen_bits(opened, plc):
    port = await opened("logix")
    image = GwImage(boot_id=65_535, state=1, verdict=1, result_head=3, result_seq=3, pass_key=0xFFFD)

    await port.zero("logix", replace(image, verdict=0, pass_key=0, result_head=0, result_seq=0))
    await port.result("logix", image)

    await seen(plc, "logix", lambda g: (g.pass_key, g.boot_id, g.result_seq) == (0xFFFD, 65_535, 3))
    assert (await port.poll())["logix"].gw_boot_id == 65_535


async def test_result_seq_is_written_alone_and_last(opened, plc):
    port = await opened()
    plc.writes.clear()

    await port.result("ring", GwImage(result_head=5, verdict=2, score=1.5, result_seq=5))

    (first, payload), (second, commit) = plc.writes
    assert (first, second) == ("ring", "ring")
    assert payload[0] == "ResultHead"
    assert "ResultSeq" not in payload
    assert commit == ("ResultSeq",)


@pytest.mark.parametrize(
    "status", [StatusCodes.BadNoCommunication, StatusCodes.UncertainLastUsableValue, StatusCodes.BadOutOfService]
)
@pytest.mark.parametrize("tag", ["TrigSeq", "Mode", "PartType", "PartId"])
async def test_a_value_that_is_not_good_is_unreadable_and_never_the_last_good_one(opened, plc, status, tag):
    port = await opened()
    assert "ring" in await port.poll()

    await plc.spoil(f"ring.{tag}", status)

    assert "ring" not in await port.poll()
    with pytest.raises(PlcRefused, match=f"ring.{tag} has a bad status"):
        await port.read("ring")
    await plc.spoil(f"ring.{tag}", None)
    assert "ring" in await port.poll()


async def test_a_tag_whose_type_changes_under_us_is_unreadable(opened, plc):
    port = await opened()

    await plc.retype("ring.Mode", ua.VariantType.String)

    assert "ring" not in await port.poll()
    await plc.retype("ring.Mode", ua.VariantType.UInt16)
    assert "ring" in await port.poll()


async def test_a_plc_program_of_another_map_version_is_refused(opened, plc):
    first = await opened()
    await first.zero("ring", GwImage(map_version=7))

    with pytest.raises(PlcRefused, match=r"ring\.MapVersion is 7; wanted 1, or 0"):
        await opened()

    await first.zero("ring", GwImage())
    await opened()


async def test_a_plain_tag_that_is_bad_has_no_value_and_says_why(opened, plc):
    port = await opened(values={"rpm": f"nsu={NAMESPACE};s=rpm", "running": f"nsu={NAMESPACE};s=running"})
    assert (await port.values())["rpm"].value == 1480.0

    await plc.spoil("rpm", StatusCodes.BadSensorFailure)
    bad = (await port.values())["rpm"]
    await plc.spoil("rpm", None)
    await plc.set_value("rpm", float("nan"))
    not_a_number = (await port.values())["rpm"]
    await plc.set_value("rpm", 1480.0)

    assert (bad.value, bad.why) == (None, f"nsu={NAMESPACE};s=rpm: BadSensorFailure")
    assert not_a_number.value is None


@pytest.mark.parametrize("notice", ["poll", "subscribe"])
async def test_a_plc_with_plain_tags_alone_is_read_like_any_other(opened, notice):
    port = await opened(stations={}, values={"running": f"nsu={NAMESPACE};s=running"}, notice=notice)

    assert await port.poll() == {}
    assert (await port.values())["running"].value == 1.0


async def test_check_names_every_station_that_is_wrong(plc):
    settings = OpcUaSettings(
        name="plc.main",
        url=plc.url,
        stations={name: simulated_tags(name) for name in ("ring", "typed", "missing")},
        values={"rpm": f"nsu={NAMESPACE};s=rmp"},
        writes=frozenset({"ring"}),
        security="None",
    )

    findings = await OpcUaPlc(settings).check()

    assert [finding.ok for finding in findings] == [True, True, False, False, False]
    assert "nearest: nsu=urn:wheeltapper:handshake:1;s=rpm" in findings[-1].sentence


async def test_a_password_never_crosses_the_network_in_clear(plc):
    settings = OpcUaSettings(
        name="plc.main", url="opc.tcp://10.255.255.1:4840", security="None", user="gw", password="hunter2"
    )

    with pytest.raises(PlcRefused, match="would cross the network in clear") as refused:
        await OpcUaPlc(settings).open()

    assert "hunter2" not in str(refused.value) + repr(settings)


async def test_a_plc_without_security_is_refused_where_security_is_wanted(opened, tmp_path):
    with pytest.raises(PlcRefused, match="the PLC offers None None; wanted SignAndEncrypt with Basic256Sha256"):
        await opened(security="SignAndEncrypt", certificates=tmp_path)


async def test_a_plc_may_be_slow_while_its_tags_are_looked_at_and_no_more_once_parts_may_come(plc):
    wire = FaultyWire(int(plc.url.rsplit(":", 1)[1].split("/")[0]))
    port = OpcUaPlc(
        OpcUaSettings(
            name="plc.main",
            url=f"opc.tcp://127.0.0.1:{await wire.start()}",
            stations={"ring": simulated_tags("ring")},
            security="None",
            timeout_s=0.04,
            open_timeout_s=30.0,
        )
    )
    wire.delay_s = 0.03  # there and back: every answer takes longer than 0.04 s

    await port.open()
    with pytest.raises(PlcUnreachable, match=r"no answer within 0\.04 s"):
        await port.poll()

    await port.close()
    await wire.stop()


# ---- certificates ---------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure(tmp_path_factory):
    """A PLC that takes nothing but encrypted sessions of its one user."""
    plan = OpcUaPlcPlan(
        security="SignAndEncrypt", certificates=tmp_path_factory.mktemp("plc"), users={"wheeltapper": "right"}
    )
    stations = PlcStations({"ring": PlcProgram(PlcSettings(quiet_s=0.0))}, scan_s=0.01)
    simulated = OpcUaServingPlc(stations, plan)
    url = await simulated.start()
    folder = tmp_path_factory.mktemp("gateway")
    yield OpcUaSettings(
        name="plc.main",
        url=url,
        stations={"ring": simulated_tags("ring")},
        writes=frozenset({"ring"}),
        certificates=folder,
        user="wheeltapper",
        password="right",
    )
    await simulated.stop()


async def test_an_unknown_certificate_is_refused_kept_and_trusted_by_a_persons_word(secure, tmp_path):
    settings = replace(secure, certificates=tmp_path)
    folder = TrustFolder(tmp_path)
    stranger = OpcUaPlc(settings)

    with pytest.raises(PlcRefused) as refused:
        await stranger.open()
    await stranger.close()

    (waiting,) = folder.rejected()
    assert waiting.pairs in str(refused.value)
    assert waiting.subject in str(refused.value)
    assert f"wheeltapper trust SITE.toml --accept {waiting.fingerprint[:16]}" in str(refused.value)

    folder.accept(waiting.fingerprint[:16])
    known = OpcUaPlc(settings)
    await known.open()
    await known.result("ring", GwImage(result_head=1, result_seq=1))
    assert "ring" in await known.poll()
    await known.close()


async def _trusted(settings):
    port = OpcUaPlc(settings)
    with pytest.raises(PlcRefused):
        await port.open()
    await port.close()
    folder = TrustFolder(settings.certificates)
    for waiting in folder.rejected():
        folder.accept(waiting.fingerprint)


async def test_a_wrong_password_is_refused_and_not_told(secure, tmp_path):
    settings = replace(secure, certificates=tmp_path, password="wrong-but-secret")
    await _trusted(settings)
    port = OpcUaPlc(settings)

    with pytest.raises(PlcRefused, match=r"BadUserAccessDenied: the PLC does not let wheeltapper do this") as refused:
        await port.open()
    await port.close()

    assert "wrong-but-secret" not in str(refused.value)


async def test_a_trusted_certificate_that_has_expired_is_refused(secure, tmp_path, monkeypatch):
    settings = replace(secure, certificates=tmp_path)
    await _trusted(settings)
    monkeypatch.setattr(TrustFolder, "valid", lambda self, certificate: False)
    port = OpcUaPlc(settings)

    with pytest.raises(PlcRefused, match=r"valid from .* to .*, not now; renew it on the PLC"):
        await port.open()
    await port.close()


# ---- servers that are none ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"ACKF\x08\0\0\0", b"\xff" * 64, b"ERRF" + b"\0" * 60],
    ids=["silence", "HTTP", "a short ACK", "ones", "an empty ERR"],
)
async def test_a_peer_that_does_not_speak_opc_ua_is_unreachable_in_time(said):
    async def speak(reader, writer):
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port_number = server.sockets[0].getsockname()[1]
    port = OpcUaPlc(
        OpcUaSettings(name="plc.main", url=f"opc.tcp://127.0.0.1:{port_number}", security="None", open_timeout_s=0.3)
    )

    async with asyncio.timeout(3):
        with pytest.raises(PlcUnreachable, match=r"plc\.main"):
            await port.open()
        await port.close()
    server.close()
