"""Generated scripts, and a user's folder to run them in as they stand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from advisor.decide.codegen import snippet as codegen
from advisor.models import Machine, Profile, Strategy

STRATEGIES: list[Strategy] = ["sequential", "threading", "multiprocessing", "asyncio"]
if sys.version_info >= (3, 14):
    STRATEGIES.append("interpreters")

MODULE = """\
import asyncio

def square(value):
    return int(value) ** 2

async def square_soon(value):
    await asyncio.sleep(0.001)
    return int(value) ** 2

def power(base, exponent=2, *, times=1):
    return base ** exponent * times

async def power_soon(base, exponent=2, *, times=1):
    return power(base, exponent, times=times)

def seven():
    return 7

async def seven_soon():
    return 7

def make_inputs():
    yield from (2, 3, 4)

class Shape:
    def __init__(self):
        self.sides = 4

    def area(self, side):
        return side * self.sides

    @staticmethod
    def double(side):
        return side * 2

    @classmethod
    def main(cls, side):
        return side * 3

class triangle(Shape):
    pass

class Prism(Shape):
    def __init__(self, height):
        self.sides = height

PRISM = Prism(2)
"""


def write_snippet(
    strategy: Strategy,
    workers: int,
    chunk: int,
    *,
    inputs: str | None,
    calls: int | None = None,
    machine: Machine | None = None,
    **profile: Any,
) -> str:
    """The script for a target of one second, which `profile` names and describes."""
    of = Profile(**{"calls": 1, "wall": 1.0} | profile)
    return codegen.snippet(codegen.SnippetRequest(strategy, workers, chunk, of, machine or Machine(), inputs, calls))


def write_folder(tmp_path: Path) -> Path:
    """Make a user's folder with a module, a package and inputs of every kind."""
    (tmp_path / "shapes.py").write_text(MODULE)
    (tmp_path / "my-shapes.py").write_text(MODULE)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "shapes").write_text(MODULE)
    (tmp_path / "deep" / "pack").mkdir()
    (tmp_path / "deep" / "pack" / "__init__.py").write_text("")
    (tmp_path / "deep" / "pack" / "forms.py").write_text("from . import base\n" + MODULE)
    (tmp_path / "deep" / "pack" / "base.py").write_text("")
    (tmp_path / "values.jsonl").write_text("2\n\n3\n4\n")
    (tmp_path / "calls.jsonl").write_text(
        '{"args": [2, 3]}\n{"args": [3], "kwargs": {"times": 10}}\n4\n{"kwargs": {"base": 5}}\n'
    )
    (tmp_path / "values.txt").write_text("\ufeff2\n\n3\r\n4\n", encoding="utf-8", newline="")
    return tmp_path


def printed(code: str, folder: Path, *, stdin: str = "") -> tuple[str, object]:
    """What the script prints as it stands, and the results, which one more line of ours shows."""
    script = folder / "run_it.py"
    shown = "    import json, sys; print(json.dumps(results), file=sys.stderr)\n"
    script.write_text(code + shown, encoding="utf-8")
    done = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True, input=stdin, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(done.stderr)
