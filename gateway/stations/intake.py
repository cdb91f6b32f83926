"""One source and what was heard of it: opened, read into its ring, opened again when it fails."""

from collections.abc import Callable
from dataclasses import replace

from gateway.audio.anchor import Anchor
from gateway.audio.open import make_source
from gateway.audio.ring import Ring
from gateway.audio.source import Chunk, Source, SourceFault, SourceStuck
from gateway.processes.clock import Clock
from gateway.stations.plan import SourcePlan

ALIVE_S = 0.3  #: newest sample no older than this: several blocks of any sound system, a fraction of any deadline
VANISHED_S = 1.0  #: no sample for so long and the ear is told to have vanished; must be noticed within 2 s
RETRY_S = (0.5, 1.0, 2.0, 5.0, 10.0)  #: waits between attempts to open; a USB interface may take a minute to come up


class Intake:
    """A source that is kept open.

    Its sample index never stands still for good: after each new opening it goes on where the clock says the sound must
    be by now, so that what was missed is a gap of the right length.

    Parameters
    ----------
    plan
        The source.
    clock
        The gateway's clock.
    seconds
        Sound to remember.
    make
        Builds the source; tests hand in their own.
    """

    def __init__(
        self,
        plan: SourcePlan,
        clock: Clock,
        seconds: float,
        make: Callable[[SourcePlan, Clock], Source] = make_source,
    ) -> None:
        self.plan = plan
        self.ring = Ring(round(seconds * plan.rate), plan.channels)
        self.sentence = ""  #: why nothing is heard; empty while it is open
        self.gaps = 0
        self.lost_samples = 0
        self._clock = clock
        self._make = make
        self._speed = plan.rate * (plan.pace or 1.0) if plan.kind != "microphone" else float(plan.rate)
        self._anchor = Anchor(self._speed)
        self._source: Source | None = None
        self._base = 0
        self._newest: float | None = None
        self._since = clock.now()
        self._failures = 0
        self._retry_at = clock.now()

    # ---- the loop's side ------------------------------------------------------------------------------------------

    def listen(self) -> str | None:
        """Take in what arrived, or try to open; returns a sentence when that went wrong in a new way.

        Raises
        ------
        SourceStuck
            Nothing in this process will bring the source back.
        """
        try:
            if self._source is None:
                self._open()
            if self._source is not None:
                for chunk in self._source.chunks():
                    self._take(chunk)
        except SourceStuck:
            raise
        except SourceFault as fault:
            return self._failed(fault)
        return None

    def place(self, part_id: str, index: int) -> int | None:
        """See `Source.place`; None also while there is no source. Raises `SourceFault`."""
        if self._source is None:
            return None
        begins = self._source.place(part_id, index - self._base)
        return None if begins is None else begins + self._base

    def close(self) -> None:
        """Let go of the source."""
        if self._source is not None:
            self._source.close()
            self._source = None

    # ---- what is known --------------------------------------------------------------------------------------------

    @property
    def age_s(self) -> float | None:
        """Seconds since the newest sample was there; None where there never was one."""
        return None if self._newest is None else max(0.0, self._clock.now() - self._newest)

    @property
    def alive(self) -> bool:
        """True where sound comes in at this moment."""
        return self._source is not None and not self._source.ended and self._younger_than(ALIVE_S)

    @property
    def vanished(self) -> bool:
        """True where no sound has come in for so long that a person must hear of it."""
        if self._source is not None and self._source.ended:
            return True
        return not self._younger_than(VANISHED_S) and self._clock.now() - self._since > VANISHED_S

    @property
    def ended(self) -> bool:
        """True where the last recording was played."""
        return self._source is not None and self._source.ended

    @property
    def patchy(self) -> bool:
        """True for recorded parts: between them there is nothing to hear, and nothing lost."""
        return self.plan.kind == "recording" and self.plan.play == "parts"

    def index_at(self, clock: float) -> int:
        """Tell the sample that was heard at a time; the next one where that is not known."""
        if self.plan.kind != "microphone" and self.plan.pace == 0:
            return self.ring.end  # sound that comes as fast as it is asked for has no other now
        return self._anchor.index_at(clock) if self._anchor.known else self.ring.end

    def time_of(self, index: int) -> float:
        """Tell when a sample was heard or will be, as far as is known."""
        if self._anchor.known:
            return self._anchor.time_of(index)
        return self._clock.now() + max(0, index - self.ring.end) / self._speed

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _younger_than(self, seconds: float) -> bool:
        age = self.age_s
        return age is not None and age <= seconds

    def _open(self) -> None:
        now = self._clock.now()
        if now < self._retry_at:
            return
        source = self._make(self.plan, self._clock)
        try:
            source.open()
        except SourceFault:
            source.close()
            raise
        if self._newest is not None:
            # At least one sample is missing: whatever was cut across this moment has a hole in it.
            self._base = self.ring.end + max(1, round((now - self._newest) * self._speed))
        self._anchor.restart()
        self._source = source

    def _take(self, chunk: Chunk) -> None:
        missing = self.ring.write(replace(chunk, start=chunk.start + self._base))
        if missing and not self.patchy:
            self.gaps += 1
            self.lost_samples += missing
            self._anchor.restart()  # how much is missing was a guess, and time is not measured by guesses
        self._anchor.seen(self.ring.end, chunk.clock)
        self._newest = chunk.clock
        self._failures = 0
        self.sentence = ""

    def _failed(self, fault: SourceFault) -> str | None:
        self.close()
        self._retry_at = self._clock.now() + RETRY_S[min(self._failures, len(RETRY_S) - 1)]
        self._failures += 1
        known, self.sentence = self.sentence, str(fault)
        return None if known == self.sentence else self.sentence
