"""Sound without an end: the hall behind the parts, and a pump whose bearing fails.

Both are pure functions of the absolute sample index: a stream is bit for bit the same however it is cut. Hence tables
that are looked up, not sines that are computed: the last bit of a vectorised sine depends on where its block begins.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from analytics.synthesis.noise import add_at, decaying, loop

_LOOP_S = 7.013  # an odd length, so that it locks to no tact of the line
_TABLE = 4096
_GROW_S = 6.0  # from the first chip to a fault anybody hears; months in life
_RANDOM = 4099  # impacts until jitter and strength repeat; prime
_JITTER = 0.01  # of a period: balls slide (Antoni and Randall 2003, J. Vib. Acoust. 125:282)
_SLIP = 0.006  # cage slower than pure rolling; 0 to 2 % is usual (Randall and Antoni 2011, MSSP 25:485)
# A hall: rumble of ventilation, falling with frequency.
_HALL = ((20.0, 0.0), (120.0, -2.0), (1000.0, -18.0), (5000.0, -34.0), (20000.0, -50.0))
_HALL_RMS = 10 ** (-52 / 20)
# A pump: flow noise with a broad hump where the casing radiates.
_FLOW = ((20.0, -12.0), (200.0, -4.0), (1500.0, -6.0), (4000.0, -10.0), (9000.0, -20.0), (20000.0, -30.0))
_FLOW_RMS = 0.035
_SHAFT = ((1, 0.011), (2, 0.006), (3, 0.003), (5, 0.012), (10, 0.006), (15, 0.003), (20, 0.0015))  # five vanes
_FAULT = 0.35  # peak of one impact of the grown fault, of full scale
_KINDS = ("castings", "gearmotors", "pump")


class Loop:
    """Noise that goes round for ever, shape of its spectrum given.

    Parameters
    ----------
    seed, rate
        Which noise; samples per second.
    density_db
        As in `analytics.synthesis.noise.loop`.
    rms
        Of full scale.
    """

    def __init__(self, seed: int, rate: int, density_db: tuple[tuple[float, float], ...], rms: float) -> None:
        n = scipy.fft.next_fast_len(math.ceil(_LOOP_S * rate), real=True)
        self._samples = (rms * loop(np.random.default_rng(seed), n, rate, density_db)).astype(np.float32)

    def block(self, start: int, n: int) -> NDArray[np.float32]:
        """Cut samples `start` to `start + n`, shape (n,), a copy."""
        size = len(self._samples)
        at = start % size
        if at + n <= size:
            return self._samples[at : at + n].copy()
        return np.take(self._samples, np.arange(at, at + n), mode="wrap")


class Ambience:
    """The hall a station stands in, about -52 dBFS; silence it is never.

    Parameters
    ----------
    kind
        ``castings``, ``gearmotors`` or ``pump``: each stands elsewhere.
    seed, rate
        Which hall; samples per second.
    """

    def __init__(self, kind: str, seed: int, rate: int) -> None:
        if kind not in _KINDS:
            raise ValueError(f"synthesis: found kind {kind!r}; wanted one of {', '.join(_KINDS)}")
        self._loop = Loop(abs(seed) * len(_KINDS) + _KINDS.index(kind), rate, _HALL, _HALL_RMS)

    def block(self, start: int, n: int) -> NDArray[np.float32]:
        """Cut samples `start` to `start + n` of the hall, shape (n,), float32."""
        return self._loop.block(start, n)


@dataclass(frozen=True, slots=True)
class FaultOrders:
    """What a failing race does.

    Parameters
    ----------
    order
        Impacts a turn of the shaft without slip. 3.585 is the outer race of a 6205.
    modes
        Resonances each impact rings: (Hz, decay time s, amplitude).
    """

    order: float = 3.585
    modes: tuple[tuple[float, float, float], ...] = ((3350.0, 0.0012, 1.0), (5100.0, 0.0008, 0.8))


class MachineSound:
    """A pump that runs for ever and whose bearing may begin to fail.

    Parameters
    ----------
    kind
        ``pump``.
    seed, rate
        Which pump; samples per second.
    rpm
        True speed of its shaft.
    fault_at_s
        When the fault begins, in seconds of sound; None for a machine that stays well.
    orders
        What fails.

    Raises
    ------
    ValueError
        For a kind nobody simulates, or a speed that is not positive.
    """

    def __init__(
        self,
        kind: str = "pump",
        seed: int = 0,
        rate: int = 48_000,
        rpm: float = 1480.0,
        fault_at_s: float | None = None,
        orders: FaultOrders = FaultOrders(),
    ) -> None:
        if kind != "pump":
            raise ValueError(f"synthesis: found machine {kind!r}; wanted pump")
        if not rpm > 0:
            raise ValueError(f"synthesis: found rpm {rpm}; wanted a speed above 0")
        chance = np.random.default_rng((abs(seed), 7))
        self._rate = rate
        self._turns_per_sample = rpm / 60 / rate
        self._flow = Loop(abs(seed) * len(_KINDS) + _KINDS.index(kind) + 1000, rate, _FLOW, _FLOW_RMS)
        angle = 2 * np.pi * np.arange(_TABLE + 1) / _TABLE
        table = sum(a * np.cos(k * angle + chance.uniform(0, 2 * np.pi)) for k, a in _SHAFT)
        self._table = np.asarray(table, np.float32)
        self._fault_at = None if fault_at_s is None else fault_at_s * rate
        self._period = 1 / (orders.order * (1 - _SLIP) * self._turns_per_sample)
        self._blow = decaying(rate, orders.modes, 0.008).astype(np.float32)
        self._jitter = _JITTER * np.clip(chance.standard_normal(_RANDOM), -3, 3)
        self._strength = chance.uniform(0.7, 1.3, _RANDOM)

    def block(self, start: int, n: int) -> NDArray[np.float32]:
        """Cut samples `start` to `start + n`, shape (n,), float32, about -28 dBFS when well, never beyond +-1."""
        out = self._flow.block(start, n)
        turn = np.arange(start, start + n) * self._turns_per_sample
        turn -= np.floor(turn)
        turn *= _TABLE
        out += self._table[turn.astype(np.int64)]
        if self._fault_at is not None and start + n > self._fault_at:
            self._strike(out, start, self._fault_at)
        return out

    def _strike(self, out: NDArray[np.float32], start: int, fault_at: float) -> None:
        """Add the impacts whose ring reaches into this block, in the order of time: a sum of floats depends on it."""
        first = max(0, math.floor((start - len(self._blow) - fault_at) / self._period) - 1)
        last = math.ceil((start + len(out) - fault_at) / self._period) + 1
        for k in range(first, last + 1):
            at = (k + float(self._jitter[k % _RANDOM])) * self._period
            if at < 0:
                continue
            grown = min(at / (_GROW_S * self._rate), 1.0) ** 1.5
            strength = np.float32(_FAULT * grown * float(self._strength[k % _RANDOM]))
            add_at(out, round(fault_at + at) - start, self._blow * strength)
