"""Did something happen to a microphone? Each second held against those before it and against what was learned.

Three looks. A *step* of the gain moves all bands alike (`ear_gain`): a louder room or machine is louder in some bands
and not in others. *Hum* has the mains' lines (`ear_hum`). And a *place*: sound unlike anything in the minutes that were
learned. A fault of the ear comes from one second to the next and stays; wear comes slowly, a knock or a voice goes
again, and neither is one. Nor is a room that comes back to what is normal, as it does where a burst of noise is over.

A fault is said as soon as it is seen, and that is a warning: bursts of noise may look like it. It is *sure* once the
evidence has gathered: a walk that goes up with each second that is nearer to what was heard since than to what was
heard before, and down by two with each other second (a sequential test, Wald 1945). Were each second of a false warning
a toss of a coin, it would ever be sure with a chance of ((1 + 5 ** 0.5) / 2) ** -25, 6 in a million; how often it
happens is measured in docs/accuracy.md. A step of the gain must besides hold all bands together over all these seconds,
where five may not yet have shown a neighbour that was switched on or off.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.quality.ear_gain import LATER_S, LOOK_S, Usual, gain_of, middle, together, unmoved, usual_step
from analytics.quality.ear_hum import Hum, hum_step
from analytics.quality.ear_second import Second
from analytics.quality.words import Quality

LEARN_S = 30  #: of sound before a place can be strange at all
_AFTER, _BEFORE = 5, 9  #: seconds that are compared; one between them holds the moment itself
_WINDOW = LOOK_S + LATER_S  #: the same, and as many as make a look at the gain after one at what was usual before it
_FALLEN_DB = 15.0  #: in the middle band, and none less than
_FALLEN_LEAST_DB = 5.0
_HIGHS_DB = 8.0  #: the upper third falls by, and by as much more than the lower third as
_HIGHS_MORE_DB = 6.0
_RADIUS_DB = 4.0  #: root mean square over bands: no place nearer than this is strange
_RADIUS = 1.5  #: times the farthest learned second
_NEARLY = 0.9  #: of that far, every one of the seconds; most of them wholly
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
PLACES = 8  #: that many are known, the oldest is forgotten
_SURE = 30  #: of evidence; a fault begins with the five seconds it was seen in
_AGAINST = 2  #: evidence that a second takes away which is not like the fault
_HOLED = 10  #: evidence in a second with holes: three of them within ten seconds are sure
_BACK_DB = 1.0  #: so near to what was heard before the step, the fault is gone

Bands = NDArray[np.float64]


class Place(NamedTuple):
    """A sound of the room that is normal."""

    centre: Bands  #: shape (b,), mean room, dB
    radius: float  #: its farthest second, root mean square over bands, dB

    def far(self, bands: Bands) -> float:
        """Tell how far a second, shape (b,), is from this place; above 1 it is none of it."""
        return self.apart(bands) / max(_RADIUS_DB, _RADIUS * self.radius)

    def apart(self, bands: Bands) -> float:
        """Tell how far it is, root mean square over bands, dB."""
        return _rms(bands - self.centre)


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What is remembered of a microphone from second to second.

    Parameters
    ----------
    recent : ndarray, shape (k, b), k <= 15
        Room of the last good seconds, dB.
    heard, placed
        Good seconds heard while learning, and those of them that `centre` is the mean of.
    centre : ndarray, shape (b,)
        Mean room of the learned seconds, dB, following the hall since.
    radius
        Farthest of the learned seconds from the centre, as root mean square over bands, dB.
    usual
        How the room usually moves; None before the first second.
    hum
        What is remembered of the mains' lines.
    lowest_db
        Lowest quiet of good seconds.
    known
        Other places that were normal before.
    fault, sentence
        What is wrong now.
    before, after, since : ndarray, shape (b,)
        Room before the fault, when it was seen, and on average since.
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
    usual: Usual | None = None
    hum: Hum = field(default_factory=Hum)
    lowest_db: float = 0.0
    known: tuple[Place, ...] = ()
    fault: Quality | None = None
    sentence: str = ""
    before: Bands | None = None
    after: Bands | None = None
    since: Bands | None = None
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
    return replace(unheard(), known=places_of(watch))


def watch_step(watch: Watch, second: Second) -> Watch:
    """Take in a second; `fault` and `sentence` of the answer say what is wrong with the microphone."""
    recent = second.bands[None] if not len(watch.recent) else np.concatenate([watch.recent, second.bands[None]])
    recent = recent[-_WINDOW:]
    usual = unmoved(len(second.bands)) if watch.usual is None else watch.usual
    usual = usual_step(usual, recent[:LOOK_S]) if len(recent) == _WINDOW else usual
    hum = hum_step(watch.hum, second, learning=watch.heard < LEARN_S, settled=_settled(watch))
    watch = replace(watch, recent=recent, left=max(watch.left - 1, 0), usual=usual, hum=hum)
    holes = int(np.count_nonzero(second.blocks_db < watch.lowest_db - _HOLE_DB)) if _settled(watch) else 0
    if _HOLES <= holes < len(second.blocks_db) // 2:
        return _holed(replace(watch, recent=recent[:-1]), f"the sound is interrupted, {5 * holes} ms of a second")
    if watch.fault is Quality.SWAPPED and hum.hums:  # hum that is loud is heard as strange first
        return replace(watch, fault=Quality.HUM, sentence=hum.sentence, passing=False, partial=False)
    if watch.fault not in (None, Quality.DROPOUT):
        return _another(_healed(_weighed(watch, second)))
    fault, sentence = _fault(watch)
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
    before, after = np.median(watch.recent[:-LATER_S], axis=0), np.median(watch.recent[-_AFTER:], axis=0)
    moved = after - before
    passing = fault is Quality.SWAPPED and _one_way(moved)
    partial = passing and int(np.count_nonzero(np.abs(moved) < _UNMOVED_DB)) >= _UNMOVED
    watch = replace(watch, fault=fault, sentence=sentence, before=before, after=after, since=after, faulty=0)
    return replace(watch, evidence=_AFTER, passing=passing, partial=partial)


def _one_way(moved: Bands) -> bool:
    """Whether sound was only added, or only went."""
    return float(np.min(moved)) >= -_ONLY_DB or float(np.max(moved)) <= _ONLY_DB


def _another(watch: Watch) -> Watch:
    """Let another fault take the place of a warning that it could hide behind."""
    never_sure = watch.partial and watch.faulty > _BEFORE + 1
    if watch.sure or not (never_sure or watch.fault is Quality.HUM):
        return watch
    fault, sentence = _fault(watch) if never_sure else _moved(watch)
    hum_itself = watch.fault is Quality.HUM and fault is Quality.SWAPPED  # loud hum is another sound altogether
    return watch if hum_itself or fault in (None, watch.fault) else _begun(watch, fault, sentence)


def _weighed(watch: Watch, second: Second) -> Watch:
    """Count for a fault or against it: a second nearer to what was heard since, or to what was heard before."""
    before, after, since = watch.before, watch.after, watch.since
    assert before is not None
    assert after is not None
    assert since is not None
    since = since + (second.bands - since) / (_AFTER + watch.faulty + 1)
    watch = replace(watch, since=since)
    if watch.partial or watch.sure:
        return watch
    moved = after - before
    like = watch.hum.seconds > 0 if watch.fault is Quality.HUM else 2 * (second.bands - before) @ moved > moved @ moved
    watch = replace(watch, evidence=watch.evidence + (1 if like else -_AGAINST))
    if watch.sure and watch.fault is Quality.GAIN_STEP and not _alike(watch, since - before):
        return replace(watch, evidence=_SURE - 1, passing=True, partial=True)  # over half a minute they move apart
    return watch


def _alike(watch: Watch, moved: Bands) -> bool:
    """Whether all bands moved alike, so that the gain did it."""
    assert watch.usual is not None
    return together(watch.usual, moved)[1]


def _settled(watch: Watch) -> bool:
    return watch.heard >= _BEFORE


def _learn(watch: Watch, second: Second) -> Watch:
    """Widen what is known of a good ear."""
    lowest_db = max(min(watch.lowest_db, second.lowest_db), _QUIETEST_DB)
    if watch.heard >= LEARN_S or watch.hum.seconds:
        return _followed(replace(watch, lowest_db=lowest_db), second)
    watch = replace(watch, heard=watch.heard + 1, lowest_db=lowest_db)
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
    return replace(watch, placed=n, centre=centre, radius=max(watch.radius, _rms(bands - centre)))


def _fault(watch: Watch) -> tuple[Quality | None, str]:
    """Say what the last seconds are, held against those before."""
    return (Quality.HUM, watch.hum.sentence) if watch.hum.hums else _moved(watch)


def _moved(watch: Watch) -> tuple[Quality | None, str]:
    """Say what made the bands move."""
    assert watch.usual is not None
    gain = gain_of(watch.usual, watch.recent[-LOOK_S:]) if len(watch.recent) >= LOOK_S else None
    if gain is not None and _settled(watch) and _left(watch):
        return Quality.GAIN_STEP, _gain(gain)
    if len(watch.recent) < _WINDOW:
        return None, ""
    moved = _strange(watch)
    if moved is None:
        return None, ""
    gain, alike = together(watch.usual, moved)
    if alike:
        return Quality.GAIN_STEP, _gain(gain)
    third = max(len(moved) // 3, 1)
    fallen = -float(np.median(moved))
    if fallen >= _FALLEN_DB and float(np.max(moved)) <= -_FALLEN_LEAST_DB:
        return Quality.LOST_HIGHS, f"all it heard fell by {fallen:.0f} dB: covered or unplugged"
    high, low = float(np.mean(moved[-third:])), float(np.mean(moved[:third]))
    if high <= -_HIGHS_DB and high - low <= -_HIGHS_MORE_DB:
        return Quality.LOST_HIGHS, f"its upper bands fell by {-high:.0f} dB: covered or wet"
    return Quality.SWAPPED, "from one second to the next it hears something else altogether: another channel?"


def _left(watch: Watch) -> bool:
    """Whether the room left what is normal, and did not come back to it as it does when a burst of noise is over."""
    before, after = middle(watch.recent[-LOOK_S:-LATER_S]), middle(watch.recent[-_AFTER:])
    centres = [place.centre for place in places_of(watch)]
    return not centres or min(_rms(after - one) for one in centres) > min(_rms(before - one) for one in centres)


def _gain(gain_db: float) -> str:
    return f"the level of the chain went by {gain_db:+.1f} dB in all bands alike"


def _strange(watch: Watch) -> Bands | None:
    """Tell how the bands moved where the last seconds are unlike all that was learned, and became so within one."""
    before, after = watch.recent[:_BEFORE], watch.recent[-_AFTER:]
    limit = 0.7 * max(_RADIUS_DB, _RADIUS * watch.radius)
    if watch.heard < LEARN_S or watch.centre is None or _rms(after[0] - before[-1]) <= limit:
        return None
    moved = middle(after) - middle(before)
    if _rms(moved) <= limit or _rms(after[-1] - after[0]) >= 0.5 * _rms(moved):
        return None
    places = places_of(watch)
    far = [min(place.far(one) for place in places) for one in after]
    return moved if min(far) > _NEARLY and sorted(far)[_AFTER // 2] > 1 else None


def places_of(watch: Watch) -> tuple[Place, ...]:
    """Return all that is normal, what was learned now last."""
    learned = () if watch.centre is None else (Place(watch.centre, watch.radius),)
    return (*watch.known, *learned)[-PLACES:]


def _adopted(watch: Watch) -> Watch:
    """Know the present place besides the one that was learned."""
    centre = np.mean(watch.recent, axis=0)
    place = Place(centre, max(_rms(one - centre) for one in watch.recent))
    return _well(replace(watch, known=(*watch.known, place)[1 - PLACES :]))


def _well(watch: Watch) -> Watch:
    return replace(
        watch,
        fault=None,
        sentence="",
        before=None,
        after=None,
        since=None,
        evidence=0,
        passing=False,
        partial=False,
        recent=watch.recent if watch.fault is Quality.HUM else watch.recent[-_AFTER:],
    )


def _healed(watch: Watch) -> Watch:
    """Drop the fault where the room is again as it was before."""
    before = watch.before
    assert before is not None
    watch = replace(watch, faulty=watch.faulty + 1)
    if watch.passing and watch.faulty >= _ADOPT_S:
        return _adopted(watch)
    if watch.fault is Quality.HUM:
        gone = not watch.hum.seconds
    else:
        moved = np.median(watch.recent[-_AFTER:], axis=0) - before
        gone = abs(float(np.median(moved))) < _BACK_DB and _rms(moved) < max(_RADIUS_DB, _RADIUS * watch.radius)
    return _well(watch) if gone or watch.evidence <= 0 else watch


def _rms(moved: Bands) -> float:
    return float(np.sqrt(moved @ moved / len(moved)))
