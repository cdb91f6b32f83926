"""Engineering units of the tags, as OPC UA wants them.

UnitId is the UNECE Recommendation 20 code, its characters as the bytes of a big-endian integer (OPC 10000-8, 5.6.4.3).
"""

#: unit in a tag's table -> UNECE common code, name
UNECE = {
    "1": ("C62", "one"),
    "dB": ("2N", "decibel"),
    "ms": ("C26", "millisecond"),
    "r/min": ("RPM", "revolutions per minute"),
    "h": ("HUR", "hour"),
}


def unit_id(unit: str) -> int:
    """Numeric UnitId of a unit of a tag's table."""
    return int.from_bytes(UNECE[unit][0].encode("ascii"), "big")
