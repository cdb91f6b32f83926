"""Fault orders of rolling bearings: from a table, or from geometry."""

import re
from dataclasses import dataclass
from math import cos, isfinite, radians


@dataclass(frozen=True, slots=True)
class Orders:
    """Fault frequencies as multiples of the shaft speed, inner ring turning.

    Parameters
    ----------
    elements
        Number of rolling elements.
    bpfo, bpfi
        A flaw in the outer or inner race is struck so often a turn.
    bsf
        Turns of a rolling element about itself. A flaw on it strikes both races, so its line lies at 2 bsf.
    ftf
        Turns of the cage, 0 < ftf < 0.5.
    """

    elements: int
    bpfo: float
    bpfi: float
    bsf: float
    ftf: float

    def __post_init__(self) -> None:
        numbers = (self.bpfo, self.bpfi, self.bsf, self.ftf)
        if not (all(isfinite(v) and v > 0 for v in numbers) and self.ftf < 0.5 and self.elements >= 3):
            raise ValueError(
                f"bearing: found {self.elements} elements and orders {numbers}; "
                "wanted 3 or more elements, orders above 0 and a cage order below 0.5"
            )


@dataclass(frozen=True, slots=True)
class Geometry:
    """What a bearing's orders follow from.

    Parameters
    ----------
    elements
        Number of rolling elements in a row.
    element_mm, pitch_mm
        Diameter of an element, and of the circle their centres run on.
    angle_deg
        Contact angle, 0 for deep groove and cylindrical roller bearings.
    """

    elements: int
    element_mm: float
    pitch_mm: float
    angle_deg: float = 0.0


def orders(geometry: Geometry) -> Orders:
    """Compute the fault orders for pure rolling.

    With c = d/D cos(angle): BPFO = n/2 (1 - c), BPFI = n/2 (1 + c), BSF = D/2d (1 - c^2), FTF = (1 - c)/2
    (R. B. Randall and J. Antoni 2011, MSSP 25:485).

    Raises
    ------
    ValueError
        Where no bearing can have such measures.
    """
    g = geometry
    if not (0 < g.element_mm < g.pitch_mm and 0 <= g.angle_deg < 90 and g.elements >= 3):
        raise ValueError(f"bearing: found {g}; wanted an element smaller than the pitch circle and 3 or more of them")
    c = g.element_mm / g.pitch_mm * cos(radians(g.angle_deg))
    return Orders(
        g.elements,
        g.elements / 2 * (1 - c),
        g.elements / 2 * (1 + c),
        g.pitch_mm / (2 * g.element_mm) * (1 - c * c),
        (1 - c) / 2,
    )


# Ball complements (number, diameter mm, pitch circle mm). Deep groove balls of one size differ little from maker to
# maker, and by less than the slip a diagnosis allows for; the number is what must be right. Pitch circle: mean of bore
# and outside diameter (ISO 15:2017) where nobody measured it. Numbers and diameters are checked in the tests against
# the load ratings of catalogues, which follow from them by ISO 281:2007, equation (4).
_DEEP_GROOVE: dict[str, tuple[int, float, float]] = {
    "608": (7, 3.969, 15.0),
    "6000": (7, 4.762, 18.0),
    "6001": (8, 4.762, 20.0),
    "6002": (9, 4.762, 23.5),
    "6003": (10, 4.762, 26.0),
    "6004": (9, 6.350, 31.0),
    "6005": (10, 6.747, 36.0),  # some makers put in 6.350
    "6006": (11, 7.144, 42.5),
    "6007": (11, 7.938, 48.5),
    "6008": (12, 7.938, 54.0),
    "6200": (8, 4.762, 20.0),
    "6201": (7, 5.953, 22.0),
    "6202": (8, 5.953, 25.0),
    "6203": (8, 6.747, 28.5),
    "6204": (8, 7.938, 33.5),
    "6205": (9, 7.940, 39.04),  # measured by Case Western Reserve University, Bearing Data Center
    "6206": (9, 9.525, 46.0),
    "6207": (9, 11.112, 53.5),
    "6208": (9, 11.906, 60.0),
    "6210": (10, 12.700, 70.0),
    "6211": (10, 14.288, 77.5),
    "6212": (10, 15.875, 85.0),
    "6213": (10, 16.669, 92.5),
    "6303": (7, 8.731, 32.0),
    "6304": (7, 9.525, 36.0),
    "6305": (7, 11.112, 43.5),
    "6306": (8, 12.303, 51.0),
    "6307": (8, 13.494, 57.5),
    "6308": (8, 15.081, 65.0),
    "6309": (8, 17.462, 72.5),
    "6310": (8, 19.050, 80.0),
    "6311": (8, 20.638, 87.5),
    "6312": (8, 22.225, 95.0),
    "6313": (8, 23.812, 102.5),
    "6314": (8, 25.400, 110.0),
    "6315": (8, 26.988, 117.5),
    "6316": (8, 28.575, 125.0),
    "6317": (8, 30.163, 132.5),
    "6318": (8, 31.750, 140.0),
    "6319": (8, 33.338, 147.5),
}

#: Bearings by designation: deep groove balls, and those of public test rigs as their publishers measured them.
KNOWN: dict[str, Geometry] = {
    **{name: Geometry(*numbers) for name, numbers in _DEEP_GROOVE.items()},
    "UC204": Geometry(8, 7.938, 33.5),  # an insert bearing has the ball set of the 62 series
    "UC205": Geometry(9, 7.938, 39.04),
    "UC206": Geometry(9, 9.525, 46.0),
    "UC207": Geometry(9, 11.112, 53.5),
    "ER-12K": Geometry(8, 7.938, 33.477),  # SpectraQuest fault simulators
    "ER-16K": Geometry(9, 7.938, 38.506),
    "ZA-2115": Geometry(16, 8.407, 71.501, 15.17),  # Rexnord, as printed with the IMS records
}

_ORDER_MOST = 200.0  # no bearing has 400 elements in a row
_ROUNDING = 0.03  # share; a cage order is often printed with two digits
_DESIGNATION = re.compile(r"(?:[A-Z]+ )?(ZA-?2115|ER-?1[26]K|UC\d{3}|\d{3,4})(?:[-/ ].*|[A-Z][A-Z0-9/-]*)?")


def lookup(designation: str) -> Orders:
    """Find the fault orders of a bearing by what is stamped on it.

    A maker's name before it, and seals, shields and clearance behind it, change nothing: ``SKF 6205-2RS1/C3`` is a
    6205.

    Raises
    ------
    ValueError
        For a bearing the table does not hold.
    """
    found = _DESIGNATION.fullmatch(designation.strip().upper())
    name = found.group(1) if found else ""
    name = re.sub(r"^(ZA|ER)-?", r"\1-", name)
    if name not in KNOWN:
        raise ValueError(
            f"bearing: found type {designation!r}, which is not in the table; give its orders "
            "(BPFO, BPFI, BSF, FTF) from the maker's catalogue"
        )
    return orders(KNOWN[name])


def parse_orders(text: str) -> Orders:
    """Read fault orders as a person writes them: ``BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=0.398``.

    BSF is the spin of an element, as catalogues print it. The number of elements is BPFO + BPFI, rounded.

    Raises
    ------
    ValueError
        Where one is missing, unknown or no number, or where no bearing has such orders.
    """
    wanted = ("BPFO", "BPFI", "BSF", "FTF")
    given: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        name = name.strip().upper()
        if name not in wanted or not equals or name in given:
            raise ValueError(
                f"orders: found {part.strip()!r}; wanted each once: BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=0.398"
            )
        try:
            given[name] = float(number)
        except ValueError:
            raise ValueError(f"orders: found {part.strip()!r}; wanted a number, as {name}=3.585") from None
    missing = [name for name in wanted if name not in given]
    if missing:
        raise ValueError(f"orders: {', '.join(missing)} missing; wanted BPFO, BPFI, BSF and FTF")
    bpfo, bpfi, bsf, ftf = (given[name] for name in wanted)
    if not all(0 < value < _ORDER_MOST for value in given.values()):
        raise ValueError(f"orders: found {text!r}; wanted numbers above 0 and below {_ORDER_MOST:g}")
    elements = round(bpfo + bpfi)
    # BPFO + BPFI = n and BPFO = n FTF, for every bearing with a standing outer ring.
    if abs(bpfo + bpfi - elements) > 0.1 or abs(bpfo - elements * ftf) > _ROUNDING * bpfo:
        raise ValueError(
            f"orders: found BPFO + BPFI = {bpfo + bpfi:.3f} and BPFO / FTF = {bpfo / ftf:.3f}; "
            "wanted the number of elements, twice: check them against the catalogue"
        )
    return Orders(elements, bpfo, bpfi, bsf, ftf)
