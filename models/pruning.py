"""Leaves out the channels of a network that carry least: fewer multiplications, and so less time.

Whole channels, since zeros strewn among the weights save nothing here. Nothing is trained afterwards; the mean of what
is left out is added to the next layer's bias, so that on average nothing is missing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.model_card import Card, ModelError
from models.quantising import NEEDED

_PASSES = {"Relu", "LeakyRelu", "MaxPool", "AveragePool", "Identity", "Dropout"}  #: each channel by itself
Weights = dict[str, NDArray[np.float32]]


def pruned(content: bytes, card: Card, shaped: Sequence[NDArray[np.float32]], share: float) -> bytes:
    """Return the model without a share of the channels between each two convolutions that follow one another.

    Which ones carry least: smallest standard deviation over the inputs times the sum of the next kernel's magnitudes.

    Parameters
    ----------
    content
        The model file.
    card
        Names its input.
    shaped
        Inputs, to see what a channel does.
    share
        Of the channels, above 0, below 1.

    Raises
    ------
    ModelError
        The onnx package is not installed, or the model has no two plain convolutions in a row.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as fault:
        raise ModelError(f"{card.name}: {NEEDED}") from fault
    model = onnx.load_from_string(content)
    weights = {one.name: numpy_helper.to_array(one).copy() for one in model.graph.initializer}
    pairs = _pairs(model.graph, weights)
    if not pairs:
        raise ModelError(f"{card.name}: has no two plain convolutions in a row; nothing can be pruned here")
    between = _values(onnx, model, [value for *_, value in pairs], card.input, shaped)
    for (first, second, _), seen in zip(pairs, between, strict=True):
        _prune(weights, first, second, seen, share)
    kept = [numpy_helper.from_array(weights[one.name], one.name) for one in model.graph.initializer]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    del model.graph.value_info[:]  # shapes of what lies between; they have changed
    return bytes(model.SerializeToString())


def _pairs(graph: Any, weights: Weights) -> list[tuple[Any, Any, str]]:  # noqa: ANN401 - onnx has its own types
    """Find convolutions whose answer reaches one other convolution alone, and what that one is given."""
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found = []
    for first in (node for node in graph.node if _plain(node, weights)):
        value = first.output[0]
        while len(follow := readers.get(value, [])) == 1 and follow[0].op_type in _PASSES:
            value = follow[0].output[0]
        if len(follow) == 1 and _plain(follow[0], weights) and follow[0].input[0] == value:
            found.append((first, follow[0], value))
    return found


def _plain(node: Any, weights: Weights) -> bool:  # noqa: ANN401
    """Say whether it is a convolution with a bias, all channels with all, of constant weights."""
    groups = next((one.i for one in node.attribute if one.name == "group"), 1)
    constant = len(node.input) == 3 and all(name in weights for name in node.input[1:])
    return node.op_type == "Conv" and groups == 1 and constant


def _values(
    onnx: Any,  # noqa: ANN401
    model: Any,  # noqa: ANN401
    names: Sequence[str],
    given: str,
    shaped: Sequence[NDArray[np.float32]],
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return mean and spread of each channel of the values named, each (channels,), over all inputs."""
    import onnxruntime as ort

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    sums = np.zeros(len(names), object)
    for x in shaped:
        for place, value in enumerate(session.run(names, {given: x})):
            sums[place] += np.stack([value[0].mean(axis=(1, 2)), np.square(value[0]).mean(axis=(1, 2))]).astype(float)
    means = [one / len(shaped) for one in sums]
    return [(mean, np.sqrt(np.maximum(square - mean**2, 0))) for mean, square in means]


def _prune(
    weights: Weights,
    first: Any,  # noqa: ANN401
    second: Any,  # noqa: ANN401
    seen: tuple[NDArray[np.float64], NDArray[np.float64]],
    share: float,
) -> None:
    mean, spread = seen
    kernel = weights[second.input[1]]
    carries = spread * np.abs(kernel).sum(axis=(0, 2, 3))
    keep = np.sort(np.argsort(carries)[int(share * len(carries)) :])
    gone = np.setdiff1d(np.arange(len(carries)), keep)
    weights[second.input[2]] = (weights[second.input[2]] + kernel[:, gone].sum(axis=(2, 3)) @ mean[gone]).astype("f4")
    weights[second.input[1]] = np.ascontiguousarray(kernel[:, keep])
    for name in first.input[1:]:
        weights[name] = np.ascontiguousarray(weights[name][keep])
