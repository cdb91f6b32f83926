"""The gateway of the noisy day: main, ledger, front and a worker under the real supervisor, on a day that is turned.

    python -m benchmarks.noisy_day_gateway FOLDER

Real: main, the supervisor, the channels between the processes, ledger, couriers, front, the folder of commands. Not
real: the worker plays a script instead of hearing, and the ledger's clock shows the time of the script, so that a day
takes minutes. `NoisyGateway` starts it in a process group of its own and kills the whole group with SIGKILL.
"""

import asyncio
import mmap
import os
import pickle
import random
import secrets
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.noisy_day_plant import day, heard, plant_tags
from connectors.cmms.port import CmmsFault, CmmsPort
from connectors.notify.open import NotifySettings, open_channel
from gateway.ledger.body import Ledger
from gateway.ledger.courier import Courier
from gateway.ledger.plan import LedgerPlan
from gateway.main import FRONT, LEDGER, ChildBody, Gateway
from gateway.newest import StationFacts
from gateway.processes.channel import Channel, Endpoint
from gateway.processes.clock import Clock, SystemClock
from gateway.processes.entry import ignore_signals, log_as, silence
from gateway.processes.ledger_messages import PlantTags
from gateway.processes.messages import VERSION, Started, Stop, Tick
from gateway.serve.plan import FrontPlan
from gateway.store.database import DATABASE
from gateway.teaching import TeachingDesk

WORKER = "worker-plant"
STEP_TAG = "step"  #: the last message of a step: what came before it is written once it is
UP_S = 90.0  #: the longest a start may take on a busy machine


class TurnedTime:
    """Seconds of the day in a file that every process looks at: told by the benchmark, written down by the ledger."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / "turned"
        if not path.exists():
            path.write_bytes(struct.pack("2d", 0.0, -1.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)

    def _get(self, place: int) -> float:
        return float(struct.unpack_from("d", self._map, 8 * place)[0])

    def _set(self, place: int, seconds: float) -> None:
        struct.pack_into("d", self._map, 8 * place, seconds)

    told = property(lambda self: self._get(0), lambda self, seconds: self._set(0, seconds))
    written = property(lambda self: self._get(1), lambda self, seconds: self._set(1, seconds))


@dataclass(frozen=True)
class Text:
    """A secret of the benchmark's own, that a process may be given."""

    text: str

    def __call__(self) -> str:
        return self.text


@dataclass(frozen=True)
class NoisyPlan:
    """What every process of it is told."""

    folder: str
    midnight: datetime
    seed: int
    ledger: LedgerPlan
    channels: dict[str, NotifySettings]
    commands: str


# ---- in its processes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TurnedClock:
    """Shows the time of the script."""

    time: TurnedTime
    midnight: datetime

    def now(self) -> float:
        return float(self.time.told)

    def wall(self) -> datetime:
        return self.midnight + timedelta(seconds=self.now())


@dataclass
class Noting:
    """The ledger's channel: when it is asked for more, what it gave before is committed."""

    channel: Endpoint
    time: TurnedTime
    couriers: list[Courier] = field(default_factory=list)
    _step: float | None = None

    def send(self, message: object) -> bool:
        return self.channel.send(message)

    def receive(self, timeout_s: float) -> list[object]:
        if self._step is not None:
            self.time.written = self._step
            for courier in self.couriers:  # they wait in real seconds for a time that is turned
                courier.wake()
        messages = self.channel.receive(timeout_s)
        steps = [one.values[STEP_TAG] for one in messages if isinstance(one, PlantTags) and STEP_TAG in one.values]
        self._step = float(steps[-1] or 0.0) if steps else None
        return messages


def run_ledger(plan: NoisyPlan, channel: Channel, clock: Clock) -> None:
    """Be the ledger, on the turned clock."""
    turned = TurnedTime(plan.folder)
    inbox = Noting(channel, turned)

    def no_cmms(name: str) -> CmmsPort:
        raise CmmsFault(f"{name}: none here")

    with ExitStack() as stack:
        ledger = Ledger(
            *(plan.ledger, inbox, TurnedClock(turned, plan.midnight), no_cmms, stack),
            lambda name: open_channel(plan.channels[name]),
        )
        inbox.couriers = ledger.couriers
        ledger.run()


def run_plant(plan: NoisyPlan, channel: Channel, clock: Clock) -> None:
    """Be the worker: report what the script says is heard at the time that was told, and tick."""
    turned, raw, life = TurnedTime(plan.folder), day(random.Random(plan.seed)), secrets.token_hex(3)
    channel.send(Started(WORKER, VERSION, {}))
    last, ticked, passes, born = -1.0, 0.0, 0, int(turned.told)
    while not any(isinstance(message, Stop) for message in channel.receive(0.002)):
        if clock.now() - ticked >= 0.1:
            ticked, passes = clock.now(), passes + 1
            channel.send(Tick(WORKER, ticked, passes))
        if (second := turned.told) != last:
            last = second
            wall = plan.midnight + timedelta(seconds=second)
            for message in (plant_tags(int(second)), *heard(raw, int(second), wall, life, born)):
                channel.send(message)
            channel.send(PlantTags({STEP_TAG: second}))


class NoisyMain(Gateway):
    """Main, which takes the plant's tags from the worker: there is no PLC to read them from."""

    def _from_worker(self, message: object) -> None:
        if isinstance(message, PlantTags):
            self._supervisor.send(LEDGER, message)
        else:
            super()._from_worker(message)


async def run_main(plan: NoisyPlan) -> None:
    """Be the gateway until it is killed."""
    stations = [StationFacts(entry.name, entry.title, WORKER, entry.asset) for entry in plan.ledger.stations]
    here = "benchmarks.noisy_day_gateway"
    others = [
        ChildBody(LEDGER, f"{here}:run_ledger", plan),
        ChildBody(FRONT, "gateway.serve.front:run_front", FrontPlan(plan.ledger.line, (), commands=plan.commands)),
    ]
    workers = [ChildBody(WORKER, f"{here}:run_plant", plan)]
    gateway = NoisyMain(
        *(plan.ledger.line, stations, workers, others, lambda start: TeachingDesk({}, start), SystemClock()),
        boot_id=random.SystemRandom().randint(1, 0xFFFF),
        quiet=True,
    )
    await gateway.run(asyncio.Event())


# ---- from outside ---------------------------------------------------------------------------------------------------


class NoisyGateway:
    """Starts it, turns its day, kills it."""

    def __init__(self, plan: NoisyPlan) -> None:
        self._folder, self._store = Path(plan.folder), Path(plan.ledger.folder)
        (self._folder / "plan.pickle").write_bytes(pickle.dumps(plan))
        self._time = TurnedTime(plan.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0
        self.pending: list[int] = []  #: messages not yet delivered, at each kill

    def turn(self, second: int, *, kill_after_s: float | None = None) -> None:
        """Let it be this second, and wait until the ledger has written what was heard; killed, it is started again.

        Parameters
        ----------
        kill_after_s
            Kill it so long after the second has begun, whatever it is doing then.
        """
        self._time.told = float(second)
        if kill_after_s is not None and self._process is not None:
            time.sleep(kill_after_s)
            self.kill()
        by = time.monotonic() + UP_S
        while self._time.written != second:
            if self._process is None or self._process.poll() is not None:
                self._start()
            assert time.monotonic() < by, f"second {second} was not written within {UP_S:g} s"
            time.sleep(0.001)

    def kill(self) -> None:
        """End every process of it at once, as a power cut does; callable from any thread."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        psutil.wait_procs(family, timeout=10)
        self.kills += 1
        self.pending.append(self.waiting())

    def waiting(self) -> int:
        """Count the messages on their way, in a copy of the store: looking must not mend what a kill left."""
        with tempfile.TemporaryDirectory() as there:
            for file in self._store.glob(f"{DATABASE}*"):
                shutil.copy(file, there)
            with closing(sqlite3.connect(Path(there) / DATABASE)) as db:
                return int(
                    db.execute("SELECT count(*) FROM notices WHERE state IN ('waiting','sending')").fetchone()[0]
                )

    def _start(self) -> None:
        self._time.written = -1.0
        command = [sys.executable, "-m", "benchmarks.noisy_day_gateway", str(self._folder)]
        self._process = subprocess.Popen(command, start_new_session=True)


if __name__ == "__main__":
    ignore_signals()
    log_as("main")
    silence()
    asyncio.run(run_main(pickle.loads((Path(sys.argv[1]) / "plan.pickle").read_bytes())))
