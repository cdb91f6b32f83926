"""What one station hears: one channel of a source, and whether it may be trusted."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analytics.quality.ear import EarHealth, EarState, ear_step
from analytics.quality.ear_watch import accept, unheard, watch_step
from analytics.quality.words import UNTRUSTED, Quality
from analytics.signal.beamforming import Beam, summed
from gateway.processes.clock import Clock
from gateway.processes.messages import EarReport
from gateway.stations.ear_memory import EarMemory
from gateway.stations.intake import Intake

WATCH_S = 0.05  #: of sound looked at at once: a pass that brings 10 ms costs as much as one that brings 50
REPORT_S = 1.0  #: a broken microphone must be noticed within 2 s


class Ear:
    """One channel of an intake, as a station hears it, with the ambient microphone where there is one.

    Parameters
    ----------
    station
        Whose ear it is.
    intake, channel
        What it hears; channels are counted from 0.
    clock
        The gateway's clock.
    ambient
        The ambient microphone: its intake and channel.
    beam
        Channels of the intake heard as one, in place of `channel`.
    """

    def __init__(
        self,
        station: str,
        intake: Intake,
        channel: int,
        clock: Clock,
        ambient: tuple[Intake, int] | None = None,
        beam: Beam | None = None,
    ) -> None:
        self.rate = intake.plan.rate
        self._station = station
        self._intake = intake
        self._channel = channel
        self._clock = clock
        self._ambient = ambient
        self._beam = beam
        self._reach = beam.reach(self.rate) if beam else (0, 0)
        self._watched = 0
        self._state = EarState(self.rate)
        self._health: EarHealth | None = None
        self._watch = unheard()
        self._report_at = clock.now() + REPORT_S
        self._memory = EarMemory(intake.plan, channel, beam)
        self._reported: tuple[bool, tuple[Quality, ...]] = (False, ())

    # ---- the sound ------------------------------------------------------------------------------------------------

    @property
    def end(self) -> int:
        """Index past the newest sample."""
        return max(0, self._intake.ring.end - self._reach[1])

    @property
    def alive(self) -> bool:
        """True where sound comes in at this moment."""
        return self._intake.alive

    @property
    def patchy(self) -> bool:
        """True where only recorded parts are heard, and nothing between them."""
        return self._intake.patchy

    def index_at(self, clock: float) -> int:
        """Tell the sample that was heard at a time (monotonic seconds)."""
        return self._intake.index_at(clock)

    def time_of(self, index: int) -> float:
        """Tell when a sample was heard, or will be (monotonic seconds)."""
        return self._intake.time_of(index)

    def place(self, part_id: str, index: int) -> int | None:
        """See `gateway.audio.source.Source.place`."""
        return self._intake.place(part_id, index)

    def read(self, start: int, stop: int) -> tuple[NDArray[np.float32], tuple[tuple[int, int], ...]]:
        """Copy a span of samples, shape (stop - start,), and its gaps as indices within it."""
        if self._beam is not None:
            return self._summed(self._beam, start, stop)
        samples, gaps = self._intake.ring.read(start, stop)
        return samples[:, self._channel], gaps

    def _summed(self, beam: Beam, start: int, stop: int) -> tuple[NDArray[np.float32], tuple[tuple[int, int], ...]]:
        """Hear several channels as one; what a gap reaches into is a gap too, but round a recorded part is silence."""
        before, after = self._reach
        samples, holes = self._intake.ring.read(start - before, stop + after)
        wide = (0, 0) if self.patchy else self._reach
        gaps: list[tuple[int, int]] = []
        for first, last in holes:
            low, high = max(first - before - wide[1], 0), min(last - before + wide[0], stop - start)
            if low >= high:
                continue
            if gaps and gaps[-1][1] >= low:
                low = gaps.pop()[0]
            gaps.append((low, high))
        return summed(beam, samples, self.rate), tuple(gaps)

    def ambient(self, start: int, stop: int) -> tuple[NDArray[np.float32], tuple[tuple[int, int], ...]] | None:
        """Copy the same span as the ambient microphone heard it; None where there is no such microphone.

        Two devices share no clock: the span is found by the time it was heard, to about a millisecond.
        """
        if self._ambient is None:
            return None
        intake, channel = self._ambient
        first = start if intake is self._intake else intake.index_at(self._intake.time_of(start))
        samples, gaps = intake.ring.read(first, first + stop - start)
        return samples[:, channel], gaps

    def since(self, index: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Walk over what was heard from an index on: (index of the first sample, samples), one piece between gaps."""
        index = min(max(index, self._intake.ring.first), self.end)
        samples, gaps = self.read(index, self.end)
        low = 0
        for high, after in [*gaps, (len(samples), len(samples))]:
            if high > low:
                yield index + low, np.ascontiguousarray(samples[low:high])
            low = after

    # ---- its health -----------------------------------------------------------------------------------------------

    @property
    def quality(self) -> tuple[Quality, ...]:
        """What is wrong with this ear as far as is known now; empty means good."""
        if self._intake.vanished:
            return (Quality.VANISHED,)
        if self._health is None:
            return ()
        fault = () if self._watch.fault is None else (self._watch.fault,)
        return tuple(dict.fromkeys((*self._health.quality, *fault)))

    @property
    def untrusted(self) -> tuple[Quality, ...]:
        """What makes every part NotDecidable: of what is wrong, what leaves no trust and is sure."""
        warned = None if self._watch.sure else self._watch.fault
        return tuple(word for word in self.quality if word in UNTRUSTED and word != warned)

    def accept(self) -> None:
        """Take what is heard now for normal, and learn it anew: a person said so."""
        self._watch = accept(self._watch)

    def to_keep(self) -> str | None:
        """Give what is to be told again after a restart; None where nothing has changed since it was last given."""
        return self._memory.to_keep(self._watch, self._clock.now())

    def recall(self, text: str) -> str:
        """Take up what was kept; gives a sentence where it could not be."""
        self._watch, sentence = self._memory.recall(self._watch, text)
        return sentence

    @property
    def sentence(self) -> str:
        """How this ear is, for a person."""
        if self._intake.ended:
            return "The recording has ended."
        if self._intake.sentence:
            return self._intake.sentence
        if self._intake.vanished:
            return "No samples arrive."
        if self._health is None:
            return "Not yet heard for a whole second."
        if self._watch.fault is None:
            return self._health.sentence
        doubt = "" if self._watch.sure else "; not yet sure, parts are judged"
        return f"The microphone: {self._watch.sentence}{doubt}."

    def watch(self) -> EarReport | None:
        """Look at what was heard since the last call; a report about once a second, and when something changed."""
        seconds = 0
        if self.end - self._watched >= WATCH_S * self.rate:
            for start, piece in self.since(self._watched):
                if start != self._state.start + self._state.count:
                    self._state = EarState(self.rate, start=start)
                self._state, reports = ear_step(self._state, piece)
                if reports:
                    self._health, seconds = reports[-1], len(reports)
                for second in (one.second for one in reports if one.second is not None and not self.patchy):
                    self._watch = watch_step(self._watch, second)
            self._watched = self.end
        now, said = self._clock.now(), (self._watch.sure, self.quality)
        if not seconds and now < self._report_at and said == self._reported:
            return None
        self._report_at, self._reported = now + REPORT_S, said
        level = None if self._health is None or self._intake.vanished else self._health.level_db
        return EarReport(
            self._station,
            now,
            self.quality,
            self.sentence,
            level,
            self._intake.gaps,
            self._intake.lost_samples,
            self._intake.age_s,
            self._watch.sure,
        )
