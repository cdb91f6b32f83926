"""What a diagnosis says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

NONE = "none"  #: listened long enough and found no family of fault lines
GEAR = "gear"  #: one event in each turn of a gear
UNDECIDED = "undecided"  #: cannot be said, for the reason given


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One carrier and its multiples.

    Parameters
    ----------
    fault
        BPFO, BPFI, BSF (the line at twice the spin) or FTF.
    order
        As found, in multiples of the shaft speed as found.
    frequency_hz
        As found.
    harmonics_snr_db
        First three multiples over the background of the envelope spectrum; bounded at 26 dB.
    comb_score
        Sum of the bounded gains of carriers and sidebands; 3.5 is needed. From about -3.6, nothing there, to 20.
    p_value
        Share of decoys in the same record that earn as much, None where it was not asked for (`decoys.p_value`).
    """

    fault: str
    order: float
    frequency_hz: float
    harmonics_snr_db: tuple[float, ...]
    comb_score: float = 0.0
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class DiagnosisResult:
    """A call, or an abstention with its reason.

    Parameters
    ----------
    name
        outer race, inner race, rolling element, gear, none or undecided.
    fault
        BPFO, BPFI, BSF, FTF (the comb of the cage: rolling element or cage), or None.
    reason
        One sentence for a person.
    shaft_hz
        As found in the record; as declared where nothing confirmed it.
    confirmed
        True where the shaft shows in the record at `shaft_hz`.
    slip
        Relative deviation of the carrier from its order, None without a call.
    depth
        Modulation depth of the carriers, None without a call.
    envelope
        LOG or SQ, which the call rests on; both where they agree; plain where what was seen stands out only without
        whitening; empty where nothing was called.
    lines
        Best carrier of each family, the called one first.
    scores
        Of each family in the envelope the lines are from; the rivals are compared by it.
    """

    name: str
    fault: str | None
    reason: str
    shaft_hz: float
    slip: float | None = None
    depth: float | None = None
    envelope: str = ""
    lines: tuple[FaultLine, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    confirmed: bool = False

    @property
    def called(self) -> bool:
        """True where a fault is named."""
        return self.fault is not None

    @property
    def abstained(self) -> bool:
        """True where nothing could be said."""
        return self.name == UNDECIDED

    @property
    def rpm(self) -> float:
        """Speed as found, 1/min."""
        return 60 * self.shaft_hz
