"""What is told of a model: its card, whether it is the one the card describes, how fast it is here."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import aisfx
from models.embedding import OnnxEmbedding
from models.model_card import ModelError

_RUNS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One model; where `fault` says something the numbers are 0 and the words empty."""

    name: str
    card: str
    rate: int = 0
    size: int = 0
    bytes: int = 0
    licence: str = ""
    credit: str = ""
    sha256: str = ""
    half_second_us: float = 0.0
    check: str = ""
    fault: str = ""


def row_of(card: Path) -> Row:
    """Load a model, check it, time it."""
    try:
        embedding = OnnxEmbedding(card)
        check = "hash holds"
        if embedding.name == aisfx.NAME:
            aisfx.check(embedding)
            check = "hash holds, answers as the original"
    except ModelError as fault:
        return Row(card.parent.name, card.as_posix(), fault=str(fault))
    read = embedding.card
    return Row(
        read.name, card.as_posix(), read.rate, read.size, embedding.path.stat().st_size, read.licence, read.credit,
        read.sha256, _half_second_us(embedding), check,
    )  # fmt: skip


def _half_second_us(embedding: OnnxEmbedding) -> float:
    """Take the median time of half a second at the model's own rate, microseconds, front end included."""
    sound = np.random.default_rng(0).normal(0, 0.1, embedding.rate // 2).astype(np.float32)
    taken = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        embedding.embed(sound, embedding.rate)
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken)) * 1e6
