"""HMIs and browsers that look at a gateway while it is timed: processes at the lowest priority.

They stand for panels and PCs that have processors of their own; here they share those of the gateway.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from asyncua import Client, ua

from connectors.plc.hush import hush_libraries
from gateway.processes.entry import ignore_signals

SPAWN = multiprocessing.get_context("spawn")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who else looks at the gateway meanwhile."""

    clients: int = 0  #: OPC UA, every tag at 1 s
    viewers: int = 0  #: HTTP, the live stream


NOBODY = Crowd()


def start(body: Callable[..., None], *arguments: object) -> tuple[Any, Connection]:
    """Start a process with a pipe to it."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=body, args=(*arguments, theirs))
    process.start()
    theirs.close()
    return process, ours


def among(crowd: Crowd, own: str, page: str, measure: Callable[[], T]) -> tuple[dict[str, Any], T]:
    """Measure while the crowd looks on; gives also how much it was told."""
    everybody = [
        (name, count, *start(body, url, count))
        for name, count, body, url in (
            ("hmi_clients", crowd.clients, hmi_process, own),
            ("viewers", crowd.viewers, viewer_process, page),
        )
        if count
    ]
    for _, _, _, pipe in everybody:
        pipe.recv()
    began = time.monotonic()
    span = measure()
    said: dict[str, Any] = {}
    for name, count, process, pipe in everybody:
        pipe.send("stop")
        said |= {name: count, f"{name}_told_per_s": round(pipe.recv() / (time.monotonic() - began))}
        process.join(20)
    return said, span


def hmi_process(url: str, count: int, pipe: Connection) -> None:
    """Subscribe `count` clients to every tag at 1 s; tell how many notifications came."""
    ignore_signals()
    hush_libraries()
    give_way()
    asyncio.run(_hmis(url, count, pipe))


def give_way() -> None:
    """Take the processor only when nobody else wants it."""
    if hasattr(os, "nice"):
        os.nice(19)


def viewer_process(page: str, count: int, pipe: Connection) -> None:
    """Look at the live stream with `count` clients; tell how many events came to all of them together."""
    ignore_signals()
    give_way()
    asyncio.run(_viewers(page, count, pipe))


async def _viewers(page: str, count: int, pipe: Connection) -> None:
    host, _, port = page.removeprefix("http://").rpartition(":")
    heard = 0

    async def look(there: asyncio.Event) -> None:
        nonlocal heard
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
        writer.write(f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b"200" in await reader.readline()
        while line := await reader.readline():
            if line.startswith(b"event: pieces"):
                heard += 1
                there.set()
        raise SystemExit("the page closed a live stream")

    first = [asyncio.Event() for _ in range(count)]
    looking = [asyncio.create_task(look(there)) for there in first]
    for there in first:
        await asyncio.wait_for(there.wait(), 60)
    pipe.send(count)
    before = heard
    await asyncio.to_thread(pipe.recv)
    pipe.send(heard - before)
    for task in looking:
        task.cancel()


class _Handler:
    def __init__(self) -> None:
        self.heard = 0

    def datachange_notification(self, node: object, value: object, data: object) -> None:
        self.heard += 1


async def _hmis(url: str, count: int, pipe: Connection) -> None:
    handler, clients = _Handler(), []
    for _ in range(count):
        client = Client(url, timeout=60)
        await client.connect()
        nodes = await _variables(client) if not clients else [client.get_node(n.nodeid) for n in clients[0][1]]
        subscription = await client.create_subscription(1000, handler)
        await subscription.subscribe_data_change(nodes, sampling_interval=1000)
        clients.append((client, nodes))
    pipe.send((len(clients), len(clients[0][1])))
    await asyncio.to_thread(pipe.recv)
    pipe.send(handler.heard)
    for client, _ in clients:
        await client.disconnect()


async def _variables(client: Client) -> list[Any]:
    found, waiting = [], [client.nodes.objects]
    index = await client.get_namespace_index("urn:wheeltapper")
    while waiting:
        node = waiting.pop()
        for child in await node.get_children():
            if child.nodeid.NamespaceIndex == index:
                is_variable = await child.read_node_class() == ua.NodeClass.Variable
                (found if is_variable else waiting).append(child)
    return found
