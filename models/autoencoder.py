"""Trains a small autoencoder on good parts, and writes it as ONNX for whoever runs it elsewhere."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.autoencoder import Autoencoder
from models.held_out import Rows
from models.onnx_file import Graph

HIDDEN = (
    64,
    16,
    64,
)  #: as wide as the DCASE 2020 baseline is deep for its size: an eighth of the numbers in the middle
STEPS = 2000  #: of Adam, however many goods: 50 parts are seen more often than 5000
_BATCH = 32
_DECAY = 1e-3  #: L2 penalty; few goods must not be learned by heart
_SEED = 0


def train(z: NDArray[np.float32]) -> Any:  # noqa: ANN401  # the library's own, which has no types
    """Train scikit-learn's network to give back centred and scaled rows (n, d), a bounded number of steps."""
    from sklearn.neural_network import MLPRegressor

    batch = min(_BATCH, len(z))
    network = MLPRegressor(hidden_layer_sizes=HIDDEN, alpha=_DECAY, batch_size=batch, random_state=_SEED)
    for _ in range(max(1, STEPS * batch // len(z))):  # `fit` would warn that it has not converged: it is not meant to
        network.partial_fit(z, z)
    return network


def flat(network: Any, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> Autoencoder:  # noqa: ANN401
    """Take the arrays out of a trained network of scikit-learn."""
    weights = tuple(np.asarray(one, np.float32) for one in network.coefs_)
    biases = tuple(np.asarray(one, np.float32) for one in network.intercepts_)
    return Autoencoder(mean, scale, weights, biases)


def onnx_of(autoencoder: Autoencoder) -> bytes:
    """Write the same as an ONNX model: input ``features`` (n, d), output ``score`` (n,), both float32."""
    graph = Graph("autoencoder")
    mean = graph.weights("mean", autoencoder.mean.astype(np.float32))
    scale = graph.weights("scale", autoencoder.scale.astype(np.float32))
    drawn = scaled = graph.node("Div", [graph.node("Sub", ["features", mean]), scale])
    last = len(autoencoder.weights) - 1
    for place, (weight, bias) in enumerate(zip(autoencoder.weights, autoencoder.biases, strict=True)):
        names = [graph.weights(f"weight{place}", weight), graph.weights(f"bias{place}", bias)]
        drawn = graph.node("Gemm", [drawn, *names])
        if place < last:
            drawn = graph.node("Relu", [drawn])
    missed = graph.node("Sub", [drawn, scaled])
    mean_square = graph.node("ReduceMean", [graph.node("Mul", [missed, missed])], {"axes": [1], "keepdims": 0})
    graph.node("Sqrt", [mean_square], output="score")
    return graph.file(("features", ["n", len(autoencoder.mean)]), ("score", ["n"]))


class OnnxScorer:
    """The same in ONNX Runtime, on one thread.

    Measured on one window, the flat arrays of `Autoencoder` are as fast and load nothing (docs/detectors.md); this is
    for models that were trained elsewhere, and to show it.

    Parameters
    ----------
    content
        What `onnx_of` gave.
    """

    def __init__(self, content: bytes) -> None:
        import onnxruntime as ort  # only where it is used: it takes a tenth of a second and 50 MB

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def score(self, features: Rows) -> NDArray[np.float64]:
        """Return at least 0 for each row of `features` (n, d), shape (n,)."""
        (scores,) = self._session.run(["score"], {"features": np.ascontiguousarray(features, np.float32)})
        return np.asarray(scores, np.float64)
