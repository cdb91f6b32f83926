"""What a worker is told to do: the site file, translated once by wiring, frozen, no pydantic left."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analytics.diagnosis.named import Named
from analytics.signal.beamforming import Beam


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source of sound, shared by every station that hears it."""

    kind: str  #: microphone | recording | simulated
    rate: int
    channels: int = 1
    device: str = ""  #: microphone: part of the device's name
    host_api: str = ""  #: microphone: ALSA, Windows WASAPI, ...; empty = any
    path: str = ""  #: recording: a file or a folder
    play: str = "parts"  #: recording: parts (each file when its PartId comes) | stream (one after the other)
    pace: float = 1.0  #: recording and simulated: 1 = real time, 10 = ten times as fast, 0 = as fast as it is read
    sound: str = ""  #: simulated: castings | gearmotors | pump
    seed: int = 0  #: simulated
    fault_at_s: float | None = None  #: simulated machine: when its bearing begins to fail
    rpm: float = 0.0  #: simulated machine: the true speed


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The part flow of one station."""

    mode: str  #: observe | shadow | active
    after_ms: float  #: from trigger to the part's first sample; may be negative
    length_ms: float
    recipes: Mapping[int, str] = field(default_factory=dict)  #: PartType -> recipe folder
    reject_rate: float = 0.01
    keep_sound: str = "never"  #: never | rejects | all
    models: str = ""  #: folder of embedding models; empty: the user's own
    beam: Beam | None = None  #: microphones heard as one; a recipe must have been taught through the same


@dataclass(frozen=True, slots=True)
class BearingPlan:
    """A bearing by its fault orders (multiples of the shaft speed) and number of rolling elements."""

    name: str  #: "drive end"
    type: str  #: "6205"
    elements: int
    bpfo: float
    bpfi: float
    bsf: float
    ftf: float


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """The machine flow of one station."""

    asset: str
    bearings: tuple[BearingPlan, ...] = ()
    rpm: float | None = None  #: given in the site file; None = from the PLC
    rpm_tolerance: float = 0.02
    learn_s: float = 600.0  #: sound of the running machine the baseline is learned from
    diagnose_every_s: float = 60.0
    diagnose_over_s: float = 10.0  #: length of the record a diagnosis looks at
    persist: tuple[int, int] = (3, 4)  #: m of the last n diagnoses raise an episode; the same absent clear it
    level_warning_db: float = 6.0  #: over baseline
    level_critical_db: float = 12.0
    indicators: tuple[Named, ...] = ()  #: of the failure modes that no bearing shows
    speed_told: bool = True  #: by the site file or a tag
    always: bool = False  #: neither speed nor running is ever told: it is taken to run
    covariates: tuple[str, ...] = ()  #: names of what the plant's tags say of load, temperature, ...
    wear_every_s: float = 3600.0  #: one step of wear
    learn_hall_s: float = 0.0  #: sound of the hall at rest; 0 = the hall is left in
    beam: Beam | None = None  #: microphones heard as one; what was learned through others is learned anew


@dataclass(frozen=True, slots=True)
class SoundsPlan:
    """The sound events of one station."""

    folder: str  #: kinds of sound, as `teach-sounds` writes them
    zone: str = ""  #: where the microphone hears, for people
    asset: str = ""  #: the CMMS's number of the place
    severity: str = "critical"  #: warning | critical
    severities: Mapping[str, str] = field(default_factory=dict)  #: of single kinds
    persist: tuple[int, int] = (1, 1)  #: m of n windows, 250 ms apart
    quiet_s: float = 30.0  #: not heard for so long: over
    models: str = ""  #: folder of embedding models; empty: the user's own
    keep_sound: str = "never"  #: never | rejects | all


@dataclass(frozen=True, slots=True)
class StationPlan:
    """One station: one ear, one or both flows."""

    name: str
    source: int  #: index into `WorkerPlan.sources`
    channel: int = 0
    ambient_source: int | None = None
    ambient_channel: int = 0
    part: PartPlan | None = None
    machine: MachinePlan | None = None
    sounds: SoundsPlan | None = None
    beam: Beam | None = None  #: channels of the source heard as one, in place of `channel`


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """One worker process: one audio device, or all file and simulated sources."""

    name: str
    sources: tuple[SourcePlan, ...]
    stations: tuple[StationPlan, ...]
