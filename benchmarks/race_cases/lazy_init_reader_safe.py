"""Random access to the lines of a stream, read on demand."""

import io
import threading


class LineReader:
    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def lines(self) -> list[str]:
        with self._lock:
            if not hasattr(self, "_lines"):
                self._lines = [line.rstrip() for line in self._stream]
            return self._lines


reader = LineReader(io.StringIO("zero\none\ntwo\n"))


def work(number: int) -> str:
    lines = reader.lines()
    return lines[number] if number < len(lines) else "<missing>"
