"""What calls share is replaced in the script where that makes a strategy safe: every script is run as it stands."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor import api
from advisor.decide.codegen.snippet import SnippetRequest, snippet
from advisor.models import Job, Machine, Profile, Strategy, Touch
from advisor.models.request import AdviceRequest
from advisor.predict.estimator import estimate, leaders
from advisor.predict.shared_resources import broken_by, remedied
from advisor.run.trial import TrialJob, run_trials

pytestmark = pytest.mark.slow

LINUX = Machine(cores=4, core_scaling=1.0, start_method="fork", source="measured")
ITEMS = 40

CSV = """\
import csv
SINK = open("rows.csv", "w", newline="")
WRITER = csv.writer(SINK)
def call(item):
    WRITER.writerow([item, item * item])
    row = ["again", item]
    WRITER.writerow(field for field in row)
    row.clear()
    WRITER.writerow({"first": item, "second": 2}.values())
    return item + 1
def content():
    SINK.flush()
    return open("rows.csv").read()
"""
PRINTED = """\
SINK = open("rows.txt", "w")
SINK.write("header\\n")
def report(item):
    print("item", item, file=SINK)
    SINK.writelines(["a", "b\\n"])
def call(item):
    report(item)
def content():
    SINK.flush()
    return open("rows.txt").read()
"""
ARCHIVE = """\
import zipfile
BUNDLE = zipfile.ZipFile("bundle.zip", "w")
def call(item):
    BUNDLE.writestr(f"member {item}", str(item))
    return item
def content():
    BUNDLE.close()
    return [(name, zipfile.ZipFile("bundle.zip").read(name)) for name in zipfile.ZipFile("bundle.zip").namelist()]
"""
GZIP = """\
import gzip
LOG = gzip.open("log.gz", "wb")
def call(item):
    LOG.write(b"%d\\n" % item)
def content():
    LOG.close()
    return gzip.open("log.gz").read()
"""
QUEUE = """\
import queue
DONE = queue.Queue()
def call(item):
    DONE.put((item, item * 2))
def content():
    return [DONE.get() for _ in range(DONE.qsize())]
"""
DIGEST = """\
import hashlib
SEEN = hashlib.sha256()
def call(item):
    SEEN.update(str(item).encode())
    return item
def content():
    return SEEN.hexdigest()
"""
DATABASE = """\
import os, sqlite3
PATH = "numbers.db"
if not os.path.exists(PATH):
    with sqlite3.connect(PATH) as new:
        new.execute("create table number (n integer, square integer)")
        new.executemany("insert into number values (?, ?)", [(n, n * n) for n in range(100)])
DB = sqlite3.connect(PATH, timeout=3)
def call(item):
    with DB:
        return DB.execute("select square from number where n = ?", (item,)).fetchone()[0]
def content():
    return None
"""
PROGRAM = """\
import subprocess, sys
ECHO = [sys.executable, "-u", "-c", "import sys\\nfor line in sys.stdin: print(line.strip() * 2)"]
CHILD = subprocess.Popen([sys.executable] + ["-u", "-c", "import sys\\nfor line in sys.stdin: print(line.strip() * 2)"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def call(item):
    CHILD.stdin.write(f"{item}\\n")
    CHILD.stdin.flush()
    return CHILD.stdout.readline()
def content():
    return None
"""
RECORDS = """\
from pathlib import Path
FILE = Path(__file__).with_name("records.bin").open("rb")
def call(item):
    FILE.seek(item * 4)
    return int.from_bytes(FILE.read(4), "big")
def content():
    return None
"""
SOCKET = """\
import socket, threading
def serve(listener):
    while True:
        threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()
def answer(client):
    with client, client.makefile("rw") as stream:
        for line in stream:
            print(int(line) * 2, file=stream, flush=True)
def listen():
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    return listener.getsockname()
ADDRESS = listen()
LINK = socket.create_connection(ADDRESS, timeout=5)
def call(item):
    LINK.sendall(b"%d\\n" % item)
    return LINK.recv(64)
def content():
    return None
"""

VIEWS = """\
import hashlib, io
SINK = open("views.bin", "wb")
SEEN = hashlib.sha256()
def call(item):
    buffer = io.BytesIO(b"%d" % item)
    SINK.write(buffer.getbuffer())
    SINK.writelines(memoryview(part) for part in (b"a", b"b\\n"))
    SEEN.update(memoryview(b"%d" % item))
def content():
    SINK.flush()
    return open("views.bin", "rb").read(), SEEN.hexdigest()
"""
ROWS = """\
import collections, csv, sqlite3
SINK = open("rows.csv", "w", newline="")
WRITER = csv.writer(SINK)
NAMED = csv.DictWriter(SINK, ["a", "b"])
def call(item):
    with sqlite3.connect(":memory:") as connection:
        connection.row_factory = sqlite3.Row
        WRITER.writerow(connection.execute("SELECT ?, 2", (item,)).fetchone())
        WRITER.writerows(connection.execute("SELECT ? UNION SELECT -1", (item,)))
    connection.close()
    WRITER.writerows([collections.deque([item, (1, 2)]), "ab"])
    NAMED.writerow({"a": item, "b": (1, 2)})
    NAMED.writerows([{"a": item}])
def content():
    SINK.flush()
    return open("rows.csv").read()
"""

WRITTEN = {"csv": CSV, "printed": PRINTED, "archive": ARCHIVE, "gzip": GZIP, "queue": QUEUE, "digest": DIGEST}
WRITTEN |= {"views": VIEWS, "rows": ROWS}  # what pickle refuses
PER_THREAD = {"database": DATABASE, "program": PROGRAM, "records": RECORDS, "link": SOCKET}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records.bin").write_bytes(b"".join(n.to_bytes(4, "big") for n in range(100)))
    return tmp_path


def _profile(name: str, source: str, folder: Path) -> Profile:
    """Look at the module's `call` in a process of its own, as measuring does."""
    module = f"shared_{name}"
    (folder / f"{module}.py").write_text(source + f"def inputs():\n    return range({ITEMS})\n")
    code = (
        "from advisor.measure.shared_state.touched_objects import TouchedObjects\n"
        "from advisor.models import Profile\n"
        f"import {module}\n"
        f"touched = TouchedObjects({module}.call)\n"
        f"profile = Profile(calls=50, wall=20e-3, gil_held=20e-3, wait=0.0, target='{module}:call', reached='name',\n"
        "    touches=touched.touches())\n"
        "print(profile.model_dump_json())\n"
    )
    return Profile.model_validate_json(_run(["-c", code], folder))


def _run(arguments: list[str], folder: Path) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _outcome(profile: Profile, strategy: Strategy, folder: Path) -> str:
    """The results of the advice's script, and what was written, as text."""
    request = SnippetRequest(strategy, 4, 3, profile, LINUX, inputs=f"{profile.target.partition(':')[0]}:inputs")
    show = (
        f"    import {profile.target.partition(':')[0]} as shared_module\n    print(results, shared_module.content())\n"
    )
    (folder / "script.py").write_text(snippet(request) + show)
    return _run(["script.py"], folder)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_parent_writes_what_workers_note(name: str, folder: Path) -> None:
    """The same content in the same order as the plain loop's."""
    profile = _profile(name, WRITTEN[name], folder)
    assert broken_by("multiprocessing", profile, LINUX) == ""
    assert remedied("multiprocessing", profile, LINUX)
    assert _outcome(profile, "multiprocessing", folder) == _outcome(profile, "sequential", folder)


@pytest.mark.parametrize("name", PER_THREAD)
def test_each_thread_makes_an_object_of_its_own(name: str, folder: Path) -> None:
    profile = _profile(name, PER_THREAD[name], folder)
    assert broken_by("threading", profile, LINUX) == ""
    assert remedied("threading", profile, LINUX)
    assert _outcome(profile, "threading", folder) == _outcome(profile, "sequential", folder)


WRITE = "    WRITER.writerow([item, item * item])"
UNCLEAR = {
    "returned": CSV.replace(WRITE, "    size = WRITER.writerow([item])"),
    "passed on": CSV.replace(WRITE, "    repr(WRITER)"),
    "by another name": CSV.replace(
        "    WRITER.writerow([item, item * item])", "    out = WRITER; out.writerow([item])"
    ),
    "bound twice": CSV + "if True:\n    WRITER = WRITER\n",
    "bound in a function": CSV + "def other():\n    global WRITER\n    WRITER = None\n",
    "no call": "import csv, sys\nWRITER = [csv.writer(open('rows.csv', 'w'))][0]\n"
    "def call(item):\n    WRITER.writerow([item])\n",
    "an attribute": "class Log:\n    def __init__(self):\n        self.file = open('log.txt', 'w')\n"
    "LOG = Log()\ndef call(item):\n    LOG.file.write('line')\n",
    "star import": "from os.path import *\n" + CSV,
    "memory": "import sqlite3\nDB = sqlite3.connect(':memory:')\nDB.execute('create table t (n)')\n"
    "def call(item):\n    return DB.execute('select count(*) from t').fetchone()\n",
    "set up": DATABASE.replace("def call", "DB.row_factory = sqlite3.Row\ndef call"),
    "set up in a function": DATABASE.replace("def call", "def set_up():\n    DB.execute('')\nset_up()\ndef call"),
    "set up in the call": DATABASE.replace("    with DB:", "    DB.row_factory = None\n    with DB:"),
    "made by the user's function": DATABASE.replace(
        "DB = sqlite3", "def make():\n    return sqlite3.connect(PATH)\nDB = make()\nOLD = sqlite3"
    ),
    "not an expression": DATABASE.replace("timeout=3", "timeout=(lambda: 3)()"),
    "rebound name": DATABASE.replace("def call", "PATH = 'other.db'\ndef call"),
    "temporary": "import tempfile\nFILE = tempfile.TemporaryFile()\nFILE.write(b'12')\n"
    "def call(item):\n    FILE.seek(0)\n    return FILE.read(1)\n",
    "written database": "import sqlite3\nDB = sqlite3.connect('new.db')\n\n"
    "DB.execute('create table if not exists t (n)')\ndef call(item):\n    DB.execute('insert into t values (1)')\n",
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_unclear_stays_ruled_out(name: str, folder: Path) -> None:
    profile = _profile("unclear", UNCLEAR[name], folder)
    assert profile.touches
    for strategy in ("threading", "multiprocessing"):
        assert remedied(strategy, profile, LINUX) == ()
    assert broken_by("threading", profile, LINUX)


def test_an_object_of_two_modules_is_not_replaced(folder: Path) -> None:
    (folder / "shared_first.py").write_text(CSV)
    source = "from shared_first import WRITER\ndef call(item):\n    WRITER.writerow([item])\n"
    assert "WRITER" in broken_by("multiprocessing", _profile("second", source, folder), LINUX)


@pytest.mark.parametrize("changed", [{"reached": "program"}, {"reached": None}])
def test_a_script_that_does_not_import_the_target_replaces_nothing(changed: dict[str, Any], folder: Path) -> None:
    profile = _profile("csv", CSV, folder).model_copy(update=changed)
    assert remedied("multiprocessing", profile, LINUX) == ()


def test_workers_that_import_the_module_are_not_given_recorders(folder: Path) -> None:
    """They would open the file anew, and truncate it."""
    profile = _profile("csv", CSV, folder)
    assert "WRITER" in broken_by("multiprocessing", profile, LINUX.model_copy(update={"start_method": "spawn"}))


def test_the_advice_says_what_its_code_does(folder: Path) -> None:
    advice = api.advise_on(AdviceRequest(_profile("csv", CSV, folder), Job(calls=2000), LINUX))
    assert advice.recommendation == "multiprocessing"
    assert "class Recorder" in advice.snippet
    [text] = [pitfall.text for pitfall in advice.warnings if pitfall.code == "shared-resource"]
    assert "would write to WRITER, and the parent process writes it in the order of the inputs." in text
    assert "In your own code: return the data" in text


def test_a_gain_that_takes_opening_more_says_so() -> None:
    """The time to open one in each thread is unknown, and not in the figure."""
    touch = Touch(name="DB", kind="connection", resource="SQLite connection", threads="unsafe", fork="unsafe")
    profile = Profile(calls=50, wall=20e-3, gil_held=0.0, wait=20e-3, target="shop:call", touches=(touch,))
    advice = api.advise_on(AdviceRequest(profile, Job(calls=2000), LINUX))
    [text] = [pitfall.text for pitfall in advice.warnings if pitfall.code == "shared-resource"]
    assert text.endswith(", not counting the time to create one in each worker.")


def test_few_programs_are_started_for_threads(folder: Path) -> None:
    profile = _profile("program", PROGRAM, folder).model_copy(update={"wall": 0.02, "gil_held": 0.0, "wait": 0.02})
    assert leaders(estimate(profile, Job(calls=2000), LINUX))["threading"].workers == 8


@pytest.mark.parametrize(
    "fields",
    [
        {"made_by": "__import__('os').system('ls') or 1"},
        {"made_by": "[each for each in x]"},
        {"made_by": "f(**x)"},
        {"made_by": "f(); g()"},
        {"made_by": "exec('import os')"},
        {"made_by": "open(eval('1'))"},
        {"made_by": "getattr(shop, 'run')()"},
    ],
)
def test_a_profile_cannot_smuggle_other_code_into_a_script(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not"):
        Touch(name="DB", kind="connection", **fields)


@pytest.mark.parametrize("target", ["package:call", "my-shared.py:call", "shared_2.py:call", "statistics.py:call"])
@pytest.mark.parametrize(
    ("name", "strategy"), [("csv", "multiprocessing"), ("database", "threading"), ("records", "threading")]
)
def test_the_object_is_found_however_the_target_is_imported(
    target: str, name: str, strategy: Strategy, folder: Path
) -> None:
    """By a package that gets it from its module, and from a file that has no module's name; calls are wrapped."""
    source = (WRITTEN | PER_THREAD)[name]
    more = f"def inputs():\n    return [{{'args': [item]}} for item in range({ITEMS})]\n"
    where = target.partition(":")[0]
    file = folder / ("package/module.py" if where == "package" else where)
    file.parent.mkdir(exist_ok=True)
    (file.parent / "records.bin").write_bytes((folder / "records.bin").read_bytes())
    file.write_text(source + more)
    if where == "package":
        (folder / "package/__init__.py").write_text("from package.module import call, inputs\n")
    code = (
        "from advisor.measure.shared_state.touched_objects import TouchedObjects\n"
        "from advisor.models import Profile\n"
        "from advisor.target.loader import load\n"
        f"touched = TouchedObjects(load({target!r}))\n"
        f"profile = Profile(calls=50, wall=20e-3, gil_held=20e-3, wait=0.0, target={target!r}, reached='name',\n"
        "    touches=touched.touches())\n"
        "print(profile.model_dump_json())\n"
    )
    profile = Profile.model_validate_json(_run(["-c", code], folder))
    assert remedied(strategy, profile, LINUX)
    request = SnippetRequest(strategy, 4, 3, profile, LINUX, f"{where}:inputs", None, frozenset({"call"}))
    (folder / "script.py").write_text(snippet(request))
    assert _run(["script.py"], folder) == f"{ITEMS} results\n"


def test_a_saved_profile_brings_no_code_that_its_module_does_not_have(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what stands in the source of a module that is loaded here gets into the script."""
    saved = _profile("database", DATABASE, folder).model_copy(update={"wall": 0.02, "gil_held": 0.0, "wait": 0.02})
    [touch] = saved.touches
    forged = touch.model_copy(update={"made_by": "sqlite3.os.system('id')"})
    other = saved.model_copy(update={"touches": (forged,)})
    machine = {"cores": 4}
    assert "OnePerThread" not in advisor.advise(saved, calls=100, machine=machine).snippet  # it is not loaded
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module("shared_database")
    try:
        assert "OnePerThread" in advisor.advise(saved, calls=100, machine=machine).snippet
        assert "system" not in advisor.advise(other, calls=100, machine=machine).snippet
    finally:
        module.DB.close()
        del sys.modules["shared_database"]


def test_no_text_of_a_profile_becomes_a_name_in_a_script(folder: Path) -> None:
    """A module's name is compared only, unless it is an identifier."""
    profile = _profile("csv", CSV, folder)
    [touch] = profile.touches
    odd = touch.model_copy(update={"module": "shop; import os"})
    text = snippet(SnippetRequest("multiprocessing", 4, 3, profile.model_copy(update={"touches": (odd,)}), LINUX))
    assert "shop" not in text


@pytest.mark.parametrize(("name", "strategy"), [("csv", "multiprocessing"), ("database", "threading")])
def test_a_trial_uses_the_same_remedy(name: str, strategy: Strategy, folder: Path) -> None:
    profile = _profile(name, (WRITTEN | PER_THREAD)[name], folder)
    profile = profile.model_copy(update={"wall": 2e-3, "gil_held": 0.0, "wait": 2e-3})
    job = Job(calls=ITEMS)
    way = leaders(estimate(profile, job, LINUX))[strategy]
    tried = TrialJob(profile.target or "", f"shared_{name}:inputs", profile, job, LINUX)
    loop, other = run_trials(tried, [way], seconds=1.0, timeout=20.0)
    assert (loop.failure, other.failure, other.results) == (None, None, "equal")
