"""The audio system: one PortAudio library per process, and what it needs to be handled with.

PortAudio lists devices once, when it is initialised; to see one that was plugged in later it must be initialised anew,
which kills every stream of the process. Its calls are not thread-safe, and on a lost device some of them never return
(docs/audio.md). So they are made in threads of their own, one at a time, and watched from outside.
"""

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from gateway.audio.source import SourceFault, SourceStuck

TURN_S = 5.0  #: longest wait for another thread's call; an initialisation with a sound server takes 50 ms


@dataclass(frozen=True, slots=True)
class Device:
    """One device that can hear."""

    index: int  #: moves with every replug: never kept
    name: str
    host_api: str
    channels: int
    rate: float  #: its own default

    def __str__(self) -> str:
        return f'"{self.name}" ({self.host_api}, {self.channels} channels)'


def load() -> ModuleType:
    """Import sounddevice. Raises `SourceFault` where PortAudio is not installed."""
    try:
        import sounddevice
    except OSError as fault:
        raise SourceFault(
            f"microphone: PortAudio was not found ({fault}); a live microphone needs it: "
            "install libportaudio2 (Debian, Ubuntu: apt-get install libportaudio2)"
        ) from fault
    module: ModuleType = sounddevice
    return module


class Library:
    """Whose turn it is, and who uses PortAudio at this moment."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._streams = 0  # changed by the one whose turn it is

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the only call that may be under way. Raises `SourceStuck` where that one never returns."""
        if not self._turn.acquire(timeout=TURN_S):
            raise SourceStuck(
                f"microphone: the audio system has not answered for {TURN_S:.0f} s; this process must end to free it"
            )
        try:
            yield
        finally:
            self._turn.release()

    def refresh(self, portaudio: ModuleType) -> None:
        """List the devices anew, where no stream would be killed by it. Only in one's `turn`."""
        if self._streams == 0:
            portaudio._terminate()
            portaudio._initialize()

    def opened(self) -> None:
        """Note a stream. Only in one's `turn`."""
        self._streams += 1

    def closed(self) -> None:
        """Forget a stream. Only in one's `turn`."""
        self._streams -= 1

    def abandon(self, portaudio: ModuleType) -> None:
        """Keep this process from waiting for PortAudio when it ends, since a call of it hangs for ever."""
        atexit.unregister(portaudio._exit_handler)


LIBRARY = Library()  #: one per process, because PortAudio is


def inputs(portaudio: ModuleType) -> list[Device]:
    """List the devices that can hear. Only in one's `turn`."""
    apis = [api["name"] for api in portaudio.query_hostapis()]
    return [
        Device(index, one["name"], apis[one["hostapi"]], one["max_input_channels"], one["default_samplerate"])
        for index, one in enumerate(portaudio.query_devices())
        if one["max_input_channels"] > 0
    ]


def find(devices: list[Device], name: str, host_api: str, channels: int) -> Device:
    """Find the one device whose name contains `name`, upper and lower case alike; an exact name wins.

    Raises
    ------
    SourceFault
        None or several; the sentence lists what there is.
    """
    wanted = f'"{name}"' + (f" of {host_api}" if host_api else "")
    fitting = [one for one in devices if host_api.casefold() in one.host_api.casefold()]
    named = [one for one in fitting if name.casefold() in one.name.casefold()]
    exact = [one for one in named if one.name.casefold() == name.casefold()]
    chosen = exact if len(exact) == 1 else named
    there = "; ".join(str(one) for one in devices) or "no device that can hear"
    if not chosen:
        raise SourceFault(f"microphone {wanted}: not found among: {there}; wheeltapper devices lists them")
    if len(chosen) > 1:
        several = "; ".join(str(one) for one in chosen)
        raise SourceFault(f"microphone {wanted}: found several: {several}; name more of it, or set host_api")
    if chosen[0].channels < channels:
        raise SourceFault(f"microphone {wanted}: found {chosen[0]}; wanted channel {channels}; set channel lower")
    return chosen[0]
