"""The sound of single parts with a known truth.

Two tests of a factory: ``castings`` are struck and ring, ``gearmotors`` run for half a second. Sound and truth of a
part are pure functions of (kind, seed, part_id), so whoever knows the three can say afterwards what was right, and the
gateway, which knows the PartId alone, cannot.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analytics.synthesis.gearmotor import GEARMOTOR_DEFECTS, GEARMOTOR_S, gearmotor
from analytics.synthesis.noise import add_at, burst
from analytics.synthesis.ring import CASTING_DEFECTS, CASTING_S, casting

DEFECT_SHARE = 0.10  #: far more than a line has, so that a minute of demo shows several
DISTURBED_SHARE = 0.04
DISTURBANCES = ("hammer blow", "air gun")
_DEFECTS = {"castings": CASTING_DEFECTS, "gearmotors": GEARMOTOR_DEFECTS}
_LENGTH_S = {"castings": CASTING_S, "gearmotors": GEARMOTOR_S}
_RMS = {"castings": 0.04, "gearmotors": 0.1}  # a struck part has a crest of 12 and more
_PEAK = 0.95


@dataclass(frozen=True, slots=True)
class PartTruth:
    """What a part really is.

    Parameters
    ----------
    good
        True where nothing is wrong with the part, whatever lies over its sound.
    defect
        Name of the defect, None for a good part.
    disturbance
        Name of a foreign sound over this part, None for none.
    """

    good: bool
    defect: str | None
    disturbance: str | None


@dataclass(frozen=True, slots=True, eq=False)
class PartSound:
    """What is heard of a part.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Full scale is +-1; never clipped. Longer than the part where a disturbance spills over its ends.
    lead
        Samples before the part's first one.
    """

    samples: NDArray[np.float32]
    lead: int


def part_length(kind: str, rate: int) -> int:
    """Count the samples of a part of this kind at this rate (1/s)."""
    return round(_LENGTH_S[_known(kind)] * rate)


def part_truth(kind: str, seed: int, part_id: str) -> PartTruth:
    """Say what the part is. A PartId that begins with ``T`` is a known good one, for teaching.

    Raises
    ------
    ValueError
        For a kind nobody simulates.
    """
    chance = _random(_known(kind), seed, part_id, "truth")
    lot, which = chance.random(), chance.random()
    if part_id.startswith("T"):
        return PartTruth(True, None, None)
    if lot < DEFECT_SHARE:
        defects = _DEFECTS[kind]
        return PartTruth(False, defects[int(which * len(defects))], None)
    if kind == "gearmotors" and lot < DEFECT_SHARE + DISTURBED_SHARE:
        return PartTruth(True, None, DISTURBANCES[int(which * len(DISTURBANCES))])
    return PartTruth(True, None, None)


def part_sound(kind: str, seed: int, part_id: str, rate: int) -> PartSound:
    """Synthesise the sound of one part.

    Parameters
    ----------
    kind
        ``castings`` (0.3 s, struck 15 ms after its start) or ``gearmotors`` (0.5 s, running).
    seed
        Which imaginary production run; parts vary within a run, runs differ in nothing else.
    part_id
        The PLC's PartId.
    rate
        Samples per second, 8,000 or more.

    Raises
    ------
    ValueError
        For a kind nobody simulates.
    """
    truth = part_truth(kind, seed, part_id)
    chance = _random(kind, seed, part_id, "sound")
    n = part_length(kind, rate)
    make = casting if kind == "castings" else gearmotor
    sound = make(chance, n, rate, truth.defect)
    # Distance and coupling to the microphone differ a little from part to part: 0.5 dB.
    sound *= _RMS[kind] * 10 ** (chance.normal(0, 0.5) / 20) / np.sqrt(np.mean(np.square(sound)))
    lead = 0
    if truth.disturbance is not None:
        sound, lead = _disturb(sound, chance, rate, truth.disturbance)
    peak = float(np.max(np.abs(sound)))
    if peak > _PEAK:
        sound *= _PEAK / peak
    return PartSound(sound.astype(np.float32), lead)


def _disturb(sound: NDArray[np.float64], chance: Generator, rate: int, name: str) -> tuple[NDArray[np.float64], int]:
    """Lay a foreign sound over the part; it begins before the part and ends after it, as such sounds do."""
    lead, tail = round(0.12 * rate), round(0.2 * rate)
    out = np.concatenate([np.zeros(lead), sound, np.zeros(tail)])
    if name == "air gun":
        hiss = burst(chance, len(out), rate, (1500.0, 14000.0))
        edge = round(0.01 * rate)
        hiss[:edge] *= np.linspace(0, 1, edge)
        hiss[-edge:] *= np.linspace(1, 0, edge)
        return out + 0.12 * hiss, lead
    # Two or three blows on steel, the first just before the part begins, the last one ringing past its end.
    for at_s in (-0.06 + 0.03 * chance.random(), 0.2 * chance.random() + 0.1, GEARMOTOR_S - 0.05 * chance.random()):
        ring = burst(chance, round(0.25 * rate), rate, (300.0, 9000.0))
        ring *= np.exp(-np.arange(len(ring)) / (0.04 * rate))
        add_at(out, lead + round(at_s * rate), ring * (0.14 + 0.06 * chance.random()))
    return out, lead


def _known(kind: str) -> str:
    if kind not in _DEFECTS:
        raise ValueError(f"synthesis: found kind {kind!r}; wanted one of {', '.join(sorted(_DEFECTS))}")
    return kind


def _random(kind: str, seed: int, part_id: str, purpose: str) -> Generator:
    """Make the part's own random numbers: the same on every machine, unrelated between parts."""
    digest = hashlib.sha256(f"{kind}\0{seed}\0{part_id}\0{purpose}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
