"""`wheeltapper devices`: what this machine can hear with, and whether it hears."""

import time
from dataclasses import asdict
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from rich.table import Table

from gateway.audio import portaudio
from gateway.audio.microphone import Microphone
from gateway.audio.portaudio import Device
from gateway.audio.source import SourceFault
from gateway.cli.output import emit, note, say
from gateway.processes.clock import SystemClock
from gateway.stations.plan import SourcePlan

QUIETEST_DB = -80.0  #: left end of the meter
CHANNELS_MAX = 16  #: shown and metered; sound servers claim 32 and more whatever the card has
REFRESH_S = 0.25
BAR = 20


def command(
    meter: Annotated[float, typer.Option(min=0, max=3600, help="Listen for so many seconds and show levels.")] = 0.0,
    device: Annotated[str, typer.Option(help="Only devices whose name contains this.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per device.")] = False,
) -> None:
    """List the audio devices that can hear, by host API, with channels and default rate.

    The name (or a part of it that no other device has) goes into the site file as source.device. With --meter each
    device is opened in turn and its level shown channel by channel: knock on a microphone and see which one moves.
    """
    found = [one for one in found_devices() if device.casefold() in one.name.casefold()]
    if not found and not as_json:
        note(
            "no device that can hear was found; is one plugged in, and may this user use it (Linux: group audio)?"
            if not device
            else f'no device that can hear is called "{device}"; see wheeltapper devices'
        )
        raise typer.Exit(1)
    if not as_json and not meter:
        _list(found)
        return
    deaf = 0
    for one in found:
        levels, fault = listen(one, meter, quiet=as_json) if meter else ([], "")
        deaf += bool(fault)
        if as_json:
            emit({**asdict(one), **({"levels_db": levels, "fault": fault} if meter else {})})
        elif fault:
            note(fault)
    if deaf and deaf == len(found):
        raise typer.Exit(1)


def found_devices() -> list[Device]:
    """List what can hear now. Raises `SourceFault` where there is no PortAudio."""
    library = portaudio.load()
    with portaudio.LIBRARY.turn():
        portaudio.LIBRARY.refresh(library)
        return sorted(portaudio.inputs(library), key=lambda one: (one.host_api, one.name))


def _list(found: list[Device]) -> None:
    table = Table("host API", "device", "channels", "default rate", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.host_api, one.name, str(one.channels), f"{one.rate:.0f} Hz")
    Console().print(table)
    say("\nIn the site file:")
    first = found[0]
    say(f'source = {{ kind = "microphone", device = "{first.name}", channel = 1, rate = {first.rate:.0f} }}')


def listen(device: Device, seconds: float, *, quiet: bool) -> tuple[list[float], str]:
    """Meter one device; returns its last levels, or why there are none."""
    channels = min(device.channels, CHANNELS_MAX)
    plan = SourcePlan("microphone", round(device.rate), channels, device=device.name, host_api=device.host_api)
    microphone = Microphone(plan, SystemClock())
    console = Console(quiet=quiet)
    levels: NDArray[np.float64] = np.full(channels, -np.inf)
    if not console.is_terminal and not quiet:
        say(f"{device}")
    try:
        microphone.open()
        # A dumb terminal cannot redraw; it gets the final state once, which rich prints by itself.
        with Live(console=console, auto_refresh=False, transient=False) as live:
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(REFRESH_S, left))
                heard = [chunk.samples for chunk in microphone.chunks()]
                if heard:
                    levels = _levels_db(np.concatenate(heard))
                live.update(_bars(device, levels), refresh=console.is_terminal and not console.is_dumb_terminal)
    except SourceFault as fault:
        return [], str(fault)
    finally:
        microphone.close()
    if not np.isfinite(levels).any():
        return [], f"{device}: no sound came within {seconds:g} s"
    return [round(float(level), 1) for level in levels], ""


def _levels_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """RMS of each channel, dB re full scale, shape (channels,)."""
    power = np.mean(np.square(np.nan_to_num(samples), dtype=np.float64), axis=0)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-24)), np.float64)


def _bars(device: Device, levels: NDArray[np.float64]) -> Table:
    table = Table(title=str(device), box=None, pad_edge=False, title_justify="left")
    for name in ("channel", "level", "dB re full scale"):
        table.add_column(name)
    for channel, level in enumerate(levels, 1):
        share = np.clip((level - QUIETEST_DB) / -QUIETEST_DB, 0, 1) if np.isfinite(level) else 0.0
        filled = round(float(share) * BAR)
        text = "-" if not np.isfinite(level) else "digital silence" if level < -200 else f"{level:.0f}"
        table.add_row(str(channel), "#" * filled + "." * (BAR - filled), text)
    return table
