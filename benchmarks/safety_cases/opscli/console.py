import contextlib
import io
import sys


@contextlib.contextmanager
def captured():
    buffer, before = io.StringIO(), sys.stdout
    sys.stdout = buffer
    try:
        yield buffer
    finally:
        sys.stdout = before
