"""A worker that the machine held up: its sound has waited for it, and is there."""

from analytics.decision.verdict import Evaluation
from analytics.synthesis.parts import part_truth
from gateway.processes.messages import Judged, Recording, StartCapture, Stop
from gateway.stations.plan import PartPlan, SourcePlan, StationPlan, WorkerPlan
from gateway.stations.worker import run_worker

T0, SEED = 100.0, 7  # the clock's first reading; as the recipe's castings


def test_a_part_triggered_while_the_worker_was_held_up_is_heard(recipe, wire):
    name = next(name for name in map(str, range(200)) if part_truth("castings", SEED, name).good)
    part = PartPlan("shadow", 20.0, 300.0, {1: str(recipe)}, 1.0)
    source = SourcePlan("simulated", 48_000, sound="castings", seed=SEED)

    def hold_up():
        wire.clock.time += 0.8

    wire.at(T0 + 2.0, hold_up)
    wire.at(T0 + 2.0, StartCapture("ring", 1, 1, name, T0 + 2.79, False))
    wire.at(T0 + 5.0, Stop())
    run_worker(WorkerPlan("w", (source,), (StationPlan("ring", 0, part=part),)), wire, wire.clock)

    assert [one.ticket for one in wire.of(Recording)] == [1]
    (judged,) = wire.of(Judged)
    assert judged.verdict.evaluation is Evaluation.OK, judged.verdict
