"""How often somebody may guess a password."""

from collections import OrderedDict, deque

from gateway.processes.clock import Clock

GUESSES, GUESSES_S = 5, 300.0  #: wrong passwords from one address, or for one name, in so many seconds
WATCHED_MAX = 5000  #: addresses and names whose guesses are counted


class Guesses:
    """Counts wrong passwords; the clock's monotonic time counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, *keys: str) -> float:
        """Tell how long these (an address, a name) must wait before another guess; 0 where they may guess."""
        now, wait = self._clock.now(), 0.0
        for key in keys:
            times = self._wrong.get(key)
            while times and now - times[0] > GUESSES_S:
                times.popleft()
            if times and len(times) >= GUESSES:
                wait = max(wait, GUESSES_S - (now - times[0]))
        return wait

    def wrong(self, *keys: str) -> None:
        """Count a wrong password against each of these."""
        for key in keys:
            self._wrong.setdefault(key, deque(maxlen=GUESSES)).append(self._clock.now())
            self._wrong.move_to_end(key)
        while len(self._wrong) > WATCHED_MAX:
            self._wrong.popitem(last=False)
