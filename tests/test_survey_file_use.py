"""Files that the iterations of a loop share: all that they open, list, make, rename, remove or ask for is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.survey.facts import LoopObservation, StaticDependence
from advisor.survey.verdict import dependence
from tests.test_survey_runs import observe, write

HEAD = """\
import os, shutil, tempfile
from pathlib import Path
folder = Path(tempfile.mkdtemp(dir="."))
(folder / "in").mkdir()
for n in range(20):
    (folder / "in" / f"{n}.txt").write_text(f"text {n}")
sizes = []
"""

SHARED = {
    "a late source is an earlier target": """
for n in range(20):  # here
    source = folder / (f"out{n - 5}" if n == 17 else f"in/{n}.txt")
    (folder / f"out{n}").write_bytes(source.read_bytes())
""",
    "a later iteration writes what was read": """
for n in range(20):  # here
    text = (folder / "in" / f"{n}.txt").read_text()
    (folder / "in" / f"{(n + 3) % 20}.txt").write_text(text + "!")
""",
    "whether a file exists decides": """
for n in range(20):  # here
    path = folder / f"{n % 19}.out"
    if not os.path.exists(path):
        path.write_text(str(n))
""",
    "the files so far are counted": """
for n in range(20):  # here
    (folder / f"{n}.out").write_text(str(len(os.listdir(folder))))
""",
    "files are renamed": """
(folder / "0.out").write_text("begin")
for n in range(20):  # here
    os.rename(folder / f"{n}.out", folder / f"{n + 1}.out")
""",
    "one name for all temporary files": """
for n in range(20):  # here
    scratch = folder / "scratch"
    scratch.write_text(str(n))
    sizes.append(scratch.stat().st_size)
    scratch.unlink()
""",
    "a path within the folder of another descriptor": """
descriptor = os.open(folder, os.O_RDONLY)
for n in range(20):  # here
    with os.fdopen(os.open(f"{n}.out", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor), "w") as out:
        out.write(str(n))
    if n % 5 == 4:
        os.unlink(folder / f"{n // 2}.out")
""",
    "a link to the folder": """
os.symlink((folder / "in").resolve(), folder / "link")
for n in range(20):  # here
    (folder / "link" / f"{n}.txt").write_text("new")
    sizes.append(len((folder / "in" / f"{n // 2}.txt").read_text()))
""",
    "a folder that the first one makes": """
for n in range(20):  # here
    if not (folder / "out").is_dir():
        (folder / "out").mkdir()
    (folder / "out" / f"{n}.txt").write_text(str(n))
""",
    "the size of a log that is open": """
log = (folder / "log").open("w", buffering=1)
for n in range(20):  # here
    log.write("line\\n")
    sizes.append((folder / "log").stat().st_size)
""",
}
APART = {
    "texts to another folder": """
for path in sorted((folder / "in").iterdir()):  # here
    os.makedirs(folder / "out" / "all", exist_ok=True)
    (folder / "out" / "new").mkdir(parents=True, exist_ok=True)
    (folder / "out" / path.name).write_text(path.read_text().upper())
""",
    "texts beside those that are found": """
for path in (folder / "in").glob("*.txt"):  # here
    path.with_suffix(".out").write_text(path.read_text().upper())
""",
    "a folder of its own": """
for n in range(20):  # here
    with tempfile.TemporaryDirectory(dir=folder) as own:
        os.mkdir(os.path.join(own, "deep"))
        path = os.path.join(own, "deep", "part")
        Path(path).write_text(str(n))
        sizes.append(len(Path(path).read_text()))
""",
    "copies": """
(folder / "copies").mkdir()
for n in range(20):  # here
    shutil.copy2(folder / "in" / f"{n}.txt", folder / "copies")
""",
}


def observed(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> LoopObservation:
    """Return what the second run sees of the loop with the mark."""
    monkeypatch.chdir(folder)
    source = HEAD + code
    line = next(number for number, text in enumerate(source.splitlines(), 1) if "# here" in text)
    return observe(write(folder, "files.py", source))[line]


@pytest.mark.parametrize("name", SHARED)
def test_files_that_iterations_share(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that one iteration writes and another one uses is found, however late that is and by whatever name."""
    found = observed(SHARED[name], tmp_path, monkeypatch)
    assert found.shared_file.startswith(str(tmp_path))
    assert not found.files_apart
    assert dependence(StaticDependence((), (), "independent", uses_files=True), found).independence == "carried"


@pytest.mark.parametrize("name", APART)
def test_files_of_each_iteration(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of which each iteration has its own are no obstacle, nor are folders that may exist."""
    found = observed(APART[name], tmp_path, monkeypatch)
    assert (found.shared_file, found.files_apart) == ("", True)
    assert dependence(StaticDependence((), (), "independent", uses_files=True), found).independence == "independent"


def test_files_that_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop whose source reads and writes files stays unknown if no file was seen."""
    found = observed("for n in range(20):  # here\n    sizes.append(n)\n", tmp_path, monkeypatch)
    assert dependence(StaticDependence((), (), "independent"), found).independence == "independent"
    assert dependence(StaticDependence((), (), "independent", uses_files=True), found).independence == "unknown"
