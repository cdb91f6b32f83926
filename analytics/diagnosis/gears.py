"""A gear with one bad tooth: what is left of a turn once the regular mesh is taken away.

A sound gear gives, averaged over many turns of its shaft, the mesh and a few sidebands. Take those away and what is
left is near to noise; a cracked or chipped tooth leaves one short event a turn in it, the same each turn. FM4, the
kurtosis of that difference signal, is 3 for noise and high for one event (R. M. Stewart 1977, ISVR MHM/R/10/77;
J. J. Zakrajsek 1993, NASA TM-105950). Wear of all teeth alike shows in the mesh and its sidebands instead, and only
against the machine's own normal: it is measured here, and not called.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from analytics.signal.orders import NoLineError, to_angle, turns_of

Floats = NDArray[np.float64]

FM4_LEAST = 5.0  #: simulated sound gears reach 3.8, bad teeth begin at 7 (docs/machines.md); no real gear was at hand
REPEAT_LEAST = (
    0.3  #: correlation of what even and odd turns leave: a knock from elsewhere is in one of them; sound: 0.10
)
MESH_LEAST_DB = 10.0
TURNS_LEAST = 40.0  #: for an average, 16 dB below one turn's noise
TEETH = (5, 500)
_REGULAR = 2  # sidebands of the mesh that belong to a sound gear: its eccentricity
_UNBALANCE = 6  # and multiples of the shaft below this order: unbalance, alignment
_DECOYS = 39
_HARMONICS = 3


@dataclass(frozen=True, slots=True)
class GearEvidence:
    """What a gear's mesh shows.

    Parameters
    ----------
    teeth
        Of the wheel on this shaft.
    mesh_hz
        Mesh frequency as found.
    mesh_snr_db
        First three multiples of the mesh over the median of the average's orders around them.
    sideband_db
        Strongest of the first two sidebands beside the mesh, relative to it.
    fm4
        Kurtosis of the difference signal, 3 for noise.
    repeat
        Correlation of the difference signals of even and odd turns, -1 to 1.
    p_value
        Share of decoys, averages over a period that is no turn, with as high an `fm4`.
    reason
        One sentence for a person.
    """

    teeth: int
    mesh_hz: float
    mesh_snr_db: tuple[float, ...]
    sideband_db: float
    fm4: float
    repeat: float
    p_value: float
    reason: str

    @property
    def called(self) -> bool:
        """True where one tooth, or a few side by side, differ from the others."""
        clear = sum(db >= MESH_LEAST_DB for db in self.mesh_snr_db) >= 1
        return clear and self.fm4 >= FM4_LEAST and self.repeat >= REPEAT_LEAST


def examine_gear(x: NDArray[np.floating], rate: float, shaft_hz: float, teeth: int) -> GearEvidence | None:
    """Look for a bad tooth of the wheel on this shaft.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Any unit, finite; 40 turns or more.
    rate
        Samples per second; more than twice the mesh.
    shaft_hz
        Speed of the wheel, within 0.45 / `teeth` of it: the mesh is followed and corrects it.
    teeth
        5 to 500.

    Returns
    -------
    GearEvidence or None
        None where no line of the mesh can be followed, or the record is too short.
    """
    if not TEETH[0] <= teeth <= TEETH[1]:
        raise ValueError(f"gear: found {teeth} teeth; wanted {TEETH[0]} to {TEETH[1]}")
    if len(x) / rate * shaft_hz < TURNS_LEAST:
        return None
    try:
        turns = turns_of(x, rate, shaft_hz, teeth)
    except NoLineError:
        return None
    per_turn = int(np.ceil(1.25 * rate / shaft_hz))
    angle = to_angle(x, turns, per_turn) / float(np.max(np.abs(x)))
    even, odd = _halves(angle, per_turn)
    whole = (even + odd) / 2
    rest = _difference(whole, teeth)
    fm4 = _kurtosis(rest)
    repeat = float(np.corrcoef(_difference(even, teeth), _difference(odd, teeth))[0, 1]) if fm4 > 0 else 0.0
    decoys = [_kurtosis(_difference(np.mean(_halves(angle, per_turn + k), axis=0), teeth)) for k in _offsets(per_turn)]
    p_value = (1 + sum(decoy >= fm4 for decoy in decoys)) / (1 + len(decoys))
    mesh, beside = _mesh(whole, teeth)
    mesh_hz = teeth * float((turns[-1] - turns[0]) * rate / (len(turns) - 1))
    reason = f"mesh at {mesh_hz:.1f} Hz = {teeth} teeth, FM4 {fm4:.1f} (3 sound, {FM4_LEAST:.0f} one bad tooth), "
    reason += f"{repeat:.2f} alike from turn to turn"
    return GearEvidence(teeth, mesh_hz, mesh, beside, fm4, repeat, p_value, reason)


def _offsets(per_turn: int) -> range:
    """Periods that are no turn: from 1 % up, each 1 / 200 of a turn longer."""
    step = max(1, per_turn // 200)
    return range(2 * step, (2 + _DECOYS) * step, step)


def _halves(angle: Floats, per_turn: int) -> tuple[Floats, Floats]:
    """Averages over the even and over the odd turns, each shape (per_turn,)."""
    count = len(angle) // per_turn // 2 * 2
    rows = angle[: count * per_turn].reshape(count, per_turn)
    return rows[::2].mean(axis=0), rows[1::2].mean(axis=0)


def _difference(average: Floats, teeth: int) -> Floats:
    """Take the regular mesh, its near sidebands and the low orders out of an average turn."""
    spectrum = scipy.fft.rfft(average)
    spectrum[:_UNBALANCE] = 0
    for h in range(1, len(spectrum) // teeth + 1):
        spectrum[max(0, h * teeth - _REGULAR) : h * teeth + _REGULAR + 1] = 0
    return np.asarray(scipy.fft.irfft(spectrum, len(average)))


def _kurtosis(rest: Floats) -> float:
    power = float(np.mean(rest**2))
    return float(np.mean(rest**4)) / power**2 if power > 1e-30 else 0.0


def _mesh(average: Floats, teeth: int) -> tuple[tuple[float, ...], float]:
    """Multiples of the mesh over the orders around them, dB, and the strongest near sideband relative to the mesh."""
    power = np.abs(scipy.fft.rfft(average)) ** 2 + 1e-300
    found = []
    for h in range(1, _HARMONICS + 1):
        at = h * teeth
        around = power[max(1, at - teeth // 2) : at + teeth // 2 + 1]
        found.append(round(10 * float(np.log10(power[at] / np.median(around))), 1) if at < len(power) else 0.0)
    beside = max(float(power[teeth + s]) for s in (-2, -1, 1, 2))
    return tuple(found), round(10 * float(np.log10(beside / power[teeth])), 1)
