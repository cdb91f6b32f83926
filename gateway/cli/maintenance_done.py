"""`wheeltapper maintenance-done`: a machine was worked on, and sounds different for good."""

from gateway.cli.asked_of import of_station

command = of_station(
    "maintenance-done",
    """Tell the running gateway that a machine was worked on: it learns its normal sound anew.

Until that is learned the machine is not judged. Say it when the machine runs as it should, never to silence an
alarm: a fault that is there would be learned as normal.
""",
)
