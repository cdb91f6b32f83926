"""A stream for log lines that never holds up the process that logs.

stderr is a pipe to somebody else (a service manager, a terminal, a full disk): who does not read it would stop every
process that writes to it, and with it the verdicts.
"""

import atexit
import queue
import threading
from typing import TextIO

LINES_MAX = 5000
END_S = 0.5  #: for the last lines, when the process ends


class LogStream:
    """Takes lines at once and writes them in a thread of its own; what overflows is dropped and counted in the log."""

    def __init__(self, stream: TextIO, lines_max: int = LINES_MAX) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(lines_max)
        self._dropped = 0
        self._writer = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def write(self, text: str) -> int:
        """Queue text; never waits."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1
        return len(text)

    def flush(self) -> None:
        """Do nothing: the writer flushes what it has written."""

    def close(self) -> None:
        """Let the last lines out, within a bound."""
        try:
            self._lines.put(None, timeout=END_S)
        except queue.Full:
            return  # nobody reads; the process ends all the same
        self._writer.join(END_S)

    def _write_all(self) -> None:
        while (text := self._lines.get()) is not None:
            if self._dropped:
                lost = f'{{"event": "{self._dropped} log lines were dropped", "level": "warning"}}'
                text, self._dropped = f"{lost}\n{text}", 0
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):  # the other end is gone: a process does not end because nobody listens
                continue
