"""One thread a process for libraries that would take more. A module of its own: it is run before NumPy is imported."""

import os

#: Matrices are of a hundred rows: threads wait longer than they compute, and the cores belong to the stations.
NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def limit_threads() -> None:
    """Set one thread for BLAS and ONNX, here and in every process begun from here; before NumPy is first imported."""
    for name in NAMES:
        os.environ.setdefault(name, "1")
