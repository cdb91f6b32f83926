"""What a PLC link costs before anything is judged: CPU of polling, latency of a poll and of a written result.

    python benchmarks/plc_floor.py [--stations 4] [--seconds 5]

The PLC runs in a process of its own; the figures are of the gateway's side alone. Loopback has no network and no PLC
scan but the simulated one of 5 ms: this is the floor, not the promise.
"""

import argparse
import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import psutil

from connectors.plc.hush import hush_libraries
from connectors.plc.modbus import ModbusSettings
from connectors.plc.modbus_server import ModbusServerPlc, ModbusServerSettings
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.open import open_port
from connectors.plc.port import GwImage, PlcPort
from connectors.simulated.plc_modbus import ModbusCallingPlc, ModbusServingPlc
from connectors.simulated.plc_opcua import OpcUaServingPlc, simulated_tags
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations

POLL_S = 0.010
SCAN_S = 0.005


def plc_process(kind: str, names: Sequence[str], port: int, pipe: Connection) -> None:
    """Run one simulated PLC: tell its address, wait for a word, tell its share of a core."""
    hush_libraries()

    async def run() -> None:
        stations = PlcStations({n: PlcProgram(PlcSettings(quiet_s=0.0, deadline_s=60.0)) for n in names}, SCAN_S)
        bases = {name: 64 * n for n, name in enumerate(names)}
        plc: Any
        if kind == "modbus-server":
            plc = ModbusCallingPlc(stations, bases, port)
        elif kind == "modbus":
            plc = ModbusServingPlc(stations, bases)
        else:
            plc = OpcUaServingPlc(stations)
        pipe.send(await plc.start())
        busy, since = time.process_time(), time.perf_counter()
        await asyncio.to_thread(pipe.recv)
        pipe.send((time.process_time() - busy) / (time.perf_counter() - since))
        await plc.stop()

    asyncio.run(run())


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and max in milliseconds."""
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1e3 * ordered[len(ordered) // 2], 2),
        "p99_ms": round(1e3 * ordered[int(len(ordered) * 0.99)], 2),
        "max_ms": round(1e3 * ordered[-1], 2),
    }


async def polled(port: PlcPort, seconds: float) -> dict[str, Any]:
    """Poll every 10 ms and nothing else."""
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    busy, begin = time.process_time(), loop.time()
    due = begin
    while due < begin + seconds:
        start = time.perf_counter()
        await port.poll()
        taken.append(time.perf_counter() - start)
        due += POLL_S
        await asyncio.sleep(max(0.0, due - loop.time()))
    cpu = (time.process_time() - busy) / (loop.time() - begin)
    return {"polls": len(taken), "cpu_percent_of_a_core": round(100 * cpu, 1), **percentiles(taken)}


async def written(port: PlcPort, station: str, count: int) -> dict[str, Any]:
    """Write results one after the other: head and payload, then ResultSeq, both answered."""
    await port.zero(station, GwImage(boot_id=1, state=1))
    taken = []
    for sequence in range(1, count + 1):
        image = GwImage(boot_id=1, state=1, result_head=sequence, verdict=2, score=1.5, result_seq=sequence)
        start = time.perf_counter()
        await port.result(station, image)
        taken.append(time.perf_counter() - start)
    return percentiles(taken)


async def acknowledged(port: PlcPort, station: str, count: int) -> dict[str, Any]:
    """Write a result and look until the PLC's ResultAck shows that a scan has read it: there and back."""
    taken = []
    for sequence in range(1, count + 1):
        image = GwImage(boot_id=1, state=1, result_head=sequence, verdict=2, score=1.5, result_seq=sequence)
        start = time.perf_counter()
        await port.result(station, image)
        while (await port.poll())[station].result_ack != sequence:
            await asyncio.sleep(0.0005)
        taken.append(time.perf_counter() - start)
    return percentiles(taken)


async def measured(kind: str, count: int, seconds: float) -> dict[str, Any]:
    """One kind of link, from the start of its PLC to its end."""
    names = [f"s{n}" for n in range(count)]
    bases = {name: 64 * n for n, name in enumerate(names)}
    active = frozenset(names)
    ours, theirs = multiprocessing.Pipe()
    port: PlcPort
    number, opening = 0, None
    if kind == "modbus-server":
        port = ModbusServerPlc(ModbusServerSettings("plc", "127.0.0.1", 0, bases, writes=active))
        number = await port.listen()
        opening = asyncio.create_task(port.open())
    other = multiprocessing.Process(target=plc_process, args=(kind, names, number, theirs), daemon=True)
    other.start()
    address = await asyncio.to_thread(ours.recv)
    if opening is not None:
        await opening
    elif kind == "modbus":
        port = open_port(ModbusSettings("plc", "127.0.0.1", int(address.rpartition(":")[2]), bases, writes=active))
        await port.open()
    else:
        tags = {name: simulated_tags(name) for name in names}
        notice = "subscribe" if kind == "opcua-subscribe" else "poll"
        port = open_port(OpcUaSettings("plc", address, tags, writes=active, security="None", notice=notice))
        await port.open()
    await asyncio.sleep(0.5)
    figures = {
        "poll": await polled(port, seconds),
        "result": await written(port, names[0], 500),
        "result_to_ack": await acknowledged(port, names[0], 100),
    }
    ours.send("end")
    figures["plc_cpu_percent_of_a_core"] = round(100 * await asyncio.to_thread(ours.recv), 1)
    await port.close()
    other.join(5)
    return figures


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--stations", type=int, default=4)
    options.add_argument("--seconds", type=float, default=5.0)
    given = options.parse_args()
    hush_libraries()
    multiprocessing.set_start_method("spawn")
    print(
        f"{given.stations} stations polled every {POLL_S * 1e3:g} ms; load of this machine {psutil.getloadavg()[0]:.1f}"
    )
    for kind in ("opcua", "opcua-subscribe", "modbus", "modbus-server"):
        print(json.dumps({kind: asyncio.run(measured(kind, given.stations, given.seconds))}))


if __name__ == "__main__":
    main()
