"""Parts heard in Mode 3 are collected here until there are enough to learn a recipe from."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analytics.signal.beamforming import Beam
from gateway.processes.messages import Taught
from gateway.stations.learner import LearnPlan


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a station may learn by itself."""

    folder: str
    parts: int  #: how many it takes
    reject_rate: float
    beam: Beam | None = None  #: microphones heard as one


class TeachingDesk:
    """Collects the sound of taught parts, in memory alone, and asks for a learner when there are enough.

    Parameters
    ----------
    lessons
        By station and PartType; what is not here is not learned.
    learn
        Starts a learner process.
    """

    def __init__(self, lessons: Mapping[tuple[str, int], Lesson], learn: Callable[[LearnPlan], None]) -> None:
        self._lessons = dict(lessons)
        self._learn = learn
        self._heard: dict[tuple[str, int], list[Taught]] = defaultdict(list)
        self._learning: set[tuple[str, int]] = set()

    def heard(self, part: Taught, *, known: bool) -> str:
        """Take a part in; return one sentence for the log.

        Parameters
        ----------
        known
            A recipe of this type stands. Mode 3 learns a missing one and never replaces one: what a station judges by
            changes by a person's word alone.
        """
        key = (part.station, part.part_type)
        if known:
            return (
                f"a recipe of type {part.part_type} stands, and Mode 3 replaces none: wheeltapper teach makes the next"
            )
        if key in self._learning:
            return f"type {part.part_type} is being learned already; this part was dropped"
        lesson = self._lessons.get(key)
        if lesson is None:
            return f"a part of type {part.part_type} was heard in Mode 3, and teach_parts is off for it; it was dropped"
        if part.quality:
            return f"a part heard in Mode 3 was not taught from: {', '.join(part.quality)}"
        parts = self._heard[key]
        parts.append(part)
        if len(parts) < lesson.parts:
            return f"part {len(parts)} of {lesson.parts} to learn type {part.part_type} from"
        asked = (part.station, part.part_type, lesson.folder, lesson.reject_rate)
        self._learn(LearnPlan(*asked, tuple(parts), lesson.beam))
        parts.clear()
        self._learning.add(key)
        return f"learning type {part.part_type} from {lesson.parts} parts"

    def ended(self, station: str, part_type: int) -> None:
        """Take word that a learner has ended, well or not."""
        self._learning.discard((station, part_type))
