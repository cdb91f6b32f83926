import struct

import numpy as np
import pytest
import soundfile

from gateway.audio.formats import SoundFileError, sound


def a_wav(path, samples=4800, subtype="PCM_16"):
    soundfile.write(path, np.linspace(-0.5, 0.5, samples), 48_000, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.wav", "FLOAT"), ("a.flac", "PCM_16")]
)
def test_what_was_written_is_read_at_full_scale_one(tmp_path, name, subtype):
    raw = sound.read(a_wav(tmp_path / name, subtype=subtype))

    assert raw.rate == 48_000
    assert raw.samples.shape == (4800, 1)
    assert raw.samples.dtype == np.float32
    np.testing.assert_allclose(raw.samples[[0, -1], 0], [-0.5, 0.5], atol=1e-4)


@pytest.mark.parametrize("left", [45, 1000, 9643])
def test_a_wav_that_ends_before_its_header_says_is_refused(tmp_path, left):
    whole = a_wav(tmp_path / "a.wav")
    whole.write_bytes(whole.read_bytes()[:left])

    with pytest.raises(SoundFileError, match=r"a\.wav: cut off, its header promises 9600 bytes of sound and \d+ are"):
        sound.read(whole)


def test_a_wav_cut_inside_its_header_is_refused(tmp_path):
    whole = a_wav(tmp_path / "a.wav")
    whole.write_bytes(whole.read_bytes()[:20])

    with pytest.raises(SoundFileError, match="not a readable wav file"):
        sound.read(whole)


def test_a_cut_off_flac_is_refused(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 48_000), 48_000)
    path.write_bytes(path.read_bytes()[:-20_000])

    with pytest.raises(SoundFileError, match=r"a\.flac: "):
        sound.read(path)


def test_a_piped_wav_that_does_not_know_its_length_is_read(tmp_path):
    path = a_wav(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)

    assert len(sound.read(path).samples) == 4800


def test_chunks_before_the_sound_are_passed_over(tmp_path):
    path = a_wav(tmp_path / "a.wav")
    content = path.read_bytes()
    odd = b"note" + struct.pack("<I", 3) + b"abc\0"  # chunks of odd length are padded
    path.write_bytes(content[:36] + odd + content[36:])

    assert len(sound.read(path).samples) == 4800


def test_text_named_wav_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    path.write_text("this is no sound")

    with pytest.raises(SoundFileError, match="not a readable wav file"):
        sound.read(path)
