"""`wheeltapper order`: a person wants the order that the rules withheld."""

from gateway.cli.asked_of import of_incident

command = of_incident(
    "order",
    """Ask the running gateway for the order of an incident, whatever the weekly caps say.

It is refused where the incident has an order already, has ended, or its station has no CMMS. That it is queued
does not say that the CMMS has it: wheeltapper orders does.
""",
)
