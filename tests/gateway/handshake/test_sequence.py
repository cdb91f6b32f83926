from hypothesis import given
from hypothesis import strategies as st

from gateway.handshake.sequence import in_domain, newer, skipped

numbers = st.integers(1, 32767)


def follow(number, steps):
    for _ in range(steps):
        number = number % 32767 + 1
    return number


@given(numbers, st.integers(1, 500))
def test_what_follows_is_newer_across_the_wrap_and_not_the_other_way_round(number, steps):
    later = follow(number, steps)
    assert newer(number, later)
    assert not newer(later, number)
    assert skipped(number, later, frozenset()) == steps - 1


@given(numbers)
def test_a_number_is_not_newer_than_itself_and_everything_is_newer_than_never(number):
    assert not newer(number, number)
    assert newer(0, number)
    assert skipped(0, number, frozenset()) == 0


@given(numbers, st.integers(3, 50), st.integers(1, 60))
def test_a_number_the_plc_must_skip_is_not_missed(number, steps, where):
    later, skip = follow(number, steps), follow(number, where)
    missed = skipped(number, later, frozenset({skip, 0, 40000}))
    assert missed == steps - 1 - (1 if where < steps else 0)


def test_half_the_domain_is_the_border():
    assert newer(1, 1 + 16383)
    assert not newer(1, 1 + 16384)


def test_zero_and_negative_ints_are_outside_the_domain():
    assert [in_domain(number) for number in (0, 1, 32767, 32768, 65535)] == [False, True, True, False, False]
