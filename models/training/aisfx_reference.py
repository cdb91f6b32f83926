"""Makes models/zoo/aisfx_reference.npz: what the original answers to `models.aisfx.reference_sounds`.

Run once with PyTorch, librosa and the unpacked package on the path: ``python -m models.training.aisfx_reference``.
It uses the package's own network and its own spectrogram, nothing of wheeltapper's.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile as sf
import torch
from aisfx.inference import (
    EMB_BLOCK_LENGTH,
    F_MAX,
    F_MIN,
    MEL_BINS,
    SPEC_BLOCK_LENGTH,
    SPEC_HOP_LENGTH,
    get_path_modelWeights,
    load_bestModel,
)
from aisfx.preprocessing import spectrogram_normalize
from aisfx.spectrogram.spectrogram_librosa import compute_spectrogram

from models.aisfx import RATE, REFERENCE, reference_sounds


def main() -> None:
    """Ask the original once."""
    # Its checkpoint names numpy scalars beside the weights, which the safe loader refuses; its hash is the known one.
    weights, sets = torch.load(get_path_modelWeights(), map_location="cpu", weights_only=False)
    network = load_bestModel(weights, sets, "cpu")
    answers = {}
    with TemporaryDirectory() as folder, torch.no_grad():
        for name, sound in reference_sounds().items():
            path = Path(folder) / f"{name}.wav"
            sf.write(path, sound, RATE, subtype="FLOAT")
            mel = compute_spectrogram(str(path), RATE, SPEC_BLOCK_LENGTH, SPEC_HOP_LENGTH, MEL_BINS, F_MIN, F_MAX).T
            if len(mel) > EMB_BLOCK_LENGTH:
                raise ValueError(f"{name}: {len(mel)} frames, the original takes {EMB_BLOCK_LENGTH} at once")
            block = torch.from_numpy(spectrogram_normalize(mel).astype(np.float32))[None]
            answers[name] = network.get_embedding(block)[0].numpy()
    np.savez(REFERENCE, **answers)


if __name__ == "__main__":
    main()
