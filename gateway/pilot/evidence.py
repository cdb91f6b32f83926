"""The parts that went wrong, one by one: picture, sound and what was different."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analytics.decision.judge import align
from analytics.decision.regions import course_of, differences, regions_of
from analytics.features.log_mel import mel_plan
from gateway.audio.files import SoundFileError, at_rate, capture_of, one_channel, read_recording
from gateway.pilot.cases import Case
from gateway.serve.page.drawing import region_words
from gateway.serve.page.playback import wav_of
from gateway.serve.page.sight import Heard, Sight, expected_picture, heard_picture, sight_of
from models.recipe import Recipe

SHOWN_MOST = 24  #: of each kind
SOUND_BYTES_MOST = 8 * 2**20  #: in one report: it has to go through a mail server
_SOUND_S_MOST = 5.0
_SLOW = 4  #: a knock of a few hundredths of a second is played slower, too
_SHORT_S = 0.5


@dataclass(frozen=True, slots=True)
class Shown:
    """One part as the report shows it.

    Parameters
    ----------
    case
        The part.
    picture, expected
        Data URIs: what was heard, and what the recipe expects of a good part; empty where there is none.
    axes
        What the picture spans, in words.
    sound, slow
        Data URIs; empty where there is none.
    differs
        What differs plainly from good parts, in words.
    remark
        Why there is no picture, or no sound.
    """

    case: Case
    picture: str = ""
    axes: str = ""
    expected: str = ""
    sound: str = ""
    slow: str = ""
    differs: tuple[str, ...] = ()
    remark: str = ""


#: Looks at a case: what is to be seen, or in one sentence why there is nothing.
Look = Callable[[Case], Sight | str]


def look_in_store(store: Path) -> Look:
    """Look at parts of a store."""

    def look(case: Case) -> Sight | str:
        if case.kept is None:
            return "it is no part of this store"
        sight = sight_of(store, case.kept)
        return sight if sight.heard is not None else sight.why_no_sound

    return look


def look_at_recordings(recipe: Recipe, given: tuple[int | None, int | None, bool]) -> Look:
    """Look at recordings; `given` as in `gateway.pilot.cases.from_recordings`."""
    channel, rate, surroundings = given

    def look(case: Case) -> Sight | str:
        assert case.path is not None
        front_end = recipe.model.front_end
        try:
            recording = read_recording(case.path, rate)
            samples = at_rate(one_channel(recording, channel), recording.rate, front_end.rate, case.path)
        except SoundFileError as fault:
            return str(fault)
        capture = capture_of(samples, front_end.rate, surroundings, None)
        aligned = align(capture, front_end)
        plan = mel_plan(front_end.rate, front_end.profile, front_end.low_hz)
        course = course_of(aligned, recipe.model) if len(aligned.part) >= plan.frame + plan.hop else None
        rate_hz = front_end.rate
        heard = Heard(capture, plan, aligned.start / rate_hz, len(aligned.part) / rate_hz, course)
        if case.features is None or len(case.features) != len(recipe.model.detector.mean):
            return Sight(recipe, "", heard, "")
        changes, spreads = differences(case.features, recipe.model)
        return Sight(recipe, "", heard, "", regions_of(case.features, recipe.model, course), changes, spreads)

    return look


def shown_of(cases: Sequence[Case], look: Look, sound_bytes: int) -> tuple[tuple[Shown, ...], int]:
    """Show the first parts of a kind; gives the bytes left for further sounds."""
    shown = []
    for case in cases[:SHOWN_MOST]:
        sight = look(case)
        if isinstance(sight, str) or sight.heard is None:
            shown.append(Shown(case, remark=f"No picture and no sound: {sight if isinstance(sight, str) else ''}."))
            continue
        one = _shown(case, sight, sight.heard, sound_bytes)
        sound_bytes -= len(one.sound) + len(one.slow)
        shown.append(one)
    return tuple(shown), sound_bytes


def _shown(case: Case, sight: Sight, heard: Heard, sound_bytes: int) -> Shown:
    expected = expected_picture(heard)
    edges = heard.plan.edges_hz
    sound = slow = remark = ""
    samples = heard.capture.samples[: round(_SOUND_S_MOST * heard.capture.rate)]
    wanted = 3 * len(samples)  # 16 bit in base64, and a little more
    if wanted <= sound_bytes:
        sound = _uri("audio/wav", wav_of(samples, heard.capture.rate, 1, None))
        if heard.seconds < _SHORT_S:
            slow = _uri("audio/wav", wav_of(samples, heard.capture.rate, _SLOW, None))
    else:
        remark = "No sound: the report holds as much as was asked for." if sound_bytes else ""
    return Shown(
        case,
        _uri("image/png", heard_picture(heard)),
        f"0 to {heard.seconds:.2g} s to the right, {edges[0]:.0f} to {edges[-1]:.0f} Hz upwards",
        "" if expected is None else _uri("image/png", expected),
        sound,
        slow,
        tuple(region_words(region) for region in sight.regions),
        remark,
    )


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
