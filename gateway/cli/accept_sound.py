"""`wheeltapper accept-sound`: what a station's microphone hears has changed for good, and nothing is wrong with it."""

from gateway.cli.asked_of import of_station

command = of_station(
    "accept-sound",
    """Tell the running gateway that what a microphone hears now is normal: a new neighbour, another microphone.

Its warning ends, parts are judged again, and its normal is learned anew over half a minute; what was normal before
stays so. Look at the microphone first: a cap or a loose cable would be learned as normal.
""",
)
