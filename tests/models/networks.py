"""Small networks of random weights, as model and card, that stand for whatever a user brings."""

import hashlib
from itertools import pairwise

import numpy as np

from models.model_card import Card, Mel
from models.onnx_file import Graph

RATE, WINDOW, BANDS = 16_000, 8_000, 16
MEL = Mel(
    kind="mel", frame=512, fft=512, hop=256, pad=0, window="hann", bands=BANDS, low_hz=100.0, high_hz=8_000.0,
    level="mean", floor=1e-6, scale=0.5, offset=1.0,
)  # fmt: skip


def a_network(channels=(1, 32, 64, 8), useless=0, seed=0):
    """Convolutions of 3x3 and a mean over both axes; `useless` channels of the first give nothing but their bias."""
    graph, value, chance = Graph("net"), "mel", np.random.default_rng(seed)
    for index, (one, other) in enumerate(pairwise(channels)):
        kernel = chance.normal(0, np.sqrt(2 / (9 * one)), (other, one, 3, 3)).astype(np.float32)
        if index == 0 and useless:
            kernel[:useless] = 0
        named = [graph.weights(f"k{index}", kernel), graph.weights(f"b{index}", np.full(other, 0.1, np.float32))]
        value = graph.node("Conv", [value, *named], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
        value = graph.node("Relu", [value])
    graph.node("ReduceMean", [value], {"axes": [2, 3], "keepdims": 0}, output="vector")
    return graph.file(("mel", (1, 1, "frames", BANDS)), ("vector", (1, channels[-1])))


def a_card(content, size=8, name="mine", **changes):
    return Card(**{
        "format": 1, "name": name, "version": 1, "file": f"{name}.onnx", "sha256": hashlib.sha256(content).hexdigest(),
        "rate": RATE, "window": WINDOW, "shortest": WINDOW, "front_end": MEL, "input": "mel",
        "shape": (1, 1, "frames", "bands"), "output": "vector", "size": size, "pooling": "mean",
        "licence": "Apache-2.0", "credit": "nobody", "source": "made by this test",
    } | changes)  # fmt: skip


def put(folder, content, **changes):
    """Write model and card into a folder of their own; return the card's path."""
    card = a_card(content, **changes)
    place = folder / card.name
    place.mkdir(parents=True)
    (place / card.file).write_bytes(content)
    path = place / f"{card.name}.json"
    path.write_text(card.text())
    return path
