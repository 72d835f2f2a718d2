"""Catch what a C library prints (here: os.write to descriptor 1) by turning the descriptor to a file."""
import os
import tempfile


def library_prints(number):
    """Stands for the library."""
    value = number
    for line in range(12):
        for _ in range(150):
            value = (value * 1103515245 + 12345) % 2**31
        os.write(1, f"{number}: iteration {line} residual {value}\n".encode())


def solve(number):
    with tempfile.TemporaryFile() as catch:
        saved = os.dup(1)
        os.dup2(catch.fileno(), 1)
        try:
            library_prints(number)
        finally:
            os.dup2(saved, 1)
            os.close(saved)
        catch.seek(0)
        return catch.read().decode().splitlines()[-1:]


def make_inputs():
    return list(range(300))
