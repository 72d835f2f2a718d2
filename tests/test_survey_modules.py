"""The user's modules that a survey reads, and calls from one into another."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.survey.dependence import static_dependence
from advisor.survey.user_modules import user_modules
from tests.test_survey_dependence import marked_loop

MAIN = """
{imports}
def main(xs):
    return [{call} for x in xs]  # here
"""
PURE = "def work(x):\n    return x * x\n"
STATEFUL = "level = 1\ndef work(x):\n    global level\n    level = level * 2 + x\n    return level\n"


def independence(folder: Path, file: str) -> str:
    texts = user_modules([file], folder)
    loop = marked_loop(texts[file], file)
    return static_dependence(texts[file], file, loop, texts).independence


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from tools import work", "work(x)"),
        ("import tools", "tools.work(x)"),
        ("import tools as t", "t.work(x)"),
        ("from package import work", "work(x)"),
        ("from package.parts import work as f", "f(x)"),
    ],
)
def test_functions_of_other_modules(tmp_path, imports, call):
    """A call of a function of another module is followed, also through the names that a package hands on."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from .parts import work\n")
    (tmp_path / "program.py").write_text(MAIN.format(imports=imports, call=call))
    for text, expected in ((PURE, ("independent",)), (STATEFUL, ("carried", "unknown"))):
        (tmp_path / "tools.py").write_text(text)
        (tmp_path / "package" / "parts.py").write_text(text)
        assert independence(tmp_path, "program.py") in expected


def test_relative_imports(tmp_path):
    """A module of a package finds those beside it."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "tools.py").write_text(STATEFUL)
    (tmp_path / "tools.py").write_text(PURE)
    (tmp_path / "package" / "__main__.py").write_text(MAIN.format(imports="from .tools import work", call="work(x)"))
    assert independence(tmp_path, "package/__main__.py") == "carried"


def test_modules_of_one_name(tmp_path):
    """Two modules with one name are not taken for each other."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "one" / "tools.py").write_text(PURE)
    (tmp_path / "two" / "tools.py").write_text(STATEFUL)
    (tmp_path / "program.py").write_text(
        MAIN.format(imports="from one.tools import work\nfrom two.tools import work as f", call="work(x) + f(x)")
    )
    assert independence(tmp_path, "program.py") == "carried"
