"""What one machine's station has learned, as one text that outlives a restart."""

import json
from typing import Any

from gateway.stations.episodes import Episodes
from gateway.stations.hall import Hall
from gateway.stations.normal import Normal
from gateway.stations.wearing import Wearing

VERSION = 1
TEXT_MAX = 1_000_000  #: characters; a state of wear has some 20,000
OLD_KEPT = 8  #: normals remembered through maintenance


class Memory:
    """Gathers what is to be kept, and takes it up again.

    Parameters
    ----------
    rate
        Samples per second; what was learned at another rate is another machine's.
    normal, wearing, episodes
        Of the station.
    hall
        Its hall, where that is taken out of the sound.
    array
        Microphones heard as one; empty for one alone.
    """

    def __init__(
        self,
        rate: int,
        normal: Normal,
        wearing: Wearing,
        episodes: Episodes,
        hall: Hall | None = None,
        array: str = "",
    ) -> None:
        self._rate = rate
        self._normal = normal
        self._wearing = wearing
        self._episodes = episodes
        self._hall = hall
        self._array = array
        self._old: list[dict[str, Any]] = []  # normals of before each maintenance, the latest last
        self._learned = 0  # of how much the normal was known when it was last kept
        self.changed = False  #: something was learned that is not kept yet

    def restart(self) -> None:
        """Begin anew: maintenance was done. The old normal is kept beside the new one."""
        before = self._normal.kept()
        if before is not None:
            self._old = [*self._old, before][-OLD_KEPT:]
        self._normal.restart()
        self._wearing.restart()
        self._episodes.end()
        if self._hall is not None:
            self._hall.restart()
        self.changed = True

    def to_keep(self) -> str | None:
        """Give the text to be kept; None where nothing has changed since it was last given."""
        learned = self._normal.learned
        hall_changed = self._hall is not None and self._hall.changed
        if not (self.changed or self._episodes.changed or hall_changed or learned != self._learned):
            return None
        self.changed = self._episodes.changed = False
        self._learned = learned
        return json.dumps(
            {
                "version": VERSION,
                "rate": self._rate,
                "normal": self._normal.kept(),
                "wear": self._wearing.plain(),
                "episodes": self._episodes.plain(),
                "old": self._old,
                "hall": self._hall.plain() if self._hall else False,
                "array": self._array,
            },
            allow_nan=False,
        )

    def recall(self, text: str) -> str:
        """Take up what `to_keep` gave in an earlier life; a sentence for people where that cannot be.

        A station that has learned or been restarted in this life keeps what it has.
        """
        if self._normal.frozen_at is not None or self._old or self.changed or self._episodes.active():
            return ""
        try:
            found = json.loads(text) if len(text) <= TEXT_MAX else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or found.get("version") != VERSION:
            return "what it had learned cannot be read; it is learned anew"
        if found.get("rate") != self._rate:
            return f"it learned at {found.get('rate')} samples a second and hears {self._rate} now; it is learned anew"
        if found.get("array", "") != self._array:
            return "it learned through other microphones than it hears by now; it is learned anew"
        hall = found.get("hall", False)
        if (hall is False) != (self._hall is None):
            how = ("with the hall left in", "without the hall")
            before, now = how if self._hall else how[::-1]
            return f"it learned {before} and hears {now} now; it is learned anew"
        if self._hall is not None and hall is not None and not self._hall.recall(hall):
            return "what it knew of the hall cannot be read; the machine is learned anew"
        old = found.get("old")
        self._old = [one for one in old if isinstance(one, dict)][-OLD_KEPT:] if isinstance(old, list) else []
        faults = []
        if found.get("normal") is not None and not self._normal.recall(found["normal"]):
            faults.append("its normal sound cannot be taken up again and is learned anew")
        if fault := self._wearing.recall(found.get("wear")):
            faults.append(fault)
        if not self._episodes.recall(found.get("episodes")):
            faults.append("its lasting episodes cannot be taken up again")
        self._learned = self._normal.learned
        return "; ".join(faults)
