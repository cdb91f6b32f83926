"""Asks the REST API nonsense: schemathesis, from a place of its own, against a page with a true store and ledger.

Every answer must be one the schema names and none a fault of ours (5xx). Run: ``python -m benchmarks.api_fuzz
SCHEMATHESIS``, the path of its program (``pip install schemathesis`` into another environment); skips aloud without.
"""

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections import deque
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from analytics.decision.verdict import Evaluation, Verdict
from gateway.ledger.body import Ledger
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.processes.clock import SystemClock
from gateway.processes.ledger_messages import CommandAnswer, DefectNames, PartRecord
from gateway.processes.snapshot import Snapshot
from gateway.serve.page.server import PageServer
from gateway.serve.people import People, Role, new_token
from gateway.serve.plan import PagePlan

EXAMPLES = 50  #: of each route
PORT = 18_080


class Line:
    """A channel without a process: commands in, answers out."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._waiting, self._new = loop, deque[object](), threading.Event()
        self.page: PageServer | None = None

    def put(self, message: object) -> bool:
        """Hand a message to the ledger."""
        self._waiting.append(message)
        self._new.set()
        return True

    def send(self, message: object) -> bool:
        """Hand the ledger's answer to the page."""
        if isinstance(message, CommandAnswer) and self.page is not None:
            self._loop.call_soon_threadsafe(self.page.answered, message)
        return True

    def receive(self, timeout_s: float) -> list[object]:
        """Give what has come."""
        self._new.wait(timeout_s)
        self._new.clear()
        found = []
        while self._waiting:
            found.append(self._waiting.popleft())
        return found


def parts() -> list[PartRecord]:
    """Make a hundred parts, good and bad."""
    found = []
    for number in range(1, 101):
        bad = number % 5 == 0
        told = Verdict(
            Evaluation.NOT_OK if bad else Evaluation.OK, 1.5 if bad else 0.5, "crack" if bad else None, None, ""
        )
        wall = datetime.now(UTC).isoformat()
        found.append(PartRecord("ring", "active", 1, number, f"P{number}", 1, wall, told, 2, 0, None, True, 9.0, 3.0,
                                "casting v1 abc", "judged"))  # fmt: skip
    return found


async def fuzz(program: str, folder: Path) -> int:
    """Serve, ask, and give the exit code of the asker."""
    clock, line = SystemClock(), Line(asyncio.get_running_loop())
    stop = threading.Event()
    token, secret = new_token("fuzz", Role.ADMIN)

    def keep_ledger() -> None:
        with ExitStack() as stack:
            stations = (
                StationEntry("ring", recipes={1: str(folder / "recipe")}),
                StationEntry("pump-7", asset="PUMP-7"),
            )
            ledger = Ledger(LedgerPlan("Line", str(folder), stations=stations), line, clock, None, stack)  # type: ignore[arg-type]
            ready.set()
            while not stop.is_set():
                ledger.turn(0.02)

    ready = threading.Event()
    keeping = threading.Thread(target=keep_ledger)
    keeping.start()
    await asyncio.to_thread(ready.wait)
    for record in (DefectNames("ring", ("crack",)), *parts()):
        line.put(record)
    page = line.page = PageServer(
        PagePlan("http", "127.0.0.1", PORT, "Line", "UTC", str(folder), ("127.0.0.1",)),
        clock,
        lambda one: line.put(one),
    )
    page._world.people.write(People(tokens=(token,)))
    await page.start()
    page.publish(Snapshot("Line", clock.wall().isoformat(), clock.now(), 1, "1", ()))
    asker = await asyncio.create_subprocess_exec(
        program, "run", f"http://127.0.0.1:{PORT}/api/v1/openapi.json", "--header", f"Authorization: Bearer {secret}",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--max-examples", str(EXAMPLES), "--continue-on-failure", "--seed", "1", cwd=folder,
    )  # fmt: skip
    code = await asker.wait()
    await page.stop()
    stop.set()
    await asyncio.to_thread(keeping.join)
    return code


def main() -> None:
    """Fuzz where there is something to fuzz with."""
    program = sys.argv[1] if len(sys.argv) > 1 else "schemathesis"
    try:
        subprocess.run([program, "--version"], check=True)
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit(f"no schemathesis at {program}: the API is not fuzzed; give its path") from None
    with tempfile.TemporaryDirectory() as folder:
        raise SystemExit(asyncio.run(fuzz(program, Path(folder))))


if __name__ == "__main__":
    main()
