import io
import threading

from gateway.processes.log_stream import LogStream


class Stuck(io.StringIO):
    """A stream whose reader has stopped reading, until it is let go."""

    def __init__(self):
        super().__init__()
        self.writing, self.go_on = threading.Event(), threading.Event()

    def write(self, text):
        self.writing.set()
        self.go_on.wait()
        return super().write(text)


def test_lines_come_out_in_order_and_all_of_them_before_the_end():
    there = io.StringIO()
    log = LogStream(there)
    for number in range(100):
        log.write(f"{number}\n")
    log.close()
    assert there.getvalue().split() == [str(number) for number in range(100)]


def test_a_reader_that_does_not_read_holds_nobody_up_and_what_was_lost_is_said():
    there = Stuck()
    log = LogStream(there, lines_max=3)
    log.write("first\n")
    there.writing.wait()
    for number in range(10):
        log.write(f"{number}\n")  # three fit
    there.go_on.set()
    log.close()
    assert "7 log lines were dropped" in there.getvalue()
    assert "first\n" in there.getvalue()


def test_a_reader_that_is_gone_ends_nothing():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    log = LogStream(Gone())
    log.write("hello\n")
    log.close()
    assert not log._writer.is_alive()
