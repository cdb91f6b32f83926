"""`wheeltapper unshelve`: an incident may ring again."""

from gateway.cli.asked_of import of_incident

command = of_incident(
    "unshelve",
    "Take an incident off the shelf before its time: it rings again, and an order that was held goes its way.",
)
