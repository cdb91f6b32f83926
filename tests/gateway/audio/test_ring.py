"""The ring against a plain list that forgets nothing."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.ring import GAPS_MAX, Ring
from gateway.audio.source import Chunk


def chunk(start: int, n: int, channels: int = 1) -> Chunk:
    """Samples that carry their own index (whole numbers below 2^24 are exact in float32)."""
    ramp = np.arange(start, start + n, dtype=np.float32)
    return Chunk(start, np.repeat(ramp[:, None], channels, axis=1), clock=0.0)


pieces = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=25)  # (missing before, samples)


@given(pieces, st.integers(1, 64), st.integers(1, 3), st.data())
def test_every_index_reads_as_it_was_written_or_is_named_a_gap(cuts, capacity, channels, data):
    ring, known = Ring(capacity, channels), set()
    for missing, n in cuts:
        piece = chunk(ring.end + missing, n, channels)
        assert ring.write(piece) == missing
        known |= set(range(piece.start, piece.stop))

    start = data.draw(st.integers(-20, ring.end + 20))
    stop = data.draw(st.integers(start, start + 100))
    samples, gaps = ring.read(start, stop)

    holes = {start + i for a, b in gaps for i in range(a, b)}
    heard = {i for i in range(start, stop) if i in known and ring.first <= i < ring.end}
    assert holes == set(range(start, stop)) - heard
    assert all(a < b for a, b in gaps)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(gaps))
    assert samples.shape == (stop - start, channels)
    for i in range(start, stop):
        assert (samples[i - start] == (i if i in heard else 0)).all()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=10))
def test_the_cutting_of_the_stream_leaves_no_trace(lengths):
    whole, cut = Ring(100, 1), Ring(100, 1)
    whole.write(chunk(0, sum(lengths)))
    for n in lengths:
        cut.write(chunk(cut.end, n))

    a, b = whole.read(-5, sum(lengths) + 5), cut.read(-5, sum(lengths) + 5)

    assert np.array_equal(a[0], b[0])
    assert a[1] == b[1]


def test_what_is_read_stays_as_it_was_when_the_ring_goes_on():
    ring = Ring(10, 1)
    ring.write(chunk(0, 10))
    samples, _ = ring.read(0, 10)

    ring.write(chunk(10, 10))

    assert samples[:, 0].tolist() == list(range(10))


def test_more_gaps_than_are_remembered_become_larger_gaps_and_never_fewer_missing_samples():
    ring = Ring(10_000, 1)
    for _ in range(2 * GAPS_MAX):
        ring.write(chunk(ring.end + 1, 1))

    _, gaps = ring.read(0, ring.end)

    missing = {i for a, b in gaps for i in range(a, b)}
    assert missing >= set(range(0, ring.end, 2))
    assert len(gaps) <= GAPS_MAX


def test_an_empty_chunk_says_that_nothing_was_heard_so_far():
    ring = Ring(100, 1)
    ring.write(chunk(0, 10))
    ring.write(chunk(30, 0))
    ring.write(chunk(50, 0))
    ring.write(chunk(50, 10))

    _, gaps = ring.read(0, 60)

    assert gaps == ((10, 50),)
