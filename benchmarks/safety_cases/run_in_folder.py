"""Each package is built by a program that runs inside the package's folder."""
import os
import subprocess
import tempfile

ROOT = tempfile.mkdtemp(prefix="programs-")


def build(number):
    folder = os.path.join(ROOT, f"package-{number}")
    os.makedirs(folder, exist_ok=True)
    environment = {**os.environ, "VERSION": f"1.{number}"}
    done = subprocess.run(
        ["sh", "-c", 'echo "$VERSION" > VERSION; cat VERSION; basename "$PWD"'],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )
    return done.stdout.split()


def make_inputs():
    return range(250)
