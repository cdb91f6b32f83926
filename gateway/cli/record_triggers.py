"""What says that a part is there while parts are recorded: the PLC, a person at the keyboard, or the sound itself."""

import asyncio
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from connectors.plc.open import PlcSettings, open_port
from connectors.plc.port import PlcFault

ONSET_DB = 12.0  #: a knock stands out so far over the room; a part that does not is hardly heard at all
_BLOCK_S, _ROOM_S = 0.01, 2.0
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Call:
    """A part is there."""

    at: float  #: monotonic seconds; of no use where `index` is known
    part_id: str = ""
    index: int | None = None  #: sample at which it begins


class Trigger(Protocol):
    """Says when parts come."""

    fault: str  #: why no more will come
    ended: bool  #: nobody will call any more, and that is well

    def heard(self, start: int, samples: NDArray[np.float32]) -> list[Call]:
        """Give what was called since the last time; `samples`, shape (n,), have just been heard."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class EnterTrigger:
    """A person presses Enter as the part sounds; what was typed before it is the part's id."""

    def __init__(self, lines: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self.fault = ""
        self.ended = False
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._lines, self._now = lines or sys.stdin, now
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._lines:
            self._calls.put(Call(self._now(), line.strip()))
        self._calls.put(None)

    def heard(self, start: int, samples: NDArray[np.float32]) -> list[Call]:
        """Give the lines typed since the last time."""
        calls = []
        while not self._calls.empty():
            call = self._calls.get()
            if call is None:
                self.ended = True
            else:
                calls.append(call)
        return calls

    def close(self) -> None:
        """Nothing is held: the thread ends with the process."""


class SoundTrigger:
    """The part's own sound begins: 10 ms that are 12 dB louder than the quiet of the last two seconds.

    Parameters
    ----------
    rate
        Samples per second.
    rest_s
        Not called again so soon.
    """

    def __init__(self, rate: int, rest_s: float) -> None:
        self.fault = ""
        self.ended = False
        self._block = max(1, round(_BLOCK_S * rate))
        self._rest = round(rest_s * rate)
        self._room = np.full(round(_ROOM_S / _BLOCK_S), np.nan)
        self._count = 0
        self._next = 0
        self._kept = np.zeros(0, np.float32)

    def heard(self, start: int, samples: NDArray[np.float32]) -> list[Call]:
        """Look at whole blocks of what was heard, however it was cut."""
        begun = start - len(self._kept)
        sound = np.concatenate([self._kept, samples])
        whole = len(sound) // self._block
        self._kept = sound[whole * self._block :]
        blocks = sound[: whole * self._block].reshape(whole, self._block)
        levels = 10 * np.log10(np.maximum(np.mean(np.square(blocks, dtype=np.float64), axis=1), 1e-12))
        calls = []
        for number, level in enumerate(levels):  # a hundred a second
            index = begun + number * self._block
            # A second of room first: the quiet of the place must be known before something can stand out.
            known = self._count >= len(self._room) // 2
            if known and index >= self._next and level > float(np.nanquantile(self._room, 0.2)) + ONSET_DB:
                calls.append(Call(0.0, index=index))
                self._next = index + self._rest
            self._room[self._count % len(self._room)] = level
            self._count += 1
        return calls

    def close(self) -> None:
        """Nothing is held."""


class PlcTrigger:
    """The PLC's TrigSeq changes; nothing is written to the PLC.

    Parameters
    ----------
    settings
        Of its PLC; only `station` is looked at.
    station
        Its name.
    """

    def __init__(self, settings: PlcSettings, station: str) -> None:
        self.fault = ""
        self.ended = False
        self._settings, self._station = settings, station
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._watch())
        except PlcFault as fault:
            self.fault = str(fault)

    async def _watch(self) -> None:
        port = open_port(self._settings)
        try:
            await port.open()
            last: int | None = None
            while not self._stop.is_set():
                image = (await port.poll())[self._station]
                # Head and commit word differ while the PLC is still writing: the next look sees the whole.
                if image.trig_seq and image.trig_seq == image.trig_head:
                    if last is not None and image.trig_seq != last:
                        self._calls.put(Call(time.monotonic(), image.part_id))
                    last = image.trig_seq
                elif last is None:
                    last = 0
                await asyncio.sleep(_POLL_S)
        finally:
            await port.close()

    def heard(self, start: int, samples: NDArray[np.float32]) -> list[Call]:
        """Give the triggers since the last time."""
        calls = []
        while not self._calls.empty():
            calls.append(self._calls.get())
        return calls

    def close(self) -> None:
        """End the watching, within the time one answer of the PLC may take."""
        self._stop.set()
        self._thread.join(5.0)
