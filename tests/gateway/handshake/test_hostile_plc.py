"""A PLC may write anything into its block: the table must stand, and never say what it may not say."""

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
    boot_id=st.sampled_from([0, 5, 5, 5, 6, 40000]),
    mode=st.sampled_from([1, 1, 1, 0, 2, 3, 4, 5, 65535]),
    result_ack=word,
    abort_seq=word,
    trig_head=st.integers(0, 4) | word,
    part_type=st.sampled_from([1, 1, 2, 0, 65535]),
    deadline_ms=st.sampled_from([0, 1, 500, 65535]),
    part_id=st.text(max_size=40),
    trig_seq=st.integers(0, 4) | word,
    gw_boot_id=st.sampled_from([None, None, 700, 700, 0, 12345]),
)
whole = image.map(lambda i: PlcImage(i.heartbeat, 5, i.mode, 0, 0, i.trig_seq, i.part_type, 500, "", i.trig_seq, 700))
words = st.lists(st.sampled_from(list(Quality)), max_size=2).map(tuple)
verdicts = st.one_of(
    st.builds(Verdict, st.just(Evaluation.OK), st.floats(0, 1), st.none(), st.none(), st.just(""), words),
    st.builds(Verdict, st.just(Evaluation.NOT_OK), st.floats(1.01, 1e308), st.just("x"), st.none(), st.just(""), words),
    st.builds(
        Verdict, st.just(Evaluation.NOT_DECIDABLE), st.none() | st.floats(0, 9), st.none(), st.none(), st.just("")
    ),
)
moves = st.one_of(
    st.tuples(st.just("poll"), image | whole),
    st.tuples(st.just("reread"), image | whole | st.none()),
    st.tuples(st.just("judge"), verdicts),
    st.tuples(st.sampled_from(["write", "fail", "record", "tick", "lose", "back", "down", "step"]), st.none()),
)


def event_of(state, what, value):
    """The event of a move, or None where it cannot come now."""
    ticket = state.part.ticket if state.part else state.next_ticket - 4096
    if state.phase is Phase.DOWN and what in ("poll", "reread", "down"):
        return events.Connected() if what != "reread" else None
    if what in ("write", "fail") and state.writing is None:
        return None
    return {
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


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 0.4), moves), max_size=60),
    st.sampled_from(list(StationMode)),
    st.sampled_from(list(Overrun)),
)
def test_whatever_the_plc_writes_every_part_is_recorded_once_and_no_forbidden_image_goes_out(plays, mode, overrun):
    state, now = begin(StationRules("ring", mode, overrun=overrun), 700), 0.0
    state, _ = step(state, events.WorkerTicked(), now)
    state, _ = step(state, events.ReadyChanged(frozenset({1})), now)
    started, recorded = [], []
    for pause, (what, value) in plays:
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
