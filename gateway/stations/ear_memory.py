"""What an ear knows to be normal, as one text that outlives a restart."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.quality.ear_places import remembering, to_remember
from analytics.quality.ear_second import bands_at
from analytics.quality.ear_watch import LEARN_S, PLACES, Place, Watch
from gateway.stations.plan import SourcePlan

VERSION = 1
AGAIN_S = 3600.0  #: what was learned follows the hall slowly: it is kept anew so often


@dataclass(frozen=True, slots=True)
class _Kept:
    known: tuple[Place, ...]
    learned: bool
    at: float


class EarMemory:
    """Gives what is to be kept of one ear, and takes it up again.

    Parameters
    ----------
    plan, channel, beam
        What the ear hears: of another microphone nothing is taken up.
    """

    def __init__(self, plan: SourcePlan, channel: int, beam: object = None) -> None:
        self._bands = bands_at(plan.rate)
        heard = (plan.kind, plan.device, plan.host_api, plan.path, plan.sound, plan.rate, channel, repr(beam))
        self._ear = hashlib.sha256(json.dumps(heard).encode()).hexdigest()[:12]
        self._kept: _Kept | None = None

    def to_keep(self, watch: Watch, now: float) -> str | None:
        """Give the text to be kept at this time (monotonic seconds); None where nothing has changed since the last."""
        learned = watch.heard >= LEARN_S
        before = self._kept
        if before is None:
            if not learned and not watch.known:
                return None
        elif before.known is watch.known and before.learned == learned and now - before.at < AGAIN_S:
            return None
        self._kept = _Kept(watch.known, learned, now)
        places = [
            {"centre": [round(float(x), 2) for x in one.centre], "radius": round(float(one.radius), 2)}
            for one in to_remember(watch)
        ]
        return json.dumps({"version": VERSION, "ear": self._ear, "places": places})

    def recall(self, watch: Watch, text: str) -> tuple[Watch, str]:
        """Take up what was kept; gives the watch that knows it, and a sentence where nothing could be taken up."""
        try:
            plain = json.loads(text)
            if plain["version"] != VERSION or plain["ear"] != self._ear:
                return watch, "what was known of its sound was another microphone's: it is learned anew"
            places = tuple(self._place(one) for one in plain["places"][-PLACES:])
        except (ValueError, KeyError, TypeError) as fault:
            return watch, f"what was known of its sound cannot be read ({fault}): it is learned anew"
        watch = remembering(watch, places)
        return watch, ""

    def _place(self, plain: dict[str, Any]) -> Place:
        centre, radius = np.asarray(plain["centre"], np.float64), float(plain["radius"])
        if centre.shape != (self._bands,) or not np.isfinite(centre).all() or not 0 <= radius < np.inf:
            raise ValueError(f"a place of {centre.shape} bands")
        return Place(centre, radius)
