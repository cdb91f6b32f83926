"""A PLC may write anything into its block: the table must stand, and never say what it may not say."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from connectors.plc.port import PlcImage
from gateway.handshake import events
from gateway.handshake.parts import next_due
from gateway.handshake.state import Overrun, Phase, StationMode, StationRules, begin
from gateway.handshake.table import step
from gateway.processes.messages import Judged, StartCapture

word = st.one_of(st.sampled_from([0, 1, 2, 3, 32766, 32767, 32768, 65535]), st.integers(0, 65535))
image = st.builds(
    PlcImage,
    heartbeat=word,
    boot_id=st.sampled_from([5] * 12 + [0, 6, 40000]),
    mode=st.sampled_from([1] * 8 + [0, 2, 3, 4, 5, 65535]),
    result_ack=word,
    abort_seq=word,
    trig_head=st.integers(0, 4) | word,
    part_type=st.sampled_from([1, 1, 2, 0, 65535]),
    deadline_ms=st.sampled_from([0, 1, 500, 65535]),
    part_id=st.text(max_size=40),
    trig_seq=st.integers(0, 4) | word,
    gw_boot_id=st.sampled_from([None] * 20 + [700, 0, 12345]),
)
words = st.lists(st.sampled_from(list(Quality)), max_size=2).map(tuple)
verdicts = st.one_of(
    st.builds(Verdict, st.just(Evaluation.OK), st.floats(0, 1), st.none(), st.none(), st.just(""), words),
    st.builds(Verdict, st.just(Evaluation.NOT_OK), st.floats(1.01, 1e308), st.just("x"), st.none(), st.just(""), words),
    st.builds(
        Verdict, st.just(Evaluation.NOT_DECIDABLE), st.none() | st.floats(0, 9), st.none(), st.none(), st.just("")
    ),
)
# What goes on as it should comes often, or nothing hostile ever meets a part that is under way.
usual = st.one_of(
    st.tuples(st.just("part"), st.none()),
    st.tuples(st.sampled_from(["trigger", "reread it", "record", "write", "write", "tick"]), st.none()),
    st.tuples(st.just("judge"), verdicts),
)
hostile = st.one_of(
    st.tuples(st.just("poll"), image),
    st.tuples(st.just("reread"), image | st.none()),
    st.tuples(st.sampled_from(["fail", "lose", "back", "down", "step"]), st.none()),
)
moves = st.one_of(usual, usual, usual, hostile)


def in_full(plays):
    """Write out a whole part as what it consists of."""
    for pause, (what, value) in plays:
        if what == "part":
            yield from ((0.0, step, None) for step in ("write", "trigger", "reread it", "record", "write"))
        else:
            yield pause, what, value


def event_of(state, what, value):
    """The event of a move, or None where it cannot come now."""
    ticket = state.part.ticket if state.part else state.next_ticket - 4096
    plc = state.plc or PlcImage(boot_id=5, mode=1)
    following = state.seen_seq % 32767 + 1
    good = replace(plc, boot_id=5, mode=1, part_type=1, trig_head=following, trig_seq=following, deadline_ms=900)
    good = replace(good, heartbeat=(plc.heartbeat + 1) & 0xFFFF)
    reading = state.reading.sequence if state.reading else following
    if state.phase is Phase.DOWN and what in ("trigger", "reread it", "poll", "reread", "down"):
        return events.Connected() if "reread" not in what else None
    if what in ("write", "fail") and state.writing is None:
        return None
    return {
        "trigger": lambda: events.Polled(good),
        "reread it": lambda: events.RereadCame(replace(good, trig_head=reading, trig_seq=reading)),
        "poll": lambda: events.Polled(value),
        "reread": lambda: events.RereadCame(value),
        "judge": lambda: events.VerdictCame(Judged("ring", ticket, value, 0.0, 0.0), 2),
        "write": events.WriteDone,
        "fail": lambda: events.WriteFailed("no time"),
        "record": lambda: events.RecordingStarted(ticket),
        "tick": events.WorkerTicked,
        "lose": events.WorkerLost,
        "back": lambda: events.WorkerBack(701),
        "down": lambda: events.Disconnected("pulled"),
        "step": events.ClockStepped,
    }[what]()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.01, 0.05, 0.2, 0.9]), moves), min_size=20, max_size=60),
    st.sampled_from(list(StationMode)),
    st.sampled_from(list(Overrun)),
)
def test_whatever_the_plc_writes_every_part_is_recorded_once_and_no_forbidden_image_goes_out(plays, mode, overrun):
    state, now = begin(StationRules("ring", mode, overrun=overrun), 700), 0.0
    state, _ = step(state, events.WorkerTicked(), now)
    state, _ = step(state, events.ReadyChanged(frozenset({1})), now)
    state, _ = step(state, events.Connected(), now)
    started, recorded = [], []
    for pause, what, value in in_full(plays):
        now += pause
        event = event_of(state, what, value)
        if event is None:
            continue
        state, actions = step(state, event, now)
        for action in actions:
            if isinstance(action, StartCapture):
                started.append(action.ticket)
            elif isinstance(action, events.Record):
                recorded.append(action.part)
            elif isinstance(action, events.WriteZero | events.WriteAccept | events.WriteResult | events.Beat):
                assert mode is StationMode.ACTIVE
                check_image(action.image, now, action)
        assert next_due(state, now) > now
    state, actions = step(state, events.WorkerLost(), now + 100.0)
    recorded += [action.part for action in actions if isinstance(action, events.Record)]
    tickets = [part.ticket for part in recorded if part.ticket]
    waiting = [part.ticket for part in (state.part, *state.answers, state.writing and state.writing.part) if part]
    assert len(tickets) == len(set(tickets))
    assert set(tickets) | set(waiting) >= set(started)


def check_image(sent, now, action):
    assert (sent.verdict == 0) == (sent.result_seq == 0)
    assert 0 <= sent.result_seq <= 32767
    assert 0 <= sent.latency_ms <= 65535
    assert 0.0 <= sent.score < 3.4e38
    if sent.verdict == 1:
        assert sent.quality_code & 0x77FF == 0
        assert 32768 <= sent.pass_key <= 65535
    else:
        assert sent.pass_key == 0
    if isinstance(action, events.WriteResult):
        assert now < action.until
