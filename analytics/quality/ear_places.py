"""What a microphone knows to be normal, put aside for after a restart."""

from dataclasses import replace

from analytics.quality.ear_watch import PLACES, Place, Watch, places_of

_SAME_DB = 2.0  #: root mean square over bands: a known place so near to what was learned is the same


def to_remember(watch: Watch) -> tuple[Place, ...]:
    """Return what is normal, each place once: after every restart the same room is learned anew."""
    kept: list[Place] = []
    for place in places_of(watch)[::-1]:  # the latest first: it has followed the hall
        if all(place.apart(other.centre) > _SAME_DB for other in kept):
            kept.append(place)
    return tuple(kept[::-1])


def remembering(watch: Watch, places: tuple[Place, ...]) -> Watch:
    """Know these places as well; what was found out since is the newer."""
    return replace(watch, known=(*places, *watch.known)[-(PLACES - 1) :])
