"""Random access to the lines of a stream, read on demand."""

import io


class LineReader:
    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def lines(self) -> list[str]:
        if not hasattr(self, "_lines"):
            self._lines = [line.rstrip() for line in self._stream]
        return self._lines


reader = LineReader(io.StringIO("zero\none\ntwo\n"))


def work(number: int) -> str:
    lines = reader.lines()
    return lines[number] if number < len(lines) else "<missing>"
