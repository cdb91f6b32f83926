"""What the student hears: fixed before it is trained, written into its card afterwards."""

from models.model_card import Mel

RATE = 44_100
WINDOW = 22_050  #: half a second: what it learns on, and the shortest it takes
LONGEST = 441_000  #: 10 s: a clip up to this is heard as a whole, which names better than the mean of half seconds
FRAMES, BANDS = 44, 64
SIZE = 128
FRONT_END = Mel(
    kind="mel", frame=1024, fft=1024, hop=512, pad=512, window="hann-periodic", bands=BANDS, low_hz=50.0,
    high_hz=20_000.0, level="mean", floor=1e-8, scale=0.5, offset=1.0, any_rate=True,
)  # fmt: skip
