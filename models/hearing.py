"""Listens to the parts of a lesson: from their sound to rows of numbers, and what their surroundings say.

This is the only half of learning that needs sound. What is heard is kept with the recipe, so that a defect can be
added, a part dropped or a lesson undone long after the recordings are gone (`models.teach.learn_rows`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.decision.fixed import FixedLimit
from analytics.decision.judge import align, numbers_of
from analytics.decision.limits import highest_rate
from analytics.decision.model import FrontEnd, PartModel
from analytics.features.indicators import indicators_of
from analytics.quality.ambient import AmbientReference, learn_ambient
from analytics.quality.gate import GateReference, learn_gate, surroundings_of
from analytics.quality.part_sound import clipped_share, rms_db
from analytics.signal.beamforming import Beam
from analytics.signal.capture import SURROUNDINGS_S, Capture
from models.embedding import Embedding
from models.report import percent
from models.taught import FEWEST, TaughtPart, TaughtRows, TeachSettings, front_end_of, once_each, raise_all, refuse

_UNEVEN = 0.8  #: of the usual length: a shorter part shortens what is heard of all

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """What a recipe knows apart from its rows, and keeps when it learns from them anew.

    Parameters
    ----------
    front_end, gate, clipped_share, noise_floor_db, ambient, beam
        As in `PartModel`.
    embedding, sha256
        Name and hash of the model a second voter hears through; empty for none.
    remarks
        Sentences about the recordings.
    fixed
        Limits a person set.
    """

    front_end: FrontEnd
    gate: GateReference | None = None
    clipped_share: float = 0.0
    noise_floor_db: float | None = None
    embedding: str = ""
    sha256: str = ""
    remarks: tuple[str, ...] = ()
    ambient: AmbientReference | None = None
    fixed: tuple[FixedLimit, ...] = ()
    beam: Beam | None = None


def hearing_of(model: PartModel, remarks: Sequence[str] = ()) -> Hearing:
    """Return what a recipe heard, to learn from its stored rows again; `remarks` are those of its report."""
    second = model.second
    return Hearing(
        model.front_end,
        model.gate,
        model.clipped_share,
        model.noise_floor_db,
        second.embedding if second else "",
        second.sha256 if second else "",
        tuple(remarks),
        model.ambient,
        model.fixed,
        model.beam,
    )


def hear(
    parts: Sequence[TaughtPart], settings: TeachSettings, step: Progress, embedding: Embedding | None = None
) -> tuple[TaughtRows, Hearing]:
    """Listen to parts.

    Parameters
    ----------
    parts
        At least `FEWEST` good ones, all of one rate.
    settings
        Profile, level, length and lowest band.
    step
        Told (done, total, of what).
    embedding
        What a second voter hears through, if there is one.

    Raises
    ------
    TeachError
        Too few parts, parts of different rates, or parts that cannot be used.
    """
    refuse(parts, settings)
    heard, parts, twice = once_each(parts)
    refuse(parts, settings)  # without the copies there may be too few
    good = [part for part in parts if not part.defect]
    front_end = front_end_of(good, settings)
    features, vectors = [], []
    faults = []
    for done, part in enumerate(parts, 1):
        try:
            row, vector = numbers_of(part.capture, front_end, embedding.embed if embedding else None)
        except ValueError as fault:
            faults.append(f"{part.name}: {fault}")
        else:
            features.append(row)
            vectors.append(vector)
        step(done, len(parts), "features")
    raise_all(faults)
    rows = TaughtRows(np.array(features, np.float32), np.array(vectors, np.float32) if embedding else None, heard)
    captures = [align(part.capture, front_end) for part in good]
    gate = _gate(captures)
    return rows, Hearing(
        front_end,
        gate,
        max(clipped_share(capture.part) for capture in captures),
        _noise_floor_db(captures),
        embedding.name if embedding else "",
        embedding.sha256 if embedding else "",
        (*twice, *_remarks(good, captures, front_end, gate), *_beyond_fixed(good, captures, settings)),
        learn_ambient(captures),
        settings.fixed,
        settings.beam,
    )


def _gate(captures: Sequence[Capture]) -> GateReference | None:
    sides = [surroundings_of(capture) for capture in captures]
    heard = [(before, after) for before, after in sides if before is not None and after is not None]
    if len(heard) < FEWEST:
        return None
    return learn_gate(np.array([before for before, _ in heard]), np.array([after for _, after in heard]))


def _noise_floor_db(captures: Sequence[Capture]) -> float | None:
    reach = [round(SURROUNDINGS_S * capture.rate) for capture in captures]
    heard = [
        rms_db(capture.samples[max(0, capture.start - n) : capture.start])
        for capture, n in zip(captures, reach, strict=True)
        if capture.before
    ]
    return float(np.median(heard)) if heard else None


def _beyond_fixed(good: Sequence[TaughtPart], captures: Sequence[Capture], settings: TeachSettings) -> list[str]:
    """Say which good parts a person's limits reject: that comes on top of what the learned limit promises."""
    said = []
    for limit in settings.fixed:
        if limit.what == "score":
            said.append(f"{limit}: stricter than the learned limit, which alone keeps the promise")
            continue
        scores = [limit.score(limit.measure(one.part, one.rate, indicators_of(one.part), 0.0)) for one in captures]
        beyond = [part.name for part, score in zip(good, scores, strict=True) if score > 1.0]
        names = f" ({', '.join(beyond[:3])}{', ...' if len(beyond) > 3 else ''})" if beyond else ""
        most = percent(highest_rate(len(beyond), len(good), settings.confidence))
        said.append(
            f"{limit}: {len(beyond)} of {len(good)} good parts lie beyond it{names}; up to {most} false rejects come "
            "on top of the promise"
        )
    return said


def _remarks(
    good: Sequence[TaughtPart], captures: Sequence[Capture], front_end: FrontEnd, gate: GateReference | None
) -> list[str]:
    """Say what of these recordings is to be distrusted."""
    said = []
    lengths = [len(part.capture.part) for part in good]
    if min(lengths) < _UNEVEN * float(np.median(lengths)) and front_end.length >= min(lengths):
        short = good[int(np.argmin(lengths))].name
        said.append(f"{short} is short: of all parts {front_end.length_s:.3g} s are heard; drop it to hear more")
    clipped = sum(clipped_share(capture.part) > 0 for capture in captures)
    if clipped:
        said.append(f"{clipped} of {len(good)} good parts touch full scale: lower the gain and teach again")
    if gate is None:
        said.append("no surroundings: without 100 ms before and after each part a disturbance cannot be noticed")
    return said
