"""Small helpers for the build."""
import contextlib
import os


@contextlib.contextmanager
def pushd(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)
