"""Simulated castings with known truth, and a recipe that tells them apart."""

from collections import deque
from functools import cache
from itertools import count as count_from
from itertools import islice

import numpy as np

from analytics.decision.judge import judge
from analytics.signal.capture import Capture
from analytics.synthesis.parts import part_sound, part_truth
from analytics.synthesis.streams import Ambience
from models.recipe import write_recipe
from models.taught import TaughtPart, TeachSettings
from models.teach import learn

RATE, SEED, LENGTH_S = 48_000, 7, 0.3
AROUND = RATE // 10


def heard(part_id, number):
    """What a station hears of a casting, with its surroundings, at some moment of the hall."""
    sound = part_sound("castings", SEED, part_id, RATE)
    length = round(LENGTH_S * RATE)
    samples = Ambience("castings", SEED, RATE).block(round(1.618 * number * RATE), length + 2 * AROUND).copy()
    part = sound.samples[sound.lead :][: length + AROUND]
    samples[AROUND : AROUND + len(part)] += part
    return Capture(samples.astype(np.float32), RATE, AROUND, AROUND + length)


def good(prefix, count):
    """PartIds of good castings that nothing disturbs and that sound well within the limit."""
    return list(islice((one for one in undisturbed(prefix, good=True) if score(one) < 0.7), count))


def cracked(prefix, count):
    """PartIds of cracked castings that nothing disturbs and that sound well beyond the limit."""
    return list(islice((one for one in undisturbed(prefix, good=False) if score(one) > 1.5), count))


class Bin:
    """A bin of castings, looked out beforehand: listening to them takes longer than a PLC can wait for its scan."""

    def __init__(self, goods, bads):
        self._good, self._cracked = deque(good("C-", goods)), deque(cracked("C-", bads))

    def good(self):
        return self._good.popleft()

    def cracked(self):
        return self._cracked.popleft()


def is_good(part_id):
    return part_truth("castings", SEED, part_id).good


def undisturbed(prefix, *, good):
    """PartIds of one kind, without end."""
    for number in count_from(1):
        part_id = f"{prefix}{number:05d}"
        truth = part_truth("castings", SEED, part_id)
        if truth.good is good and truth.disturbance is None:
            yield part_id


def score(part_id):
    # One in a hundred good parts is a false reject, as promised; no test here is about that one.
    return max(judge(heard(part_id, number), learned().model).verdict.score for number in (1, 2))


@cache
def learned():
    ids = islice(undisturbed("L-", good=True), 80)
    return learn([TaughtPart(part_id, heard(part_id, number)) for number, part_id in enumerate(ids)], TeachSettings())


def write_castings_recipe(folder):
    write_recipe(folder, learned(), "2026-01-01T00:00:00+00:00")
