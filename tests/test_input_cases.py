"""Targets and inputs as people write them, through the command line: what is answered, and what the code prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.cli.main import main
from tests.command_line import cache, project

__all__ = ["cache", "project"]  # fixtures

Output = pytest.CaptureFixture[str]
SHORT = ("--budget", "0.3")
SPIN = "def work(n):\n    return sum(range(2_000))\n\ndef inputs():\n    return range(200)\n"
TAX = "def rate(country):\n    return {'pt': 0.23}.get(country, 0.2)\n"
PRICING = """
from .tax import rate

def quote(order, country, *, rounds=20):
    return sum(price * (1 + rate(country)) for price in order for _ in range(rounds))

def orders():
    for n in range(20):
        yield [1.5, n], "pt"

def orders_as_dicts():
    for n in range(20):
        yield {"order": [1.5, n], "country": "pt"}

def orders_as_calls():
    for n in range(20):
        yield {"args": [[1.5, n]], "kwargs": {"country": "pt", "rounds": 10}}
"""
RECORDS = """
class BadRecord(Exception):
    def __init__(self, position, reason):
        super().__init__(f"{reason} at {position}")

def decode(line):
    if "#" in line:
        raise BadRecord(line.index("#"), "unexpected #")
    return sum(map(ord, line))

def lines():
    for n in range(60):
        yield "field;" * 200 + ("#" if n in (7, 42) else str(n))
"""


def code_output(capfd: Output, *arguments: str) -> str:
    """Return what the advised code prints."""
    assert main([*arguments, *SHORT, "--code"]) == 0
    script = Path("run_it.py")
    script.write_text(capfd.readouterr().out)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["spin-fast.py", "01_spin.py", "random.py"])
def test_a_file_of_any_name_can_run_in_processes(project: Path, capfd: Output, name: str) -> None:
    """It is loaded once, so that pickle finds the function that was measured."""
    (project / name).write_text(SPIN)
    arguments = [f"{name}:work", "--inputs", f"{name}:inputs"]
    assert main([*arguments, *SHORT, "--json"]) == 0
    advice = json.loads(capfd.readouterr().out)
    assert advice["profile"]["picklable"]["function"] is True
    assert next(row for row in advice["alternatives"] if row["strategy"] == "multiprocessing")["feasible"]


@pytest.mark.slow
def test_tuples_and_dictionaries_are_spread(project: Path, capfd: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names --star; with it, the measuring and the code spread them."""
    (project / "shop").mkdir()
    (project / "shop" / "__init__.py").touch()
    (project / "shop" / "pricing.py").write_text(PRICING)
    (project / "shop" / "tax.py").write_text(TAX)
    monkeypatch.setenv("PYTHONPATH", str(project))
    assert main(["shop.pricing:quote", "--inputs", "shop.pricing:orders", *SHORT]) == 2
    assert "add --star" in capfd.readouterr().err
    for inputs in ("orders", "orders_as_dicts"):
        assert (
            code_output(capfd, "shop.pricing:quote", "--inputs", f"shop.pricing:{inputs}", "--star") == "20 results\n"
        )
    assert code_output(capfd, "shop.pricing:quote", "--inputs", "shop.pricing:orders_as_calls") == "20 results\n"


@pytest.mark.slow
def test_an_input_that_raises_does_not_end_the_advice(project: Path, capfd: Output) -> None:
    """The advice counts them, and its code goes on with the others."""
    (project / "records.py").write_text(RECORDS)
    arguments = ["records:decode", "--inputs", "records:lines"]
    assert main([*arguments, *SHORT, "--json"]) == 0
    advice = json.loads(capfd.readouterr().out)
    failed = advice["profile"]["failed_inputs"]
    assert (failed["count"], failed["of"], failed["index"], failed["picklable"]) == (2, 60, 7, False)
    assert "failing-inputs" in [warning["code"] for warning in advice["warnings"]]
    assert code_output(capfd, *arguments) == "60 results\n2 of them failed\n"
    assert main(["records:decode", "--inputs", "numbers.txt", "--verify", *SHORT, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["profile"]["failed_inputs"] is None


@pytest.mark.parametrize(
    ("source", "target", "status", "words"),
    [
        ("import click\n@click.command()\n@click.argument('x')\ndef f(x): pass\n", "tool:f", 2, "tool:f.callback"),
        ("import sys\nsys.exit(2)\n", "tool.py:f", 1, 'put the program under `if __name__ == "__main__":`'),
    ],
)
def test_what_is_no_function_of_a_module_is_answered_with_what_to_do(
    project: Path, capfd: Output, source: str, target: str, status: int, words: str
) -> None:
    """A command, and a script that runs on import."""
    (project / "tool.py").write_text(source)
    assert main([target, "--inputs", "numbers.txt", *SHORT]) == status
    assert words in capfd.readouterr().err
