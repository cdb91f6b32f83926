"""`wheeltapper acknowledge`: a person has seen an incident."""

from gateway.cli.asked_of import of_incident

command = of_incident(
    "acknowledge",
    """Tell the running gateway that somebody has seen an incident and looks after it.

The name is recorded as it is said. The incident stays open until its alarm has cleared or its order is done.
""",
)
