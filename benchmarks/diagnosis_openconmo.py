"""Runs in an environment that holds openconmo (MIT), which pins versions the project's own cannot have.

Reads records from a file, writes the spectra of openconmo's three published methods and what they cost. Called by
`benchmarks.diagnosis_peers`; imports nothing of this project.
"""

import contextlib
import io
import sys
import time
from collections.abc import Callable

import numpy as np
from openconmo.benchmark_methods import benchmark_method, cepstrum_prewhitening, envelope
from openconmo.kurtogram import fast_kurtogram


def spectra(x: np.ndarray, rate: int, top_hz: float) -> dict[str, tuple[float, np.ndarray]]:
    """Squared envelope spectra up to `top_hz`: raw; after cepstrum pre-whitening; after DRS in the kurtogram's band."""
    found = {"envelope": envelope(x.copy(), rate)}
    whitened = cepstrum_prewhitening(x.copy(), rate)
    found["prewhitened"] = envelope(np.asarray(whitened[-1] if isinstance(whitened, tuple) else whitened), rate)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found["drs_kurtogram"] = benchmark_method(x.copy(), rate)[2:4]
    return {
        name: (float(f[1] - f[0]), np.abs(depth[f <= top_hz]).astype(np.float32)) for name, (f, depth) in found.items()
    }


def cost_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(20):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return 1000 * float(np.median(spent))


def main(source: str, target: str, rate: int, top_hz: float) -> None:
    records = np.load(source)
    out = {}
    for i, x in enumerate(records):
        for name, (step, depth) in spectra(x.astype(np.float64), rate, top_hz).items():
            out[f"{name}/{i}"] = depth
            out[f"{name}/{i}/step"] = step
    two_seconds = np.random.default_rng(1).standard_normal(96_000)
    out["cost/envelope"] = cost_ms(lambda: envelope(two_seconds.copy(), 48_000))
    with contextlib.redirect_stdout(io.StringIO()):
        out["cost/kurtogram"] = cost_ms(lambda: fast_kurtogram(two_seconds.copy(), 48_000, nlevel=6))
    np.savez(target, **out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
