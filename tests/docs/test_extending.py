"""The examples of docs/extending.md, taken from the page and run."""

import asyncio
import json
import socket
from dataclasses import asdict

import numpy as np
import pytest

from connectors.cmms.port import Attachment, CmmsPort, Created, Duplicate, Order, RetryAfter, Unknown
from connectors.plc.port import GwImage, PlcImage, PlcPort, PlcUnreachable
from gateway.audio.source import Source
from gateway.stations.plan import SourcePlan
from models.flat import build, flatten
from tests.docs.pages import DOCS, blocks

LINES_MAX = 52  #: the port of a PLC has ten methods; the others stay under 44
EXAMPLES = {block.text.split()[1]: block for block in blocks(DOCS / "extending.md", "python")}


class Names:
    """What a module defines, by attribute."""

    def __init__(self, path):
        names = {"__name__": "example"}
        exec(compile(EXAMPLES[path].text, path, "exec", dont_inherit=True), names)
        self.__dict__.update(names)


class StillClock:
    def now(self):
        return 5.0


def has_all_of(port, example):
    return all(hasattr(example, name) for name in vars(port) if not name.startswith("_") and callable(vars(port)[name]))


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_short(path):
    code = [line for line in EXAMPLES[path].text.splitlines() if line.strip() and not line.startswith(("#", '"""'))]

    assert len(code) <= LINES_MAX


def test_the_source_hears_what_comes_and_a_lost_datagram_is_a_gap():
    example = Names("gateway/audio/datagrams.py")
    source = example.Datagrams(SourcePlan("datagrams", 16_000, device="127.0.0.1:0"), StillClock())
    assert has_all_of(Source, source)
    source.open()
    address = source._socket.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sensor:
        for index, values in ((1000, [1, 2]), (1002, [3, 4]), (1006, [5]), (1002, [3, 4]), (1007, [])):
            sensor.sendto(index.to_bytes(4) + np.array(values, ">i2").tobytes(), address)
        sensor.sendto(b"x", address)
    heard = list(source.chunks())
    source.close()

    assert [(chunk.start, chunk.stop) for chunk in heard] == [(0, 2), (2, 4), (6, 7)]
    np.testing.assert_array_equal(np.concatenate([c.samples[:, 0] for c in heard]) * 32_768, [1, 2, 3, 4, 5])


def test_the_source_says_in_one_sentence_that_its_port_is_taken():
    example = Names("gateway/audio/datagrams.py")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{other.getsockname()[1]}"
        source = example.Datagrams(SourcePlan("datagrams", 16_000, device=at), StillClock())
        with pytest.raises(example.SourceFault, match=f"cannot listen on {at}"):
            source.open()
        source.close()


def test_the_detector_scores_strangers_higher_and_goes_through_a_recipe():
    example = Names("analytics/anomaly/largest.py")
    goods = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    detector = example.fit(goods)
    stranger = goods[:1] + np.eye(1, 8, 3, dtype=np.float32) * 20
    arrays = {}
    again = build(example.Largest, json.loads(json.dumps(flatten(detector, arrays))), arrays)

    assert detector.score(stranger)[0] > 2 * detector.score(goods).max()
    np.testing.assert_array_equal(again.score(goods), detector.score(goods))


class JsonPlc:
    """The other side: a PLC with one station, which remembers each write."""

    def __init__(self):
        self.p, self.writes, self.silent = PlcImage(trig_seq=7, part_id="A-1"), [], False

    async def serve(self, reader, writer):
        while line := await reader.readline():
            request = json.loads(line)
            if self.silent:
                continue
            self.writes += [request["tags"]] if "write" in request else []
            answer = asdict(self.p) if "read" in request else {}
            writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()


@pytest.fixture
async def json_plc():
    plc = JsonPlc()
    server = await asyncio.start_server(plc.serve, "127.0.0.1", 0)
    plc.port = server.sockets[0].getsockname()[1]
    yield plc
    server.close()
    await server.wait_closed()


async def test_the_plc_is_read_and_a_result_s_number_is_written_last(json_plc):
    example = Names("connectors/plc/jsonlines.py")
    port = example.JsonLinesPlc(example.JsonLinesSettings("plc.soft", "127.0.0.1", json_plc.port, ("ring",), 5.0))
    assert has_all_of(PlcPort, port)
    (finding,) = await port.check()
    assert finding.ok
    await port.open()
    assert (await port.poll())["ring"].part_id == "A-1"
    assert (await port.read("ring")).trig_seq == 7
    await port.zero("ring", GwImage())
    await port.accept("ring", GwImage(trig_ack=7, state=2))
    await port.beat({"ring": GwImage(heartbeat=3)})
    await port.result("ring", GwImage(verdict=1, result_head=7, result_seq=7, pass_key=9))
    await port.close()

    *_, payload, number = json_plc.writes
    assert len(json_plc.writes) == 4
    assert (payload["verdict"], payload["pass_key"], payload["result_head"]) == (1, 9, 7)
    assert "result_seq" not in payload
    assert number == {"result_seq": 7}


async def test_a_silent_plc_is_unreachable_in_time(json_plc):
    example = Names("connectors/plc/jsonlines.py")
    json_plc.silent = True
    port = example.JsonLinesPlc(example.JsonLinesSettings("plc.soft", "127.0.0.1", json_plc.port, ("ring",), 0.05))
    await port.open()
    with pytest.raises(PlcUnreachable, match=r"plc\.soft: no answer"):
        await port.poll()
    await port.close()
    (finding,) = await port.check()
    assert not finding.ok


def test_the_logbook_makes_an_order_once_and_finds_it(tmp_path):
    example = Names("connectors/cmms/logbook.py")
    book = example.Logbook(example.LogbookSettings(tmp_path))
    order = Order("KEY", "PUMP-7", "outer race", "Pump 7", "It knocks.", "warning", "2026-11-24T12:00:00+00:00")
    assert has_all_of(CmmsPort, book)
    assert all(finding.ok for finding in book.check())

    made = book.create(order)
    book.attach(made.ref, Attachment("../../envelope.png", "image/png", b"PNG"))
    book.note(made.ref, "still there")

    assert isinstance(made, Created)
    assert book.create(order) == Duplicate(made.ref)
    assert book.find_open("PUMP-7", "outer race") == [made.ref]
    assert book.find_open("PUMP-8", "outer race") == []
    assert book.read(made.ref).state.open
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-envelope.png", "1.txt", "orders.jsonl"]


def test_the_logbook_raises_nothing_from_create(tmp_path):
    example = Names("connectors/cmms/logbook.py")
    order = Order("KEY", "PUMP-7", "outer race", "Pump 7", "It knocks.", "warning", "2026-11-24T12:00:00+00:00")

    assert isinstance(example.Logbook(example.LogbookSettings(tmp_path / "gone")).create(order), Unknown)
    (tmp_path / "orders.jsonl").write_text("not JSON\n")
    assert isinstance(example.Logbook(example.LogbookSettings(tmp_path)).create(order), RetryAfter)
