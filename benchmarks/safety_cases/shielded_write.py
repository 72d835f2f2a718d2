"""Write a checkpoint that Ctrl-C must not tear."""
import contextlib
import hashlib
import os
import signal

FOLDER = "checkpoints"
os.makedirs(FOLDER, exist_ok=True)


@contextlib.contextmanager
def uninterrupted():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def checkpoint(step):
    state = str(step).encode()
    for _ in range(1500):
        state = hashlib.sha1(state).digest()
    with uninterrupted():
        with open(os.path.join(FOLDER, f"{step}.bin"), "wb") as out:
            out.write(state)
    return state.hex()


def make_inputs():
    return range(500)
