"""Stations of the site file become plans of workers: one for each audio device, one for all that is not a device."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analytics.diagnosis.bearings import Orders, lookup
from analytics.diagnosis.named import FIXED_TOLERANCE, Named
from analytics.signal.beamforming import Beam, steering_delays
from config.machine import Bearing, Indicator, Machine
from config.parts import Parts
from config.site import Site, Station, Store
from config.sounds import Sounds
from config.source import Microphone, RecordingSource, SimulatedSource
from gateway.stations.plan import BearingPlan, MachinePlan, PartPlan, SoundsPlan, SourcePlan, StationPlan, WorkerPlan
from gateway.wiring.alerts import zone_of

FILES = "worker-files"  #: hears recordings and simulations

AnySource = Microphone | RecordingSource | SimulatedSource


@dataclass(slots=True)
class _Bench:
    """A worker's plan under construction."""

    sources: list[SourcePlan] = field(default_factory=list)
    stations: list[StationPlan] = field(default_factory=list)

    def place(self, source: AnySource, beside: int | None = None, channels: int = 1) -> int:
        """Index of this source; a device that is there already is shared, and opened with enough channels.

        A recording is played by each station for itself; `beside` is the one that this station plays already.
        """
        plan = _source_plan(source)
        plan = replace(plan, channels=max(plan.channels, channels))
        for index, known in enumerate(self.sources):
            shared = isinstance(source, Microphone) or index == beside
            if shared and replace(known, channels=plan.channels) == plan:
                self.sources[index] = replace(plan, channels=max(known.channels, plan.channels))
                return index
        self.sources.append(plan)
        return len(self.sources) - 1


def worker_plans(site: Site) -> tuple[WorkerPlan, ...]:
    """Plan of every worker, in the order of the site file."""
    benches: dict[str, _Bench] = {}
    for station in site.station:
        bench = benches.setdefault(worker_of(station), _Bench())
        beam = beam_of(station)
        source = bench.place(station.source, channels=max(beam.channels) if beam else 1)
        bench.stations.append(
            StationPlan(
                station.name,
                source,
                station.source.channel - 1,
                None if station.ambient is None else bench.place(station.ambient, source),
                0 if station.ambient is None else station.ambient.channel - 1,
                None if station.parts is None else _part_plan(station.mode, station.parts, site.store, beam),
                None if station.machine is None else replace(machine_plan(station.machine), beam=beam),
                None if station.sounds is None else _sounds_plan(station.sounds, zone_of(station), site.store),
                beam,
            )
        )
    return tuple(WorkerPlan(name, tuple(b.sources), tuple(b.stations)) for name, b in benches.items())


def beam_of(station: Station) -> Beam | None:
    """Microphones a station hears as one; delays to a tenth of a microsecond, the air's warmth moves them by more."""
    array = station.array
    if array is None:
        return None
    if array.positions is not None and array.point is not None:
        delays = 1000 * steering_delays(np.array(array.positions), np.array(array.point))
    else:
        delays = np.array(array.delays_ms) - min(array.delays_ms or (0.0,))
    return Beam(array.channels, tuple(round(float(delay), 4) for delay in delays))


def worker_of(station: Station) -> str:
    """Name of the worker that hears a station: one a device, so that a device that hangs takes no other along."""
    source = station.source
    if not isinstance(source, Microphone):
        return FILES
    words = f"{source.host_api}-{source.device}" if source.host_api else source.device
    return "worker-" + "".join(c if c.isalnum() else "-" for c in words)


def _source_plan(source: AnySource) -> SourcePlan:
    if isinstance(source, Microphone):
        return SourcePlan("microphone", source.rate, source.channel, source.device, source.host_api)
    if isinstance(source, RecordingSource):
        return SourcePlan(
            "recording", source.rate, source.channel, path=str(source.path), play=source.play, pace=source.pace
        )
    return SourcePlan(
        "simulated", source.rate, sound=source.sound, seed=source.seed, fault_at_s=source.fault_at, rpm=source.rpm
    )


def _part_plan(mode: str, parts: Parts, store: Store, beam: Beam | None) -> PartPlan:
    return PartPlan(
        mode,
        parts.capture.after_ms,
        parts.capture.length_ms,
        {kind: str(folder) for kind, folder in parts.recipes.items()},
        parts.reject_rate,
        store.sound,
        str(store.models) if store.models is not None else "",
        beam,
    )


def _sounds_plan(sounds: Sounds, zone: str, store: Store) -> SoundsPlan:
    return SoundsPlan(
        str(sounds.kinds),
        zone,
        sounds.asset,
        sounds.severity,
        dict(sounds.severities.items()),
        sounds.persist,
        sounds.quiet,
        str(store.models) if store.models is not None else "",
        store.sound,
    )


def machine_plan(machine: Machine) -> MachinePlan:
    """Plan of a machine flow. ValueError where a bearing is not known; `bearing_faults` tells it before."""
    return MachinePlan(
        machine.asset,
        tuple(_bearing_plan(bearing) for bearing in machine.bearings),
        machine.rpm,
        machine.rpm_tolerance,
        machine.learn,
        machine.diagnose_every,
        machine.diagnose_over,
        machine.persist,
        machine.warning_db,
        machine.critical_db,
        tuple(_named(one, machine.rpm_tolerance) for one in machine.indicators),
        machine.speed is not None or machine.rpm is not None,
        machine.speed is None and machine.rpm is None and machine.runs is None,
        tuple(one.name for one in machine.covariates),
        machine.wear_every,
        machine.learn_hall or 0.0,
    )


def _named(one: Indicator, rpm_tolerance: float) -> Named:
    own = FIXED_TOLERANCE if one.order is None else rpm_tolerance
    return Named(
        one.name,
        one.mode,
        one.band_hz,
        one.order,
        one.hz,
        one.multiples,
        own if one.tolerance is None else one.tolerance,
        one.warning_db,
        one.critical_db,
    )


def indicator_faults(site: Site) -> Sequence[tuple[str, str]]:
    """Path and sentence of every named indicator that lies beyond what its source can hear."""
    found: list[tuple[str, str]] = []
    for index, station in enumerate(site.station):
        for number, one in enumerate(station.machine.indicators if station.machine else ()):
            highest = one.band_hz[1] if one.band_hz else (one.hz or 0.0) * one.multiples
            if highest > station.source.rate / 2:
                where = f"station[{index}].machine.indicators[{number}]"
                heard = f"a source at {station.source.rate} samples a second ends at {station.source.rate / 2:g} Hz"
                found.append((where, f"found {highest:g} Hz; {heard}; wanted a higher rate or a lower frequency"))
    return found


def _bearing_plan(bearing: Bearing) -> BearingPlan:
    if bearing.orders:
        own = bearing.orders
        elements = round(own["BPFO"] + own["BPFI"])  # the two add up to n shaft orders, whatever the geometry
        found = Orders(elements, own["BPFO"], own["BPFI"], own["BSF"], own["FTF"])
    else:
        found = lookup(bearing.type)
    return BearingPlan(bearing.name, bearing.type, found.elements, found.bpfo, found.bpfi, found.bsf, found.ftf)


def bearing_faults(site: Site) -> Sequence[tuple[str, str]]:
    """Path and sentence of every bearing that is neither known by its type nor given by its orders."""
    found: list[tuple[str, str]] = []
    for index, station in enumerate(site.station):
        for number, bearing in enumerate(station.machine.bearings if station.machine else ()):
            where = f"station[{index}].machine.bearings[{number}]"
            missing = {"BPFO", "BPFI", "BSF", "FTF"} - set(bearing.orders)
            if bearing.orders and missing:
                found.append((f"{where}.orders", f"missing {', '.join(sorted(missing))}; wanted all four orders"))
            else:
                try:
                    _bearing_plan(bearing)
                except ValueError as fault:
                    found.append((f"{where}.{'orders' if bearing.orders else 'type'}", str(fault)))
    return found
