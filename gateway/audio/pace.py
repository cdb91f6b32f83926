"""The sample clock of a source that has no device: how far its sound has come by now."""

from gateway.processes.clock import Clock

HURRY_S = 0.25  #: sound a call at pace 0; a worker that passes 200 times a second is 50 times faster than real time


class Pace:
    """Turns time into samples.

    Parameters
    ----------
    clock
        The gateway's clock.
    rate
        Samples per second of sound.
    pace
        Seconds of sound a second; 0 = `HURRY_S` of sound each time somebody asks.
    """

    def __init__(self, clock: Clock, rate: int, pace: float) -> None:
        assert rate > 0
        assert pace >= 0
        self._clock = clock
        self._rate = rate
        self._pace = pace
        self._began = clock.now()
        self._hurried = 0

    def reached(self) -> tuple[int, float]:
        """Tell how many samples there are by now, and when the last of them was there (monotonic seconds)."""
        now = self._clock.now()
        if self._pace == 0:
            self._hurried += round(HURRY_S * self._rate)
            return self._hurried, now
        speed = self._rate * self._pace
        count = int((now - self._began) * speed)
        return count, min(now, self._began + count / speed)
