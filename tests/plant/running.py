"""The gateway as people run it: a process of its own, known by its log and its signals alone."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 45.0  #: the longest anything may take on a machine that is busy with other tests
LOOK_S = 0.01


async def until(holds, what, within_s=PATIENCE_S):
    """Wait for something to hold, within a bound; returns what it held."""
    by = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < by, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(LOOK_S)
    return found


class RunningGateway:
    """One `wheeltapper run`, its log in a file so that a test that is busy never keeps it waiting."""

    def __init__(self, site, command=("gateway.cli.app", "run"), env=None):
        self.site = site
        self._command = command
        self._env = dict(os.environ, **(env or {}))
        self._log = site.with_suffix(".log")
        self._process = None
        self._began = 0  # where this life's lines begin in the file
        self._family = []

    async def start(self):
        self._began = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._command, str(self.site), cwd=ROOT, env=self._env, stderr=log
            )
        await self.says("process started", name="ledger")

    # ---- what it says -----------------------------------------------------------------------------------------------

    @property
    def said(self):
        """Every line of this life's log, oldest first."""
        with self._log.open("rb") as log:
            log.seek(self._began)
            whole = [line for line in log.read().split(b"\n")[:-1] if line.startswith(b"{")]
        return [json.loads(line) for line in whole]

    async def says(self, event="", *, after=0, **fields):
        """Wait for a line whose event contains `event` and which has these fields; `after` = lines to leave out."""

        def found():
            lines = self.said[after:]
            return next((one for one in lines if event in one["event"] and fields.items() <= one.items()), None)

        return await until(found, f"the gateway says {event!r} {fields}; it said {self.said[-4:]}")

    def has_said(self, kinds, seat, after=0):
        """Whether it has said something of one of these kinds of a station or of its PLC."""
        places = {seat.name, f"plc.{seat.plc.name}"}
        return any(one.get("kind") in kinds and one["where"] in places for one in self.said[after:])

    def pid(self, name):
        """Process id of the newest life of one of its processes."""
        return [one["pid"] for one in self.said if one["event"] == "process started" and one["name"] == name][-1]

    def lives(self, name):
        """How often one of its processes was started."""
        return sum(one["event"] == "process started" and one["name"] == name for one in self.said)

    # ---- what is done to it -----------------------------------------------------------------------------------------

    def kill(self, name):
        os.kill(self.pid(name), signal.SIGKILL)

    def freeze(self, name):
        os.kill(self.pid(name), signal.SIGSTOP)

    def thaw(self, name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid(name), signal.SIGCONT)

    def tell(self, number=signal.SIGTERM):
        """Send the main process a signal; remember who was there, to see afterwards that nobody stayed."""
        self._family = [psutil.Process(self._process.pid), *self.family()]
        self._process.send_signal(number)

    def family(self):
        """Every process below the main one."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []

    async def kill_all(self):
        """Take its power away: every process of it is killed at once."""
        self._family = [psutil.Process(self._process.pid), *self.family()]
        for process in self._family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self.ended()
        await self.nobody_left()

    async def ended(self, within_s=PATIENCE_S):
        """Wait for the end of the main process; returns its exit code."""
        return await asyncio.wait_for(self._process.wait(), within_s)

    async def nobody_left(self):
        """Wait until no process that was there at the last signal is there any more."""
        await until(lambda: not self._left(), "every process of the gateway is gone")

    def _left(self):
        alive = [process for process in self._family if process.is_running()]
        return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]

    async def stop(self):
        """End it for good, however it fares: a test that failed must leave nothing behind."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self.tell(signal.SIGKILL)
            await self.ended()
        for process in self._left():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self.nobody_left()
