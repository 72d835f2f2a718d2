"""Tests of the ready-to-run code: every script is run as it stands."""

import ast
import sys
from pathlib import Path

import pytest

from advisor.decide.codegen.script import is_free
from advisor.models import Machine, Python, Reached, Strategy
from tests.scripts import STRATEGIES, printed, write_folder, write_snippet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("inputs", ["values.jsonl", "values.txt", "shapes:make_inputs"])
def test_a_function_of_one_argument(folder: Path, strategy: Strategy, inputs: str) -> None:
    """JSON values, lines of text and made inputs each are the one argument of a call."""
    coroutine = strategy == "asyncio"
    target = "shapes:square_soon" if coroutine else "shapes:square"
    code = write_snippet(strategy, 2, 2, target=target, inputs=inputs, coroutine=coroutine)
    assert printed(code, folder) == ("3 results\n", [4, 9, 16])


def test_a_function_without_arguments(folder: Path) -> None:
    """It is called again and again, and the list to fill in is marked."""
    code = write_snippet("asyncio", 2, 3, target="shapes:seven_soon", inputs=None, coroutine=True)
    assert "# FILL IN" in code
    assert printed(code, folder) == ("10 results\n", [7] * 10)


def test_the_code_makes_as_many_calls_as_were_planned(folder: Path) -> None:
    """Without inputs the function is called that often; more calls than inputs, or fewer, take the inputs anew."""
    code = write_snippet("threading", 2, 1, target="shapes:seven", inputs=None, calls=500)
    assert printed(code, folder) == ("500 results\n", [7] * 500)
    code = write_snippet("threading", 2, 1, target="shapes:square", inputs="values.txt", calls=5)
    assert printed(code, folder) == ("5 results\n", [4, 9, 16, 4, 9])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("coroutine", [False, True])
def test_an_example_without_a_target(folder: Path, strategy: Strategy, coroutine: bool) -> None:
    """A description gets a small complete example with a function to replace."""
    code = write_snippet(strategy, 4, 5, target=None, inputs=None, coroutine=coroutine)
    assert "FILL IN: replace this example" in code
    out, results = printed(code, folder)
    assert out == "20 results\n"
    assert isinstance(results, list)
    assert results[:2] == [0, 1] or results[:2] == [0, sum(range(10_000))]


@pytest.mark.parametrize(
    ("target", "results"),
    [
        ("shapes.py:square", [4, 9, 16]),
        ("./shapes.py:Shape.area", [8, 12, 16]),
        ("my-shapes.py:square", [4, 9, 16]),
        ("my-shapes.py:Shape.area", [8, 12, 16]),
        ("deep/pack/forms.py:square", [4, 9, 16]),
        ("deep/shapes:square", [4, 9, 16]),
        ("shapes:Shape.area", [8, 12, 16]),
        ("shapes:Shape.double", [4, 6, 8]),
        ("shapes:Shape.main", [6, 9, 12]),
    ],
)
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_every_form_of_target_reaches_the_workers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, target: str, results: list[int], start_method: str
) -> None:
    """Modules, files, files of a package, names that no import finds, and methods, forked or spawned."""
    if start_method == "fork" and sys.platform == "win32":
        pytest.skip("no fork on this system")
    monkeypatch.chdir(folder)
    code = write_snippet("multiprocessing", 2, 1, target=target, inputs="values.jsonl")
    marker = 'if __name__ == "__main__":\n'
    chosen = code.replace(
        marker, f"{marker}    import multiprocessing\n    multiprocessing.set_start_method({start_method!r})\n"
    )
    assert printed(chosen, folder) == ("3 results\n", results)


@pytest.mark.parametrize(
    ("target", "reached", "results"),
    [
        ("shapes:triangle.area", "object", [8, 12, 16]),
        ("shapes:Prism.double", "name", [4, 6, 8]),
        ("shapes:Prism.main", "name", [6, 9, 12]),
        ("shapes:PRISM.area", "name", [4, 6, 8]),
    ],
)
def test_a_method_is_reached_as_it_was_when_it_was_measured(
    folder: Path, target: str, reached: Reached, results: list[int]
) -> None:
    """On an object of its class or by its name alone, whatever the names look like."""
    code = write_snippet("threading", 2, 1, target=target, inputs="values.jsonl", reached=reached)
    assert printed(code, folder) == ("3 results\n", results)


@pytest.mark.parametrize(
    ("where", "target"),
    [("deep/pack", "forms.py:square"), ("deep", "pack/forms.py:square"), ("deep/pack", "colorsys.py:square")],
)
def test_a_file_of_a_package_is_found_from_within(
    folder: Path, monkeypatch: pytest.MonkeyPatch, where: str, target: str
) -> None:
    """Its package may begin above the current folder, and then its name may be one of the standard library's, too."""
    (folder / "deep" / "pack" / "colorsys.py").write_text("from .forms import square\n")
    monkeypatch.chdir(folder / where)
    code = write_snippet("multiprocessing", 2, 1, target=target, inputs="../values.jsonl")
    (folder / "deep" / "values.jsonl").write_text("2\n3\n")
    (folder / "values.jsonl").write_text("2\n3\n")
    assert printed(code, folder / where) == ("2 results\n", [4, 9])


@pytest.mark.parametrize("inputs", ["shapes.py:make_inputs", "my-shapes.py:make_inputs"])
def test_target_and_inputs_of_one_file(folder: Path, inputs: str) -> None:
    """The file is loaded once for both."""
    place = inputs.partition(":")[0]
    code = write_snippet("threading", 2, 1, target=f"{place}:square", inputs=inputs)
    assert code.count("sys.path.insert") + code.count("exec_module") == 1
    assert printed(code, folder) == ("3 results\n", [4, 9, 16])


def test_two_functions_of_the_same_name(folder: Path) -> None:
    """The function that makes the inputs does not hide the one that uses them."""
    (folder / "other.py").write_text("def square():\n    return [2, 3, 4]\n")
    code = write_snippet("sequential", 1, 1, target="shapes:square", inputs="other:square")
    assert printed(code, folder) == ("3 results\n", [4, 9, 16])


@pytest.mark.parametrize("name", ["results", "call", "list", "asyncio"])
def test_a_function_called_like_a_name_of_the_script(folder: Path, name: str) -> None:
    """It gets another name, so that it hides nothing."""
    (folder / "named.py").write_text(f"async def {name}(base, exponent=2):\n    return base ** exponent\n")
    code = write_snippet("asyncio", 2, 1, target=f"named:{name}", inputs="values.jsonl", coroutine=True)
    assert printed(code, folder) == ("3 results\n", [4, 9, 16])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("coroutine", [False, True])
@pytest.mark.parametrize("inputs", ["-", "in.txt", "in.jsonl"])
def test_no_name_of_the_script_is_left_to_a_target(strategy: Strategy, coroutine: bool, inputs: str) -> None:
    """A target of that name would hide it, or be hidden."""
    tree = ast.parse(write_snippet(strategy, 2, 2, target="bin/a-b:f", inputs=inputs, calls=5, coroutine=coroutine))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}
    assert {name.partition(".")[0] for name in names - {"module_a_b"} if is_free(name)} <= {"importlib"}


@pytest.mark.parametrize(
    ("text", "target", "results"),
    [
        ("2\n3\n", "shapes:square", [4, 9]),
        ("2\n\nfoo\n", "builtins_of:upper", ["2", "FOO"]),
        ('{"args": [2, 3]}\n5\n', "shapes:power", [8, 25]),
    ],
)
def test_standard_input(folder: Path, text: str, target: str, results: list[object]) -> None:
    """JSON Lines where every line is JSON, text otherwise."""
    (folder / "builtins_of.py").write_text("def upper(text):\n    return text.upper()\n")
    code = write_snippet("sequential", 1, 1, target=target, inputs="-")
    assert printed(code, folder, stdin=text) == (f"{len(results)} results\n", results)


def test_a_loaded_function_that_needs_arguments_leaves_them_to_be_filled_in(folder: Path) -> None:
    """Called without, it would fail; so the list is empty, and the script runs."""
    code = write_snippet("threading", 2, 1, target="posixpath:join", inputs=None)
    assert "inputs = []  # FILL IN" in code
    assert printed(code, folder) == ("0 results\n", [])


@pytest.mark.parametrize(
    ("target", "reached", "name"),
    [
        ("__main__:work", None, "work"),
        ("m:outer.<locals>.inner", None, "task"),
        ("m:<lambda>", None, "task"),
        ("shapes:Shape.area", "program", "area"),
    ],
)
def test_what_cannot_be_imported_is_stood_in_for(folder: Path, target: str, reached: Reached | None, name: str) -> None:
    """A function of the user's own script, one without a name, and the method of an object that no name leads to."""
    code = write_snippet("multiprocessing", 2, 1, target=target, inputs=None, reached=reached)
    assert f"def {name}(item):" in code
    assert "shapes" not in code
    assert printed(code, folder)[0] == "20 results\n"


@pytest.mark.parametrize(
    "target",
    [
        "os; import shutil:rmtree",
        'm:f\nimport os\nos.system("true")',
        "__import__('os').system('true'):x",
        "m:class",
        "for:x",
        "::",
        ":",
        "",
        "'''.py:x",
        'a"b\n\\.py:x',
        "{}.py:f",
        "m:\x00",
    ],
)
def test_strange_names_stay_names(target: str) -> None:
    """A target that a client made up adds no statement of its own to the code."""
    wanted = {"Import", "ImportFrom", "FunctionDef", "Expr", "Assign", "If", "With", "Return"}
    for strategy in STRATEGIES:
        tree = ast.parse(write_snippet(strategy, 2, 1, target=target, inputs=None))
        assert {type(node).__name__ for node in tree.body} <= wanted | {"AsyncFunctionDef"}
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "__import__" not in called
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not attributes & {"system", "rmtree"}


def test_the_pool_has_the_workers_and_the_chunk_that_were_advised() -> None:
    """As many as advised; a chunk only where it means something."""
    assert write_snippet("multiprocessing", 3, 50, target="m:f", inputs="m:g", machine=Machine(cores=2)) == (
        "# 3 processes, for a host with 2 cores\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "\n"
        "from m import f, g\n"
        "\n"
        "\n"
        'if __name__ == "__main__":\n'
        "    inputs = list(g())\n"
        "    with ProcessPoolExecutor(max_workers=3) as pool:\n"
        "        results = list(pool.map(f, inputs, chunksize=50))\n"
        '    print(f"{len(results)} results")\n'
    )
    assert "chunksize" not in write_snippet("multiprocessing", 3, 1, target="m:f", inputs="m:g")
    assert "chunksize" not in write_snippet("threading", 3, 50, target="m:f", inputs="m:g")
    interpreters = write_snippet("interpreters", 3, 1, target="m:f", inputs="m:g")
    assert "with InterpreterPoolExecutor(max_workers=3) as pool:" in interpreters


@pytest.mark.parametrize(
    ("free_threaded", "computes", "waits"), [(True, True, False), (True, False, True), (False, True, True)]
)
def test_what_stands_in_computes_where_threads_can(free_threaded: bool, computes: bool, waits: bool) -> None:
    """Threads without a GIL are shown with work that gains by them; with a GIL, they are shown waiting."""
    machine = Machine(python=Python(version="3.14", free_threaded=free_threaded))
    code = write_snippet("threading", 4, 1, inputs=None, gil_held=0.9 if computes else 0.1, machine=machine)
    assert ("time.sleep" in code) == waits
