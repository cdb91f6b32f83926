"""Did something happen to a microphone? Each second held against those before it and against what was learned.

Two looks. A *step*: what was heard of the room over the last five seconds against the eight before. Where all bands
moved alike, the gain did it: a louder room or machine is louder in some bands and not in others. And a *place*: sound
unlike anything in the minutes that were learned. A fault of the ear comes from one second to the next and stays; wear
comes slowly, a knock or a voice goes again, and neither is one.

A fault is said as soon as it is seen, and that is a warning: bursts of noise may look like it. It is *sure* once the
evidence has gathered: a walk that goes up with each second that is nearer to what was heard since than to what was
heard before, and down by two with each other second (a sequential test, Wald 1945). Were each second of a false warning
a toss of a coin, it would ever be sure with a chance of ((1 + 5 ** 0.5) / 2) ** -25, 6 in a million; how often it
happens is measured in docs/accuracy.md.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.quality.ear_second import Second
from analytics.quality.words import Quality

LEARN_S = 30  #: of sound before a place can be strange at all
_AFTER, _BEFORE = 5, 8  #: seconds that are compared; one between them holds the moment itself
_WINDOW = _BEFORE + 1 + _AFTER
_STEADY_DB = 0.6  #: scatter of the level within either: where sounds come and go, nothing is said of a step
_GAIN_DB = 1.8  #: least step of the gain,
_WANDER = 3.0  #: and so many times the scatter of the level while it was learned
_ALIKE_DB = 0.45  #: bands may differ so much in a step of the gain, beyond their own scatter
_ALIKE = 2.0  #: mean square of the bands' differences, in their expected scatter
_HUM_DB = 3.0  #: each of the harmonics further above its neighbourhood than ever while learning,
_HUM_ABOVE_DB = 7.0  #: and that far above it, both on average over
_HUM_MEAN_S = 4  #: seconds (noise alone stands 5 dB above its median, and seldom twice in the same bin),
_HUM_LINES = 3  #: so many of them at once,
_HUM_S = 2  #: for so many seconds: a machine that runs up crosses the mains
_HUM_SHARE_DB = -20.0  #: of the whole level: hum deeper under the sound than this changes nothing
_FALLEN_DB = 15.0  #: in the middle band, and none less than
_FALLEN_LEAST_DB = 5.0
_HIGHS_DB = 8.0  #: the upper third falls by, and by as much more than the lower third as
_HIGHS_MORE_DB = 6.0
_RADIUS_DB = 4.0  #: root mean square over bands: no place nearer than this is strange
_RADIUS = 1.5  #: times the farthest learned second
_HOLE_DB = 10.0  #: under the quietest the room ever was
_QUIETEST_DB = -120.0  #: of a 5 ms block; digital silence between two events is no measure of a room
_HOLES = 3  #: blocks of 5 ms in a second
_HOLES_KEPT_S = 10  #: a loose contact is not well because it held for a second
_ADOPT_S = 60  #: that long with sound only added or only gone, it is normal too: a machine was started or stopped
_ONLY_DB = 2.0  #: no band went the other way by more than this, where sound was only added or only went
_UNMOVED_DB = 1.5  #: bands that stayed within this are heard by the same ear as before,
_UNMOVED = 3  #: where so many did
_FOLLOW_S = 120  #: the learned room follows by that share a second of what it is off,
_FOLLOW_DB = 0.02  #: and by no more a second, 1.2 dB a minute: a burst moves it by nothing
_PLACES = 8  #: that many are known, the oldest is forgotten
_SURE = 30  #: of evidence; a fault begins with the five seconds it was seen in
_AGAINST = 2  #: evidence that a second takes away which is not like the fault
_HOLED = 10  #: evidence in a second with holes: three of them within ten seconds are sure
_BACK_DB = 1.0  #: so near to what was heard before the step, the fault is gone

Bands = NDArray[np.float64]


class Place(NamedTuple):
    """A sound of the room that is normal."""

    centre: Bands  #: shape (b,), mean room, dB
    radius: float  #: its farthest second, root mean square over bands, dB

    def far(self, bands: Bands) -> bool:
        """Whether a second, shape (b,), is none of this place."""
        return _rms(bands - self.centre) > max(_RADIUS_DB, _RADIUS * self.radius)


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What is remembered of a microphone from second to second.

    Parameters
    ----------
    recent : ndarray, shape (k, b), k <= 14
        Room of the last good seconds, dB.
    heard, placed
        Good seconds heard while learning, and those of them that `centre` is the mean of.
    centre : ndarray, shape (b,)
        Mean room of the learned seconds, dB, following the hall since.
    radius
        Farthest of the learned seconds from the centre, as root mean square over bands, dB.
    wander : float
        Mean square of the level of the learned seconds around their mean, dB^2.
    hum_now, hum : ndarray, shape (2, 10)
        `Second.hum` averaged over the last seconds, and the highest of that while learning; None before the first.
    hummed
        Seconds that there was more.
    lowest_db
        Lowest quiet of good seconds.
    known
        Other places that were normal before.
    fault, sentence
        What is wrong now.
    before, after : ndarray, shape (b,)
        Room before the fault, and when it was seen.
    passing
        Sound was only added, or only went: a machine was started or stopped as likely as anything happened to the ear.
    partial
        And some bands stayed as they were: much more likely.
    evidence
        For this fault.
    left
        Seconds until a hole is forgotten.
    faulty
        Seconds of this fault so far.
    """

    recent: Bands
    heard: int = 0
    placed: int = 0
    centre: Bands | None = None
    radius: float = 0.0
    wander: float = 0.0
    hum_now: Bands | None = None
    hum: Bands | None = None
    hummed: int = 0
    lowest_db: float = 0.0
    known: tuple[Place, ...] = ()
    fault: Quality | None = None
    sentence: str = ""
    before: Bands | None = None
    after: Bands | None = None
    passing: bool = False
    partial: bool = False
    evidence: int = 0
    left: int = 0
    faulty: int = 0

    @property
    def sure(self) -> bool:
        """Whether the fault is believed; before that it is a warning."""
        return self.fault is not None and self.evidence >= _SURE


def unheard() -> Watch:
    """Return the watch over a microphone that nothing is known of."""
    return Watch(np.empty((0, 0)))


def accept(watch: Watch) -> Watch:
    """Take a person's word that what is heard now is normal: it is learned anew, and what was normal stays so."""
    return replace(unheard(), known=_places(watch))


def watch_step(watch: Watch, second: Second) -> Watch:
    """Take in a second; `fault` and `sentence` of the answer say what is wrong with the microphone."""
    recent = second.bands[None] if not len(watch.recent) else np.concatenate([watch.recent, second.bands[None]])
    recent = recent[-_WINDOW:]
    hum_now = second.hum if watch.hum_now is None else watch.hum_now + (second.hum - watch.hum_now) / _HUM_MEAN_S
    watch = replace(watch, recent=recent, left=max(watch.left - 1, 0), hum_now=hum_now)
    hums = _settled(watch) and bool(np.max(_humming(watch, second)) >= _HUM_LINES)
    watch = replace(watch, hummed=watch.hummed + 1 if hums else 0)
    holes = int(np.count_nonzero(second.blocks_db < watch.lowest_db - _HOLE_DB)) if _settled(watch) else 0
    if _HOLES <= holes < len(second.blocks_db) // 2:
        return _holed(replace(watch, recent=recent[:-1]), f"the sound is interrupted, {5 * holes} ms of a second")
    if watch.fault is Quality.SWAPPED and watch.hummed >= _HUM_S:  # hum that is loud is heard as strange first
        return replace(watch, fault=Quality.HUM, sentence=_hum(watch, second), passing=False, partial=False)
    if watch.fault not in (None, Quality.DROPOUT):
        return _another(_healed(_weighed(watch, second)), second)
    fault, sentence = (None, "") if len(recent) < _WINDOW else _fault(watch, second)
    if fault is None:
        return _learn(_held(watch), second)
    return _begun(watch, fault, sentence)


def _holed(watch: Watch, sentence: str) -> Watch:
    """Say a loose contact, unless another fault is sure."""
    if watch.sure and watch.fault is not Quality.DROPOUT:
        return watch
    evidence = min(_HOLED + (watch.evidence if watch.fault is Quality.DROPOUT else 0), _SURE)
    sentence += ": a loose contact"
    return replace(watch, left=_HOLES_KEPT_S, fault=Quality.DROPOUT, sentence=sentence, evidence=evidence)


def _held(watch: Watch) -> Watch:
    """Forget a loose contact that has held."""
    return watch if watch.fault is None or watch.left else replace(watch, fault=None, sentence="", evidence=0)


def _begun(watch: Watch, fault: Quality, sentence: str) -> Watch:
    before, after = np.median(watch.recent[:_BEFORE], axis=0), np.median(watch.recent[-_AFTER:], axis=0)
    moved = after - before
    one_way = float(np.min(moved)) >= -_ONLY_DB or float(np.max(moved)) <= _ONLY_DB
    passing = fault is Quality.SWAPPED and one_way
    partial = passing and int(np.count_nonzero(np.abs(moved) < _UNMOVED_DB)) >= _UNMOVED
    watch = replace(watch, fault=fault, sentence=sentence, before=before, after=after, evidence=_AFTER, faulty=0)
    return replace(watch, passing=passing, partial=partial)


def _another(watch: Watch, second: Second) -> Watch:
    """Let another fault take the place of a warning that will never be sure: it must hide none."""
    if not watch.partial or watch.faulty <= _BEFORE + 1 or len(watch.recent) < _WINDOW:
        return watch
    fault, sentence = _fault(watch, second)
    return watch if fault in (None, watch.fault) else _begun(watch, fault, sentence)


def _weighed(watch: Watch, second: Second) -> Watch:
    """Count for a fault or against it: a second nearer to what was heard since, or to what was heard before."""
    assert watch.before is not None
    assert watch.after is not None
    if watch.partial or watch.sure:
        return watch
    moved = watch.after - watch.before
    like = watch.hummed > 0 if watch.fault is Quality.HUM else 2 * (second.bands - watch.before) @ moved > moved @ moved
    return replace(watch, evidence=watch.evidence + (1 if like else -_AGAINST))


def _settled(watch: Watch) -> bool:
    return watch.heard >= _BEFORE


def _learn(watch: Watch, second: Second) -> Watch:
    """Widen what is known of a good ear."""
    lowest_db = max(min(watch.lowest_db, second.lowest_db), _QUIETEST_DB)
    if watch.heard >= LEARN_S or watch.hummed:
        return _followed(replace(watch, lowest_db=lowest_db), second)
    hum = watch.hum_now if watch.hum is None or watch.hum_now is None else np.maximum(watch.hum, watch.hum_now)
    watch = replace(watch, heard=watch.heard + 1, hum=hum, lowest_db=lowest_db)
    return _place(watch, watch.recent[0]) if len(watch.recent) == _WINDOW else watch


def _followed(watch: Watch, second: Second) -> Watch:
    """Let the learned room grow louder and quieter with the hall, slowly: shifts, heating, wear."""
    if watch.heard < LEARN_S or watch.centre is None:
        return watch
    moved = np.clip((second.bands - watch.centre) / _FOLLOW_S, -_FOLLOW_DB, _FOLLOW_DB)
    return replace(watch, centre=watch.centre + moved)


def _place(watch: Watch, bands: Bands) -> Watch:
    """Learn the room from the oldest second that is remembered: what a step may just have begun in is not learned."""
    n = watch.placed + 1
    centre = bands if watch.centre is None else watch.centre + (bands - watch.centre) / n
    moved = bands - (centre if watch.centre is None else watch.centre)
    wander = watch.wander + (float(np.median(moved)) ** 2 * (n - 1) / n - watch.wander) / n  # Welford 1962
    return replace(watch, placed=n, centre=centre, radius=max(watch.radius, _rms(bands - centre)), wander=wander)


def _fault(watch: Watch, second: Second) -> tuple[Quality | None, str]:
    """Say what the last seconds are, held against those before."""
    before, after = watch.recent[:_BEFORE], watch.recent[-_AFTER:]
    moved = np.median(after, axis=0) - np.median(before, axis=0)
    if watch.hummed >= _HUM_S:
        return Quality.HUM, _hum(watch, second)
    gain = float(np.median(moved))
    if abs(gain) >= max(_GAIN_DB, _WANDER * float(np.sqrt(watch.wander))) and _all_alike(watch, moved):
        return Quality.GAIN_STEP, f"the level of the chain went by {gain:+.1f} dB in all bands alike"
    third = max(len(moved) // 3, 1)
    if not _strange(watch, after, moved):
        return None, ""
    if gain <= -_FALLEN_DB and float(np.max(moved)) <= -_FALLEN_LEAST_DB:
        return Quality.LOST_HIGHS, f"all it heard fell by {-gain:.0f} dB: covered or unplugged"
    high, low = float(np.mean(moved[-third:])), float(np.mean(moved[:third]))
    if high <= -_HIGHS_DB and high - low <= -_HIGHS_MORE_DB:
        return Quality.LOST_HIGHS, f"its upper bands fell by {-high:.0f} dB: covered or wet"
    return Quality.SWAPPED, "from one second to the next it hears something else altogether: another channel?"


def _humming(watch: Watch, second: Second) -> NDArray[np.intp]:
    """Count the harmonics of each mains frequency that stand out and never did, shape (2,); 0 where they are faint."""
    assert watch.hum is not None
    assert watch.hum_now is not None
    risen = (watch.hum_now > watch.hum + _HUM_DB) & (watch.hum_now > _HUM_ABOVE_DB)
    level_db = 10 * np.log10(np.mean(10 ** (second.blocks_db / 10)))
    return np.asarray(np.count_nonzero(risen, axis=1) * (second.hum_db > level_db + _HUM_SHARE_DB))


def _hum(watch: Watch, second: Second) -> str:
    return f"mains hum: {int(np.max(_humming(watch, second)))} harmonics stand out that did not"


def _all_alike(watch: Watch, moved: Bands) -> bool:
    """Whether all bands moved by as much, for their scatter from second to second, and stood still before and after."""
    before, after = watch.recent[:_BEFORE], watch.recent[-_AFTER:]
    scatter = np.mean(np.square(np.diff(before, axis=0)), axis=0) / 2
    expected = 1.6 * scatter * (1 / _BEFORE + 1 / _AFTER) + _ALIKE_DB**2  # medians scatter more than means
    apart = moved - np.average(moved, weights=1 / expected)
    alike = float(np.mean(apart**2 / expected)) < _ALIKE
    return alike and _still(watch, before) and _still(watch, after)


def _still(watch: Watch, seconds: Bands) -> bool:
    levels = np.median(seconds - np.median(seconds, axis=0), axis=1)
    return float(np.std(levels)) < max(_STEADY_DB, 1.5 * float(np.sqrt(watch.wander)))


def _strange(watch: Watch, after: Bands, moved: Bands) -> bool:
    """Whether the last seconds are unlike all that was learned, each of them, and became so within a second."""
    if watch.heard < LEARN_S or watch.centre is None:
        return False
    limit = max(_RADIUS_DB, _RADIUS * watch.radius)
    places = _places(watch)
    from_one_to_next = watch.recent[-_AFTER] - watch.recent[_BEFORE - 1]
    at_once = min(_rms(moved), _rms(from_one_to_next)) > 0.7 * limit and _rms(after[-1] - after[0]) < 0.5 * _rms(moved)
    return bool(at_once) and all(place.far(one) for one in after for place in places)


def _places(watch: Watch) -> tuple[Place, ...]:
    """Return all that is normal."""
    learned = () if watch.centre is None else (Place(watch.centre, watch.radius),)
    return (*watch.known, *learned)[-_PLACES:]


def _adopted(watch: Watch) -> Watch:
    """Know the present place besides the one that was learned."""
    centre = np.mean(watch.recent, axis=0)
    place = Place(centre, max(_rms(one - centre) for one in watch.recent))
    return _well(replace(watch, known=(*watch.known, place)[1 - _PLACES :]))


def _well(watch: Watch) -> Watch:
    return replace(
        watch,
        fault=None,
        sentence="",
        before=None,
        after=None,
        evidence=0,
        recent=watch.recent[-_AFTER:],
    )


def _healed(watch: Watch) -> Watch:
    """Drop the fault where the room is again as it was before."""
    before = watch.before
    assert before is not None
    watch = replace(watch, faulty=watch.faulty + 1)
    if watch.passing and watch.faulty >= _ADOPT_S:
        return _adopted(watch)
    if watch.fault is Quality.HUM:
        gone = not watch.hummed
    else:
        moved = np.median(watch.recent[-_AFTER:], axis=0) - before
        gone = abs(float(np.median(moved))) < _BACK_DB and _rms(moved) < max(_RADIUS_DB, _RADIUS * watch.radius)
    return _well(watch) if gone or watch.evidence <= 0 else watch


def _rms(moved: Bands) -> float:
    return float(np.sqrt(np.mean(np.square(moved))))
