"""What asyncua and pymodbus would write to the log, and why they do not.

On a lost line both write tracebacks and hex dumps, some of them every second. What they know comes to us as an
exception and is said once, in a sentence, by whoever owns the port.
"""

import logging


def hush_libraries() -> None:
    """Let asyncua and pymodbus log nothing: a process calls it once, where it sets up its log."""
    for library in ("asyncua", "pymodbus"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
