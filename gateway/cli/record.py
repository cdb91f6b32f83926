"""`wheeltapper record`: collects parts to teach from, at the station's own microphone."""

import csv
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from numpy.typing import NDArray

from analytics.signal.beamforming import summed_whole
from analytics.signal.capture import SURROUNDINGS_S, Capture
from config.load import load
from config.site import Site
from config.source import Microphone
from gateway.audio.open import make_source
from gateway.audio.ring import Ring
from gateway.audio.source import Source
from gateway.cli.doctor_here import running
from gateway.cli.output import note, say
from gateway.cli.record_quality import Looked, look
from gateway.cli.record_triggers import Call, EnterTrigger, PlcTrigger, SoundTrigger, Trigger
from gateway.processes.clock import SystemClock
from gateway.stations.plan import SourcePlan, StationPlan
from gateway.wiring.plc import settings_of
from gateway.wiring.stations import worker_plans
from models.speech import SpeechModel

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}")
COLUMNS = ("file", "label", "station", "part_id", "recorded", "rate", "level_db", "peak_db", "around_db", "clipped")
ONSET_LEAD_S = 0.02  #: a part triggered by its own sound begins so long before what was noticed
_PAUSE_S = 0.02
CONSENT = (
    "This records sound with whatever is said near the microphone. Tell everybody in earshot first, and keep quiet;\n"
    "parts with speech in them are thrown away, as far as it is noticed (docs/privacy.md)."
)


class TriggerChoice(StrEnum):
    """What says that a part is there."""

    PLC = "plc"
    SOUND = "sound"
    ENTER = "enter"


class FormatChoice(StrEnum):
    """How sound is written."""

    FLAC = "flac"
    WAV = "wav"


def command(
    station: Annotated[str, typer.Argument(help="Name of the station in the site file.")],
    site: Annotated[Path, typer.Option("--site", help="The site file.", metavar="SITE.toml")],
    label: Annotated[str, typer.Option("--label", help='"good", or the name of a defect.')],
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=5000, help="Parts to keep.")] = 60,
    to: Annotated[Path, typer.Option("--to", help="Folder; good/ and defect/NAME/ lie in it.")] = Path("recordings"),
    trigger: Annotated[TriggerChoice, typer.Option(help="What says that a part is there.")] = TriggerChoice.ENTER,
    sound_format: Annotated[FormatChoice, typer.Option("--format", help="24-bit FLAC, or float WAV.")] = (
        FormatChoice.FLAC
    ),
    consent: Annotated[bool, typer.Option("--consent", help="Everybody in earshot knows: do not ask.")] = False,
) -> None:
    """Record parts to teach from, with 100 ms before and after; each is looked at while the part is still there.

    A part that is silent, clipped, disturbed or spoken over is not kept, does not count, and says why. Then:
    wheeltapper teach RECIPE --good recordings/good --defect NAME=recordings/defect/NAME --surroundings
    """
    loaded = load(site)
    plan, source_plan = _meant(loaded, station, label)
    note(CONSENT)
    if not consent and not typer.confirm("Does everybody know?", default=False):
        raise typer.Exit(1)
    folder = to / "good" if label == "good" else to / "defect" / label
    parts = Parts(folder, to / "parts.csv", label, station, sound_format.value)
    source = make_source(source_plan, SystemClock())
    with closing(source):
        source.open()
        with closing(_trigger(trigger, loaded, plan, source.rate)) as called:
            say(f"{station}: listening; {_wanted(trigger)}")
            kept = _collect(source, called, plan, parts, count)
    say(f"{kept} of {count} parts in {folder}, listed in {parts.table}")
    if kept and plan.beam is not None:
        note(f"every channel was kept: wheeltapper teach ... --array {plan.beam}")
    if kept < count:
        raise typer.Exit(1)


def _wanted(trigger: TriggerChoice) -> str:
    words = {
        TriggerChoice.ENTER: "press Enter as a part sounds (its id first, where it has one)",
        TriggerChoice.SOUND: "let one part after the other sound, a second of quiet first",
        TriggerChoice.PLC: "waiting for the PLC's triggers",
    }
    return words[trigger]


def _meant(site: Site, station: str, label: str) -> tuple[StationPlan, SourcePlan]:
    found = {one.name: one for one in site.station}
    if LABEL.fullmatch(label) is None:
        raise typer.BadParameter(f"found {label!r}; wanted letters, digits, blanks, _ and -", param_hint="--label")
    if station not in found:
        raise typer.BadParameter(f"found {station}; wanted one of {', '.join(found)}", param_hint="STATION")
    if isinstance(found[station].source, Microphone) and running(site):
        note(f"{station}: a gateway runs on this site and holds the device; end it first, then record")
        raise typer.Exit(1)
    for worker in worker_plans(site):
        for plan in worker.stations:
            if plan.name == station and plan.part is not None:
                return plan, worker.sources[plan.source]
    raise typer.BadParameter(f"{station} hears no parts; wanted a station with [station.parts]", param_hint="STATION")


def _trigger(choice: TriggerChoice, site: Site, plan: StationPlan, rate: int) -> Trigger:
    assert plan.part is not None
    if choice is TriggerChoice.ENTER:
        return EnterTrigger()
    if choice is TriggerChoice.SOUND:
        return SoundTrigger(rate, plan.part.length_ms / 1000 + 2 * SURROUNDINGS_S)
    parts = next(one.parts for one in site.station if one.name == plan.name)
    assert parts is not None
    return PlcTrigger(settings_of(site, parts.plc), plan.name)


# ---- listening ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A part that was called and is not over yet."""

    part_id: str
    start: int
    stop: int


def _collect(source: Source, trigger: Trigger, plan: StationPlan, parts: "Parts", count: int) -> int:
    """Cut one part after the other out of the stream until there are enough, or nobody calls any more."""
    assert plan.part is not None
    around = round(SURROUNDINGS_S * source.rate)
    length, after = round(plan.part.length_ms / 1000 * source.rate), round(plan.part.after_ms / 1000 * source.rate)
    ring = Ring(length + abs(after) + 4 * around + 10 * source.rate, source.channels)
    waiting: list[_Wanted] = []
    heard = 0
    while parts.kept < count:
        for chunk in source.chunks():
            ring.write(chunk)
            heard = chunk.stop
            for call in trigger.heard(chunk.start, chunk.samples[:, plan.channel]):
                begin = _begin(source, call, chunk.clock, chunk.stop, after)
                if begin is None:
                    note(f"{call.part_id or 'a part'}: this source has no such part")
                else:
                    waiting.append(_Wanted(call.part_id, begin, begin + length))
        while waiting and waiting[0].stop + around <= heard and parts.kept < count:
            one = waiting.pop(0)
            samples, gaps = ring.read(one.start - around, one.stop + around)
            heard_as = samples[:, plan.channel] if plan.beam is None else summed_whole(plan.beam, samples, source.rate)
            capture = Capture(heard_as.copy(), source.rate, around, around + length, gaps)
            # Of an array every channel is kept: `teach --array` hears it as the station does.
            parts.take(capture, one.part_id, count, capture.samples if plan.beam is None else samples)
        if trigger.fault:
            note(trigger.fault)
            break
        if source.ended or (trigger.ended and not waiting):
            break
        time.sleep(_PAUSE_S)
    return parts.kept


def _begin(source: Source, call: Call, clock: float, stop: int, after: int) -> int | None:
    """Sample at which the part begins: the call's place in the sound, and where a rehearsal lets it begin."""
    if call.index is not None:
        return call.index - round(ONSET_LEAD_S * source.rate)
    index = stop + round((call.at - clock) * source.rate) + after
    return source.place(call.part_id or f"recorded-{call.at:.3f}", index)


class Parts:
    """Looks at each part, writes the fit ones and lists them.

    Parameters
    ----------
    folder, table
        Where the sound goes, and the CSV file that names every one.
    label, station, ending
        What they are called, where they were heard, flac or wav.
    """

    def __init__(self, folder: Path, table: Path, label: str, station: str, ending: str) -> None:
        self.kept = 0
        self.table = table
        self._folder, self._label, self._station, self._ending = folder, label, station, ending
        self._around: list[float] = []
        self._speech = SpeechModel()

    def take(self, capture: Capture, part_id: str, count: int, sound: NDArray[np.float32]) -> None:
        """Keep one part, or say why not; `sound` is what is written, shape (n,) or (n, channels)."""
        seen = look(capture, self._around[-50:], self._spoken(capture))
        name = part_id or "part"
        if seen.fault:
            note(f"  not kept  {name}: {seen.fault}")
            return
        self._around.append(seen.around_db)
        path = self._write(sound, capture.rate, part_id)
        self._list(path, part_id, capture.rate, seen)
        self.kept += 1
        say(f"  {self.kept:>4}/{count}  {path.name}  {seen.level_db:.0f} dB, peak {seen.peak_db:.0f} dB")

    def _spoken(self, capture: Capture) -> bool:
        return bool(self._speech.spans(capture.samples, capture.rate))

    def _write(self, heard: NDArray[np.float32], rate: int, part_id: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        safe = re.sub(r"[^A-Za-z0-9_-]", "_", part_id)[:32] or "part"
        path = next(one for one in self._names(safe) if not one.exists())
        subtype = "PCM_24" if self._ending == "flac" else "FLOAT"
        # FLAC has no room above full scale; a part that reaches it was refused as clipped.
        sound: NDArray[np.float32] = np.clip(heard, -1, 1) if self._ending == "flac" else heard
        soundfile.write(path, sound, rate, subtype=subtype)
        return path

    def _names(self, safe: str) -> Iterator[Path]:
        for number in range(1, 1_000_000):
            yield self._folder / f"{safe}-{number:04}.{self._ending}"

    def _list(self, path: Path, part_id: str, rate: int, seen: Looked) -> None:
        fresh = not self.table.exists()
        with self.table.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(COLUMNS)
            writer.writerow(
                [path.relative_to(self.table.parent).as_posix(), self._label, self._station, part_id,
                 datetime.now(UTC).isoformat(timespec="milliseconds"), rate,
                 seen.level_db, seen.peak_db, seen.around_db, seen.clipped]
            )  # fmt: skip
