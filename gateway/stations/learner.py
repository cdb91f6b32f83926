"""Learns a recipe from parts heard in Mode 3, in a process of its own: it takes a second, and judging must not wait."""

from dataclasses import dataclass
from pathlib import Path

from analytics.signal.beamforming import Beam
from analytics.signal.capture import Capture
from gateway.processes.channel import Endpoint
from gateway.processes.clock import Clock
from gateway.processes.messages import Taught


@dataclass(frozen=True, slots=True)
class LearnPlan:
    """What to learn, from what, and where to put it."""

    station: str
    part_type: int
    folder: str
    reject_rate: float
    parts: tuple[Taught, ...]
    beam: Beam | None = None  #: microphones they were heard by as one


@dataclass(frozen=True, slots=True)
class Learned:
    """The learner's answer; `fault` is a sentence where nothing was learned, else empty."""

    station: str
    part_type: int
    folder: str
    fault: str = ""


def run_learner(plan: LearnPlan, channel: Endpoint, clock: Clock) -> None:
    """Learn, write the recipe folder, answer, end."""
    from models.recipe import RecipeError, write_recipe
    from models.taught import TaughtPart, TeachSettings
    from models.teach import TeachError, learn

    parts = [
        TaughtPart(
            f"part {index + 1}",
            Capture(part.samples, part.rate, part.start, part.stop, (), part.before, part.after, part.ambient),
        )
        for index, part in enumerate(plan.parts)
    ]
    try:
        learned = learn(parts, TeachSettings(reject_rate=plan.reject_rate, beam=plan.beam))
        write_recipe(Path(plan.folder), learned, clock.wall().isoformat(timespec="seconds"))
    except (TeachError, RecipeError, OSError) as fault:
        channel.send(Learned(plan.station, plan.part_type, plan.folder, str(fault)))
    else:
        channel.send(Learned(plan.station, plan.part_type, plan.folder))
