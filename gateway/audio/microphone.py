"""Live sound: a PortAudio stream in callback mode, and somebody who watches it.

A lost device announces itself by nothing at all on most systems: the callback is just not called again while the
stream calls itself active, `stop` hangs for ever, and a blocking read would end in a crash (docs/audio.md). Hence
callback mode only; whether sound still comes is seen by the age of the newest block; and every call into PortAudio is
made in an attendant thread that the worker's loop never waits for.
"""

import threading
from collections import deque
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.audio import portaudio
from gateway.audio.source import Chunk, SourceFault, SourceStuck
from gateway.processes.clock import Clock
from gateway.stations.plan import SourcePlan

BUFFER_S = 2.0  #: sound kept for a loop that does not come; more than a hung worker is given before it is ended
OPEN_S = 8.0  #: for the audio system to open the device; a frozen sound server never answers
FIRST_S = 3.0  #: until the first block; a monitor of PulseAudio needs 1.2 to 1.7 s (measured, docs/audio.md)
STALL_S = 1.5  #: without a block the device is given up; blocks come every 2 to 100 ms
GRACE_S = 0.05  #: `close` waits so long for what takes 7 ms where it returns at all; the loop must tick every 200 ms


class Microphone:
    """One audio device, all its channels from the first up to the last one needed.

    Parameters
    ----------
    plan
        `device` is part of the device's name, `host_api` of its host API's; empty means any.
    clock
        The gateway's clock.
    """

    def __init__(self, plan: SourcePlan, clock: Clock) -> None:
        self.rate = plan.rate
        self.channels = plan.channels
        self.ended = False
        self._plan = plan
        self._clock = clock
        self._blocks: deque[Chunk] = deque()
        self._index = 0
        self._held = 0  # samples in _blocks; the callback adds, the loop takes away
        self._lock = threading.Lock()  # held for microseconds, around the three above
        self._newest: float | None = None
        self._began = clock.now()
        self._started: float | None = None
        self._fault: SourceFault | None = None
        self._leave = threading.Event()
        self._attendant: threading.Thread | None = None

    # ---- the worker's side ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to open the device; whether that went well shows in `chunks`. Raises `SourceFault`."""
        library = portaudio.load()
        self._began = self._clock.now()
        # A daemon, since a call into PortAudio that never returns must not keep the process from ending.
        self._attendant = threading.Thread(
            target=self._attend, args=(library,), name=f"microphone:{self._plan.device}", daemon=True
        )
        self._attendant.start()

    def chunks(self) -> Iterator[Chunk]:
        """Everything heard since the last call. Raises `SourceFault` when the device is gone."""
        with self._lock:
            blocks = list(self._blocks)
            self._blocks.clear()
            self._held = 0
        yield from _joined(blocks)
        if not blocks:
            self._watch()

    def place(self, part_id: str, index: int) -> int | None:
        """Answer `index`: a microphone hears what is there."""
        del part_id
        return index

    def close(self) -> None:
        """Let the attendant abort and close the stream."""
        self._leave.set()
        if self._attendant is not None:
            self._attendant.join(GRACE_S)
            if self._attendant.is_alive():
                portaudio.LIBRARY.abandon(portaudio.load())

    def _watch(self) -> None:
        now = self._clock.now()
        if self._fault is not None:
            raise self._fault
        if self._started is None:
            if now - self._began > OPEN_S:
                raise SourceStuck(
                    f"{self._where}: the audio system has not opened it for {OPEN_S:.0f} s; "
                    "this process must end to free it"
                )
            return
        if self._newest is None:
            if now - self._started > FIRST_S:
                raise SourceFault(f"{self._where}: open, but no sound came within {FIRST_S:.0f} s; is it plugged in?")
        elif now - self._newest > STALL_S:
            raise SourceFault(f"{self._where}: no sound for {STALL_S} s; is it plugged in? It is opened again")

    @property
    def _where(self) -> str:
        return f'microphone "{self._plan.device}"'

    # ---- the attendant's side -------------------------------------------------------------------------------------

    def _attend(self, library: ModuleType) -> None:
        try:
            with portaudio.LIBRARY.turn():
                stream = self._open_stream(library)
                portaudio.LIBRARY.opened()
            self._started = self._clock.now()
            self._leave.wait()
            with portaudio.LIBRARY.turn():
                stream.abort(ignore_errors=True)  # not stop: that one waits for buffers which never come
                stream.close(ignore_errors=True)
                portaudio.LIBRARY.closed()
        except SourceFault as fault:
            self._fault = fault
        except library.PortAudioError as fault:
            self._fault = SourceFault(f"{self._where}: {_plain(fault)}; is it plugged in, and is the rate one of its?")

    def _open_stream(self, library: ModuleType) -> Any:  # noqa: ANN401 - sounddevice has no types
        portaudio.LIBRARY.refresh(library)
        device = portaudio.find(portaudio.inputs(library), self._plan.device, self._plan.host_api, self.channels)
        stream = library.InputStream(
            samplerate=self.rate,
            device=device.index,
            channels=self.channels,
            dtype="float32",
            latency="low",
            callback=self._callback,
            finished_callback=self._finished,
        )
        try:
            stream.start()
        except library.PortAudioError:
            stream.close(ignore_errors=True)
            raise
        return stream

    # ---- PortAudio's side -----------------------------------------------------------------------------------------

    def _callback(self, samples: NDArray[np.float32], frames: int, times: object, status: Any) -> None:  # noqa: ANN401
        del frames, times
        try:
            self._heard(samples, overflow=bool(status.input_overflow))
        except Exception as bug:  # the edge of C: what passes it is printed to nobody and ends the stream in silence
            self._fault = SourceFault(f"{self._where}: our own fault while listening: {bug!r}")
            raise

    def _heard(self, samples: NDArray[np.float32], *, overflow: bool) -> None:
        now = self._clock.now()
        with self._lock:
            if overflow:
                # The driver does not say how much it threw away; the clock knows, roughly, and one sample at least
                # makes it a gap.
                since = 0.0 if self._newest is None else now - self._newest
                self._index += max(1, round(since * self.rate) - len(samples))
            if self._held + len(samples) <= BUFFER_S * self.rate:
                self._blocks.append(Chunk(self._index, samples.copy(), now))
                self._held += len(samples)
            self._index += len(samples)
            self._newest = now

    def _finished(self) -> None:
        if not self._leave.is_set() and self._fault is None:
            self._fault = SourceFault(f"{self._where}: the audio system ended the stream; is it plugged in?")


def _joined(blocks: list[Chunk]) -> Iterator[Chunk]:
    """Join blocks without a gap between them, so that the loop has less to do."""
    run: list[Chunk] = []
    for block in blocks:
        if run and run[-1].stop != block.start:
            yield Chunk(run[0].start, np.concatenate([one.samples for one in run]), run[-1].clock)
            run = []
        run.append(block)
    if run:
        yield Chunk(run[0].start, np.concatenate([one.samples for one in run]), run[-1].clock)


def _plain(fault: Exception) -> str:
    """Say PortAudio's error without its numbers and repetitions."""
    text = str(fault).split("[", 1)[0].strip()
    return text.removeprefix("Error opening InputStream:").strip() or repr(fault)
