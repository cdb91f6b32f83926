"""Makes the shipped model of the trained weights: ONNX file and card. Needs no PyTorch.

python -m models.training.student_file WEIGHTS.pt FOLDER [--name student] [--figures figures.json]
"""

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.aisfx import CREDIT, LICENCE, folded
from models.checkpoint import read_weights
from models.model_card import Card
from models.onnx_file import Attribute, Graph
from models.training.student_card import BANDS, FRONT_END, LONGEST, RATE, SIZE, WINDOW

_STRIDES = ((2, 2), (1, 2), (2, 2), (2, 1))
_FLOOR = 1e-4


def graph_file(weights: Mapping[str, NDArray[Any]]) -> bytes:
    """Lay out `models.training.student.Student`, batch normalisation folded in."""
    graph, value = Graph("student"), "mel"
    for index, strides in enumerate(_STRIDES):
        kernel, bias = folded(weights, f"convolutions.{index}", f"norms.{index}")
        named = [graph.weights(f"kernel{index}", kernel), graph.weights(f"bias{index}", bias)]
        side = kernel.shape[-1]
        value = graph.node(
            "Conv", [value, *named], {"kernel_shape": [side, side], "strides": strides, "pads": [side // 2] * 4}
        )
        value = graph.node("Relu", [value])
    over_time: dict[str, Attribute] = {"axes": [2], "keepdims": 0}
    mean = graph.node("ReduceMean", [value], over_time)
    apart = graph.node("Sub", [value, graph.node("ReduceMean", [value], {"axes": [2], "keepdims": 1})])
    variance = graph.node("ReduceMean", [graph.node("Mul", [apart, apart])], over_time)
    floor = graph.weights("floor", np.array([_FLOOR], np.float32))
    spread = graph.node("Sqrt", [graph.node("Add", [variance, floor])])
    highest = graph.node("ReduceMax", [value], over_time)
    pooled = graph.node("Flatten", [graph.node("Concat", [mean, spread, highest], {"axis": 1})], {"axis": 1})
    last = [graph.weights("last", weights["last.weight"]), graph.weights("last_bias", weights["last.bias"])]
    graph.node("Gemm", [pooled, *last], {"transB": 1}, output="vector")
    return graph.file(("mel", (1, 1, "frames", BANDS)), ("vector", (1, SIZE)))


def write(weights: Mapping[str, NDArray[Any]], folder: Path, name: str, figures: Mapping[str, Any]) -> Path:
    """Write model and card; return the card."""
    content = graph_file(weights)
    card = Card(
        format=1, name=name, version=2, file=f"{name}.onnx", sha256=hashlib.sha256(content).hexdigest(), rate=RATE,
        window=LONGEST, shortest=WINDOW, front_end=FRONT_END, input="mel", shape=(1, 1, "frames", "bands"),
        output="vector", size=SIZE, pooling="mean", licence=LICENCE,
        credit=f"wheeltapper's student, licensed under CC BY 4.0 like what it was derived from: {CREDIT}; then "
        "distilled into a smaller network",
        source="models/training: distilled from aiSFX on synthetic sound alone (models/training/sounds.py), no "
        "recording, no label; seeds fixed",
        figures=dict(figures),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.file).write_bytes(content)
    path = folder / f"{name}.json"
    path.write_text(card.text(), encoding="utf-8")
    return path


def main() -> None:
    """Write the model named on the command line."""
    parser = argparse.ArgumentParser(description="the ONNX model and card of trained weights")
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="student")
    parser.add_argument("--figures", type=Path, default=None)
    given = parser.parse_args()
    figures = json.loads(given.figures.read_text(encoding="utf-8")) if given.figures else {}
    print(write(read_weights(given.weights.read_bytes()), given.folder, given.name, figures))


if __name__ == "__main__":
    main()
