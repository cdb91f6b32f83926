"""What a log line is: one JSON object for whatever happened, whoever says it: we, a library, or the interpreter.

docs/metrics.md lists the fields.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

#: Packages whose warnings matter to whoever runs the gateway; of others only errors are kept, their chatter is not.
OURS = ("gateway", "connectors", "models", "analytics", "config")


def write_lines(process: str, stream: TextIO, *, plain: bool = False) -> None:
    """Send structured logs, those of libraries and faults that nobody caught to a stream, each as one line.

    Parameters
    ----------
    process
        Stands on each line.
    stream
        Where to.
    plain
        Lay them out for eyes instead of programs.
    """

    def named(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)  # in every thread, which knows nothing of what main's thread has bound
        return event

    said: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    shown: Processor = structlog.dev.ConsoleRenderer(colors=False) if plain else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*said, shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *said],
        )
    )
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    for package in OURS:
        logging.getLogger(package).setLevel(logging.WARNING)
    if not plain:
        sys.excepthook = _ended
        threading.excepthook = _thread_ended


def said_by_line(kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
    """End a process by a fault that nobody caught, told in one line; for the way out of a `with`.

    Raises
    ------
    SystemExit
        With code 1, as the interpreter would end it.
    """
    if isinstance(fault, Exception):
        assert kind is not None
        _ended(kind, fault, trace)
        raise SystemExit(1)


def _ended(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("ended by a fault that nobody caught", exc_info=(kind, fault, trace))


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        _ended(ended.exc_type, ended.exc_value, ended.exc_traceback)
