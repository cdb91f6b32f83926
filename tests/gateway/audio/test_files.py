from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.audio.files import (
    Recording,
    SoundFileError,
    at_rate,
    capture_of,
    most_common_rate,
    one_channel,
    read_recording,
    recordings_in,
)

DATA = Path(__file__).parents[3] / "../shared/data"


def tone(hz, rate, seconds=0.5):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def a_recording(channels=1, rate=48_000, names=None):
    samples = np.repeat(tone(440, rate)[:, None], channels, axis=1) * np.arange(1, channels + 1, dtype=np.float32)
    return Recording(samples, rate, None, names or tuple(str(i + 1) for i in range(channels)), Path("a.wav"))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.wav", None, "there is no such file"),
        ("a.wav", b"", r"the file is empty \(0 bytes\)"),
        ("a.mp3", b"x", "found .mp3; wanted one of csv, flac, mat, npy, npz, wav"),
        ("a", b"x", "found no extension"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(SoundFileError, match=sentence) as fault:
        read_recording(tmp_path / name)

    assert str(fault.value).startswith(str(tmp_path / name))
    assert "\n" not in str(fault.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(SoundFileError, match="this is no file"):
        read_recording(tmp_path)


def test_a_file_of_no_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.empty(0), 48_000)

    with pytest.raises(SoundFileError, match="holds no samples"):
        read_recording(tmp_path / "a.wav")


def test_a_rate_is_asked_for_where_the_file_does_not_say(tmp_path):
    np.save(tmp_path / "a.npy", tone(440, 8000))

    with pytest.raises(SoundFileError, match="give it: --rate"):
        read_recording(tmp_path / "a.npy")

    assert read_recording(tmp_path / "a.npy", rate=8000).rate == 8000


def test_the_rate_in_the_file_stands_against_the_one_given(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(440, 16_000), 16_000)

    assert read_recording(tmp_path / "a.wav", rate=8000).rate == 16_000


def test_an_absurd_rate_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=tone(440, 8000), fs=3.0)

    with pytest.raises(SoundFileError, match="found 3 samples a second; wanted 1000 to 1000000"):
        read_recording(tmp_path / "a.npz")


def test_one_of_several_channels_has_to_be_chosen():
    with pytest.raises(SoundFileError, match=r"a\.wav: 2 channels \(1 \(DE\), 2 \(FE\)\), wanted one; .* --channel"):
        one_channel(a_recording(2, names=("DE", "FE")))


def test_the_channel_chosen_is_the_one_given():
    stereo = a_recording(2)

    np.testing.assert_array_equal(one_channel(stereo, 2), stereo.samples[:, 1])


def test_a_channel_that_is_not_there_is_refused():
    with pytest.raises(SoundFileError, match="there is no channel 3; it has 1, 2"):
        one_channel(a_recording(2), 3)


def test_sound_of_a_lower_rate_is_refused():
    with pytest.raises(SoundFileError, match="8000 samples a second, wanted 48000"):
        at_rate(tone(440, 8000), 8000, 48_000, Path("a.wav"))


def test_sound_of_a_higher_rate_keeps_its_pitch_and_loses_what_the_lower_cannot_carry():
    low, high = tone(1000, 48_000, 1.0), tone(15_000, 48_000, 1.0)

    down = at_rate(low + high, 48_000, 16_000, Path("a.wav"))

    spectrum = np.abs(np.fft.rfft(down * np.hanning(len(down))))
    assert len(down) == 16_000
    assert np.argmax(spectrum) == 1000
    assert spectrum[:900].max() < 1e-3 * spectrum.max()  # 15 kHz would fold to 1 kHz and its neighbours
    assert np.sqrt(np.mean(down[2000:-2000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)


def test_what_is_not_finite_stays_so_at_every_rate():
    broken = tone(440, 48_000)
    broken[100] = np.nan

    assert np.isnan(at_rate(broken, 48_000, 16_000, Path("a.wav"))).any()


def test_the_rate_of_most_recordings_is_taken_and_of_equals_the_lower():
    assert most_common_rate([a_recording(rate=rate) for rate in (48_000, 16_000, 48_000)]) == 48_000
    assert most_common_rate([a_recording(rate=rate) for rate in (48_000, 16_000)]) == 16_000


def test_folders_are_listed_in_order_and_their_sub_folders_are_groups(tmp_path):
    for name in ("b.wav", "a.wav", "late/c.wav", "late/notes.txt", "early/d.flac"):
        path = tmp_path / "good" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"x")

    found = recordings_in([tmp_path / "good"])

    assert [(one.path.name, one.group) for one in found] == [
        ("a.wav", ""), ("b.wav", ""), ("d.flac", "early"), ("c.wav", "late"),
    ]  # fmt: skip


def test_each_of_several_folders_is_a_group_and_nothing_is_listed_twice(tmp_path):
    for name in ("monday/a.wav", "tuesday/a.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")

    found = recordings_in([tmp_path / "monday", tmp_path / "tuesday", tmp_path / "monday/a.wav"])

    assert [one.group for one in found] == ["monday", "tuesday"]


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(SoundFileError, match="no recording in this folder; wanted"):
        recordings_in([tmp_path])

    (tmp_path / "a.MP3").write_bytes(b"x")
    with pytest.raises(SoundFileError, match=r"no recording in this folder \(found \.mp3\); wanted"):
        recordings_in([tmp_path])


def test_surroundings_are_cut_off_the_part_where_the_file_holds_them():
    capture = capture_of(np.zeros(24_000, np.float32), 48_000, surroundings=True)

    assert (capture.start, capture.stop, capture.before, capture.after) == (4800, 19_200, True, True)


def test_a_bare_recording_is_all_part():
    capture = capture_of(np.zeros(2048, np.float32), 48_000, surroundings=False)

    assert (capture.start, capture.stop, capture.before, capture.after) == (0, 2048, False, False)


@pytest.mark.skipif(not DATA.exists(), reason="the recordings of ../shared/data are not here")
@pytest.mark.parametrize(
    ("name", "shape", "rate", "rpm"),
    [
        ("bottles/good/good_0000.flac", (2048, 1), 48_000, None),
        ("cwru/105.npz", (121_265, 1), 12_000, 1797),
        ("uestc/O_800_1.npz", (131_072, 1), 20_000, 800),
    ],
)
def test_real_recordings_are_read(name, shape, rate, rpm):
    recording = read_recording(DATA / name)

    assert (recording.samples.shape, recording.rate, recording.rpm) == (shape, rate, rpm)
    assert np.isfinite(recording.samples).all()
