"""What a technician does with an indication: what to look at first, and what would confirm it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do with an indication of one kind."""

    first: str
    confirm: str


# Ordered as ISO 13373-3:2015, annexes on rolling element bearings and gears, has a technician proceed: the cheap and
# reversible first. Wording ours.
_BEARING = "Check lubrication (amount, colour, metal in the grease), temperature and seat of the bearing housing."
_CLASSIC = {
    "outer race": Advice(
        _BEARING,
        "Vibration on this housing in the load zone: a line at the same frequency whose level hardly changes over a"
        " turn; after removal, a mark on the outer ring.",
    ),
    "inner race": Advice(
        _BEARING,
        "Vibration on this housing: the same line with sidebands one shaft turn apart; after removal, a mark on the"
        " inner ring.",
    ),
    "rolling element": Advice(
        _BEARING,
        "Vibration on this housing: the same line, often at twice its frequency, with sidebands at cage speed; after"
        " removal, a mark on a ball or roller.",
    ),
    "cage": Advice(
        _BEARING + " A cage gives little warning: look soon.",
        "Vibration on this housing below shaft speed; after removal, wear in the cage pockets.",
    ),
    "gear": Advice(
        "Check oil level and look for metal in the oil; open the inspection cover and look at the teeth.",
        "Vibration on the gear case: mesh frequency with sidebands one turn of the damaged wheel apart.",
    ),
}
NAMED = {
    "imbalance": Advice(
        "Stop and lock out; look for dirt on the blades, a lost balance weight, a loose hub, a bent shaft.",
        "Vibration at the bearings, radial: one line at the turning frequency that leads the spectrum, in phase from"
        " turn to turn; it falls after cleaning or balancing.",
    ),
    "blade pass": Advice(
        "Look at the blades (bent, cracked, dirty), the gap to the casing, dampers and filters upstream.",
        "The line of blades times turning frequency over baseline, with the speed read beside it; it falls when the"
        " flow is set back to its design point.",
    ),
    "cavitation": Advice(
        "Read suction pressure and flow; look for a closed valve or a blocked strainer on the suction side.",
        "The crackle goes when suction pressure rises or flow is throttled on the pressure side.",
    ),
    "belt slip": Advice(
        "Lock out; check tension, alignment and glazing of the belts, wear of the grooves.",
        "Speed of the driven shaft lower than the ratio says, by stroboscope; the squeal goes with tension set right.",
    ),
    "electrical hum": Advice(
        "Check the load and the supply's symmetry; listen at the clamping of the core and the covers.",
        "Vibration of tank or frame at twice the mains frequency and its multiples, compared at the same load; phase"
        " currents; it follows voltage, not speed.",
    ),
    "air leak": Advice(
        "Walk along fittings, hoses and valves with an ultrasonic detector while the line rests.",
        "Soap water at the place; pressure that falls with all consumers shut.",
    ),
    "water leak": Advice(
        "Read the night flow of this zone; listen at the valves to both sides.",
        "Correlation of two sensors on the pipe, which also gives the place; a pressure test of the section.",
    ),
    "structure": Advice(
        "Look at bolts, bearings and welds of this part of the structure; note wind, traffic and temperature.",
        "Natural frequencies from accelerometers against those of the acceptance, at like temperature.",
    ),
    "wear": Advice(
        "Compare with a sister machine; check lubrication, alignment, fastening and load.",
        "Vibration of the machine rising over the same weeks at the same speed and load.",
    ),
}
ANY = Advice(
    "Stand beside the machine and compare with its normal running: loose parts, rubbing, cavitation, a changed load or"
    " speed, something new nearby.",
    "The same level rise with the microphone's surroundings quiet, or a vibration reading on the machine itself.",
)
ADVICE = _CLASSIC | NAMED
