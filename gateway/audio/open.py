"""From the plan of a source to the source."""

from gateway.audio.microphone import Microphone
from gateway.audio.recording import PartRecordings, StreamRecordings
from gateway.audio.simulated import Simulated
from gateway.audio.source import Source, SourceFault
from gateway.processes.clock import Clock
from gateway.stations.plan import SourcePlan


def make_source(plan: SourcePlan, clock: Clock) -> Source:
    """Build the source a plan names; a new kind of source is one more line here. Raises `SourceFault`."""
    match plan.kind, plan.play:
        case "microphone", _:
            return Microphone(plan, clock)
        case "recording", "parts":
            return PartRecordings(plan, clock)
        case "recording", "stream":
            return StreamRecordings(plan, clock)
        case "simulated", _:
            return Simulated(plan, clock)
    raise SourceFault(f"source: found kind {plan.kind!r}; wanted microphone, recording or simulated")
