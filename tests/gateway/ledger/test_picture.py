"""The picture of an order, drawn in a process of its own."""

import struct

import numpy as np
import pytest

from gateway.ledger.picture import PictureFault, Sketch, draw, render


def sketch(n=2000, title="Pump 7 $drive$ end: outer race"):
    frequency = np.linspace(0, 1000, n, dtype=np.float32)
    envelope = np.exp(-(((frequency - 107.4) / 2) ** 2)).astype(np.float32)
    return Sketch(title, frequency, envelope, (3000.0, 6000.0), [("BPFO", 107.4), ("BPFI", 162.2)])


def test_it_is_a_png_of_the_size_a_person_can_read_and_a_cmms_takes():
    png = render(sketch())

    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (900, 450)
    assert len(png) < 200_000


def test_the_spectrum_of_the_sound_itself_is_drawn_with_its_band():
    frequency = np.linspace(0, 50_000, 1000, dtype=np.float32)
    level = (-60 - 20 * frequency / 50_000).astype(np.float32)

    assert render(Sketch("Air header 4", frequency, level, (20_000.0, 40_000.0), [], "sound")).startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_child_process_draws_the_same():
    assert draw(sketch()).startswith(b"\x89PNG")


def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(PictureFault, match="no picture within"):
        draw(sketch(), timeout_s=0.01)


def test_a_spectrum_of_nothing_is_said():
    with pytest.raises(PictureFault, match="no spectrum"):
        render(sketch(n=1))
