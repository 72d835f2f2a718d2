"""Each package is built inside its own folder, with relative paths."""
import os
import time

from build_in_folder_util import pushd

ROOT = os.path.abspath("packages")
os.makedirs(ROOT, exist_ok=True)


def build(number):
    folder = os.path.join(ROOT, f"package-{number}")
    os.makedirs(folder, exist_ok=True)
    with pushd(folder):
        with open("VERSION", "w") as out:
            out.write(f"1.{number}")
        time.sleep(0.003)  # the compiler
        with open("VERSION") as source:
            return source.read()


def make_inputs():
    return range(250)


def built():
    return {name: sorted(os.listdir(os.path.join(ROOT, name))) for name in sorted(os.listdir(ROOT))}
