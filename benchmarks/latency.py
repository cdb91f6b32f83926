"""From the end of a capture to ResultSeq as the PLC's scan sees it, through the whole gateway; CPU and memory beside.

    python -m benchmarks.latency [--seconds 60] [--stations 4] [--kinds opcua modbus modbus-server]
                                 [--clients 20] [--viewers 50]

Stations are active, hear 500 ms parts at 48 kHz (simulated gearmotors), one each 1.1 s and station, out of step. The
PLC is a process of its own with a scan of 5 ms; every time is taken from the monotonic clock that all processes of a
machine share. In the same run a bare OPC UA write and its notification are timed: the protocol's own floor.

With ``--clients N`` or ``--viewers M`` a last run is measured twice, alone and then with company: N OPC UA clients
subscribed to every tag of the gateway's own server at 1 s and M HTTP clients on the page's live stream. They are
processes at the lowest priority, for they stand for HMIs and browsers that have processors of their own.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from asyncua import Client, Server, ua

from analytics.signal.capture import Capture
from analytics.synthesis.parts import part_sound
from analytics.synthesis.streams import Ambience
from benchmarks.company import NOBODY, Crowd, among, start
from connectors.plc.hush import hush_libraries
from connectors.simulated.plc_modbus import ModbusCallingPlc, ModbusServingPlc
from connectors.simulated.plc_opcua import OpcUaServingPlc
from connectors.simulated.plc_program import PartLog, PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations, SimulatedPlc
from gateway.cli.demo_summary import Usage
from gateway.processes.entry import ignore_signals
from models.recipe import write_recipe
from models.taught import TaughtPart, TeachSettings
from models.teach import learn

RATE, SEED, LENGTH_S, SPACING_S, SCAN_S = 48_000, 7, 0.5, 1.1, 0.005
AROUND = RATE // 10
START_S = 8.0  #: until the gateway is in its stride
SERVED_S = 60.0  #: until its own servers listen, at most
RATIO_MOST, P99_MOST_MS = 1.2, 30.0  #: wanted with 20 OPC UA clients and 50 HTTP clients


# ---- the recipe, the site -------------------------------------------------------------------------------------------


def heard(part_id: str) -> Capture:
    """Make the sound of a gearmotor in its hall, with surroundings."""
    sound = part_sound("gearmotors", SEED, part_id, RATE)
    samples = Ambience("gearmotors", SEED, RATE).block(0, round(LENGTH_S * RATE) + 2 * AROUND).copy()
    part = sound.samples[sound.lead :][: len(samples) - AROUND]
    samples[AROUND : AROUND + len(part)] += part
    return Capture(samples, RATE, AROUND, AROUND + round(LENGTH_S * RATE))


def recipe(folder: Path) -> Path:
    """Learn a recipe from 24 good parts."""
    parts = [TaughtPart(f"T-{n:04d}", heard(f"T-{n:04d}")) for n in range(1, 25)]
    write_recipe(folder, learn(parts, TeachSettings()), "2026-01-01T00:00:00+00:00")
    return folder


def site_file(kind: str, address: str, stations: Sequence[str], folder: Path, own: str, page: str) -> Path:
    """Write the site file: every station active on one PLC."""
    host, _, port = address.rpartition(":")
    plc = {
        "opcua": f'kind = "opcua"\nurl = "{address}"\nsecurity = "None"',
        "modbus": f'kind = "modbus"\nhost = "{host}"\nport = {port}',
        "modbus-server": f'kind = "modbus-server"\nhost = "{host}"\nport = {port}',
    }[kind]
    text = f'''
[line]
name = "bench"
[plc.main]
{plc}
[serve]
opcua = "{own}"
security = "None"
page = "{page}"
'''
    for number, name in enumerate(stations):
        text += f'''
[[station]]
name = "{name}"
mode = "active"
source = {{ kind = "simulated", sound = "gearmotors", seed = {SEED}, rate = {RATE} }}
[station.parts]
plc = "main"
tags = "nsu=urn:wheeltapper:handshake:1;s={name}."
block = {number}
recipes = {{ 1 = "recipe" }}
deadline_ms = 1000
capture = {{ after_ms = 20, length_ms = {1000 * LENGTH_S:g} }}
'''
    site = folder / "bench.toml"
    site.write_text(text, encoding="utf-8")
    return site


# ---- the processes --------------------------------------------------------------------------------------------------


def plc_process(kind: str, stations: Sequence[str], port: int, pipe: Connection) -> None:
    """Run the PLC, feed it, hand back its logs when told."""
    ignore_signals()
    hush_libraries()
    asyncio.run(_plc(kind, stations, port, pipe))


async def _plc(kind: str, stations: Sequence[str], port: int, pipe: Connection) -> None:
    programs = {name: PlcProgram(PlcSettings(quiet_s=0.5, deadline_s=1.0)) for name in stations}
    bases = {name: 64 * number for number, name in enumerate(stations)}
    scanned = PlcStations(programs, SCAN_S)
    plc: SimulatedPlc
    if kind == "opcua":
        plc = OpcUaServingPlc(scanned)
    elif kind == "modbus":
        plc = ModbusServingPlc(scanned, bases)
    else:
        plc = ModbusCallingPlc(scanned, bases, port)
    pipe.send(await plc.start())
    stop = asyncio.Event()
    told = asyncio.create_task(asyncio.to_thread(pipe.recv))
    told.add_done_callback(lambda _: stop.set())

    async def feed(name: str, phase: float) -> None:
        await asyncio.sleep(3.0 + phase)
        number = 0
        while not stop.is_set():
            number += 1
            programs[name].arrive(f"{name}-{number:05d}", 1)
            await asyncio.sleep(SPACING_S)

    async with asyncio.TaskGroup() as tasks:
        for index, name in enumerate(stations):
            tasks.create_task(feed(name, index * SPACING_S / len(stations)))
    await asyncio.sleep(1.5)
    pipe.send({name: program.log for name, program in programs.items()})
    await plc.stop()


async def bare_write_and_notification(count: int) -> list[float]:
    """Time a write by one client until another is notified, publishing at 1 ms: asyncua against itself, both here."""
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    node = await server.nodes.objects.add_variable(ua.NodeId(1000, 2), "x", 0, ua.VariantType.UInt16)
    await node.set_writable()
    taken: list[float] = []
    async with server:
        assert server.bserver is not None
        url = f"opc.tcp://127.0.0.1:{server.bserver.port}"
        async with Client(url) as writer, Client(url) as reader:
            seen: asyncio.Queue[int] = asyncio.Queue()

            class Told:
                def datachange_notification(self, node: object, value: int, data: object) -> None:
                    seen.put_nowait(value)

            subscription = await reader.create_subscription(1, Told())
            await subscription.subscribe_data_change(reader.get_node(node.nodeid), sampling_interval=0)
            await seen.get()
            target = writer.get_node(node.nodeid)
            for number in range(1, count + 1):
                start = time.perf_counter()
                await target.write_value(ua.DataValue(ua.Variant(number, ua.VariantType.UInt16)))
                while await seen.get() != number:
                    pass
                taken.append(1000 * (time.perf_counter() - start))
                await asyncio.sleep(0.02)
    return taken


# ---- one run --------------------------------------------------------------------------------------------------------


def free_port() -> int:
    """Take a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a run: between two moments, with what the gateway's processes took."""

    since: float
    until: float
    cpu: float
    memory_mb: float

    @classmethod
    def of(cls, pid: int, seconds: float) -> "Span":
        """Wait for it."""
        since, before = time.monotonic(), Usage.of(pid, 1.0)
        time.sleep(seconds)
        after, until = Usage.of(pid, 1.0), time.monotonic()
        return cls(since, until, (after.cpu - before.cpu) / (until - since), after.memory_mb)


def measured(kind: str, count: int, seconds: float, crowd: Crowd = NOBODY) -> list[dict[str, Any]]:
    """One run of the whole gateway: alone, and where there is a crowd also with it."""
    stations = [f"s{n}" for n in range(count)]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        recipe(folder / "recipe")
        own, page = f"opc.tcp://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        port = free_port()
        plc, plc_pipe = start(plc_process, kind, stations, port)
        address = plc_pipe.recv()
        address = f"127.0.0.1:{port}" if kind == "modbus-server" else address
        site = site_file(kind, address, stations, folder, own, page)
        command = [sys.executable, "-m", "benchmarks.timed_gateway", str(site)]
        gateway = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(START_S)
        wait_until_served(own, page)
        spans = [({}, Span.of(gateway.pid, seconds))]
        if crowd != NOBODY:
            spans.append(among(crowd, own, page, lambda: Span.of(gateway.pid, seconds)))
        plc_pipe.send("stop")
        logs: dict[str, list[PartLog]] = plc_pipe.recv()
        captured: dict[str, float] = json.loads(gateway.communicate(timeout=60)[0])
        plc.join(20)
    said = {"kind": kind, "stations": count, "hmi_clients": 0, "viewers": 0}
    return [
        said | seen | _figures(logs, captured, span) | {"cpu": round(span.cpu, 3), "memory_mb": round(span.memory_mb)}
        for seen, span in spans
    ]


def wait_until_served(*urls: str) -> None:
    """Wait for the gateway's own servers: the front starts after the line."""
    until = time.monotonic() + SERVED_S
    for host, _, port in (url.partition("://")[2].rpartition(":") for url in urls):
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=1.0).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise SystemExit(f"the gateway does not serve {host}:{port}") from None
                time.sleep(0.2)


def _figures(logs: dict[str, list[PartLog]], captured: dict[str, float], span: Span) -> dict[str, Any]:
    parts = [
        log for per_station in logs.values() for log in per_station if span.since <= log.triggered_at < span.until - 1.0
    ]
    taken = sorted(
        1000 * (log.result_at - captured[log.part_id]) for log in parts if log.result_at and log.part_id in captured
    )
    return {
        "parts": len(parts),
        "late_lost_wrong": [
            sum(log.late for log in parts),
            sum(log.result_at is None for log in parts),
            sum(log.wrong for log in parts),
        ],
        **percentiles(taken),
    }


def compared(alone: dict[str, Any], crowded: dict[str, Any]) -> dict[str, Any]:
    """Set the p99 of a run with company beside that without, and both beside what is wanted."""
    ratio, p99 = crowded["p99_ms"] / alone["p99_ms"], crowded["p99_ms"]
    return {
        "kind": "with company against alone",
        "p99_ratio": round(ratio, 2),
        "p99_ms": p99,
        "told_per_s": {name: crowded[f"{name}_told_per_s"] for name in ("hmi_clients", "viewers") if crowded[name]},
        "wanted": {"p99_ratio": RATIO_MOST, "p99_ms": P99_MOST_MS},
        "holds": ratio <= RATIO_MOST and p99 <= P99_MOST_MS,
    }


def percentiles(taken_ms: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the largest, in milliseconds."""
    if not taken_ms:
        return {}
    p50, p99 = np.percentile(taken_ms, [50, 99])
    return {"p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1), "max_ms": round(max(taken_ms), 1)}


def main() -> None:
    """Run what was asked for and print one JSON object a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stations", type=int, default=4)
    parser.add_argument("--kinds", nargs="*", default=["opcua", "modbus", "modbus-server"])
    parser.add_argument("--clients", type=int, default=0)
    parser.add_argument("--viewers", type=int, default=0)
    given = parser.parse_args()
    hush_libraries()
    bare = asyncio.run(bare_write_and_notification(200))
    print(json.dumps({"kind": "bare write and notification", **percentiles(bare)}), flush=True)
    for kind in given.kinds:
        print(json.dumps(measured(kind, given.stations, given.seconds)[0]), flush=True)
    if given.clients or given.viewers:
        rows = measured("opcua", given.stations, given.seconds, Crowd(given.clients, given.viewers))
        for row in (*rows, compared(*rows)):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
