"""What a search for races puts back: files, folders, links, modes and times; and what it refuses to change."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from race_targets import search

from advisor.errors import TargetError
from advisor.interleaving.databases import Connection
from advisor.interleaving.files import FileKeeper

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs fork and /proc"),
]
SHORT = 2.0  # seconds, for searches that would go on
HEAD = "import os\nimport shutil\nfrom pathlib import Path\n\n"
Entry = tuple[int, int, bytes]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make folders, files and links of a user, and go there."""
    home = tmp_path / "home"
    (home / "out" / "deep" / "empty").mkdir(parents=True)
    (home / "out" / "a.txt").write_text("a")
    (home / "out" / "deep" / "b.txt").write_text("b")
    (home / "out" / "deep" / "b.txt").chmod(0o640)
    (home / "out" / "to-a").symlink_to("a.txt")
    (home / "empty").mkdir(mode=0o750)
    (home / "plain.txt").write_text("plain")
    (home / "link.txt").symlink_to("plain.txt")
    (home / "dangling").symlink_to("nowhere.txt")
    (home / "to-out").symlink_to("out")
    os.link(home / "plain.txt", home / "other-name.txt")
    for path in [*home.rglob("*"), home]:
        os.utime(path, ns=(10**18, 10**18), follow_symlinks=False)
    monkeypatch.chdir(home)
    return home


def described(folder: Path) -> dict[str, Entry]:
    """Return the mode, the time and the content of everything in a folder, and of the folder."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content = b""
        if path.is_symlink():
            content = os.fsencode(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found


CHANGES = {
    "rmtree": 'shutil.rmtree("out")',
    "rmtree and write": (
        'shutil.rmtree("out", ignore_errors=True); os.makedirs("out", exist_ok=True); '
        'Path("out/a.txt").write_text("new")'
    ),
    "rmdir": 'os.rmdir("empty")',
    "rename folder": 'os.rename("out", "renamed"); Path("renamed/a.txt").write_text("new")',
    "rename folder over empty": 'os.rename("out", "empty"); Path("empty/new.txt").write_text("new")',
    "rename folder and link": 'os.rename("out", "renamed"); os.symlink("renamed", "out"); os.remove("out/a.txt")',
    "rename file": 'os.rename("plain.txt", "out/a.txt")',
    "replace": 'Path("new").write_text(str(n)); os.replace("new", "plain.txt")',
    "move": 'shutil.move("out", "empty"); shutil.move("plain.txt", "empty/x")',
    "remove link": 'os.remove("link.txt"); os.remove("dangling")',
    "link to folder": 'os.remove("to-out/a.txt"); os.remove("to-out"); os.mkdir("to-out")',
    "write through link": 'Path("link.txt").write_text("new"); Path("dangling").write_text("new")',
    "file becomes link": 'os.remove("plain.txt"); os.symlink("out/a.txt", "plain.txt")',
    "file becomes folder": 'os.remove("plain.txt"); os.mkdir("plain.txt"); Path("plain.txt/x").touch()',
    "folder becomes file": 'shutil.rmtree("out"); Path("out").write_text("now a file")',
    "mode": 'os.chmod("plain.txt", 0o600); os.chmod("out", 0o700); Path("plain.txt").write_text("new")',
    "descriptor": 'f = os.open("plain.txt", os.O_RDWR); os.fchmod(f, 0o600); os.ftruncate(f, 2); os.close(f)',
    "times": 'os.utime("plain.txt"); os.utime("out")',
    "truncate": 'os.truncate("plain.txt", 1)',
    "hard link": 'os.link("out/a.txt", "second"); Path("second").write_text("new")',
    "replaced by hard link": 'os.remove("plain.txt"); os.link("out/a.txt", "plain.txt")',
    "folder descriptor": (
        'd = os.open("out", os.O_RDONLY); '
        "f = os.open('a.txt', os.O_WRONLY | os.O_TRUNC, dir_fd=d); os.close(f); "
        "os.mkdir('made', dir_fd=d); os.rename('a.txt', 'made/a', src_dir_fd=d, dst_dir_fd=d); "
        "os.unlink('deep/b.txt', dir_fd=d); os.close(d)"
    ),
    "creations": 'os.makedirs("new/deep/er"); Path("new/deep/er/x").touch(); os.symlink("x", "new/deep/er/y")',
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_calls_change_is_put_back(tmp_path: Path, home: Path, change: str) -> None:
    """Everything is as before after many schedules, with its modes and times, and nothing is added."""
    before = described(home)
    code = f"""{HEAD}seen = []

def work(n):
    seen.append(n)
    try:
        {change}
    except OSError:
        pass
"""
    report = search(tmp_path, code, seconds=SHORT)
    assert report.verdict != "unclear", report.why
    assert described(home) == before
    (home / "plain.txt").write_text("through the other name")
    if "becomes" not in change:
        assert (home / "link.txt").read_text() == "through the other name"


def test_each_schedule_starts_from_the_same_files(tmp_path: Path, home: Path) -> None:
    """Every call finds the folder that another schedule has removed, so that the results are those of one call."""
    code = f'{HEAD}def work(n):\n    found = sorted(os.listdir("out"))\n    shutil.rmtree("out")\n    return found\n'
    report = search(tmp_path, code, seconds=SHORT)
    assert report.verdict in ("none", "race")
    assert (home / "out" / "a.txt").read_text() == "a"


def test_what_others_make_stays(tmp_path: Path, home: Path) -> None:
    """Files that the search did not make are not removed, even in a folder that calls make."""
    code = f"""{HEAD}import subprocess

def work(n):
    os.makedirs("made", exist_ok=True)
    subprocess.run(["touch", "made/by-another-program"], check=True)
"""
    search(tmp_path, code, seconds=SHORT)
    assert (home / "made" / "by-another-program").exists()


@pytest.mark.parametrize(
    "change",
    [
        'open("large", "w").close()',
        'open("large", "a").write("x")',
        'os.remove("large")',
        'os.truncate("large", 5)',
        'os.rename("large", "renamed")',
        "shutil.rmtree(os.getcwd())",
        'try:\n        open("large", "w").close()\n    except BaseException:\n        os.remove("large")',
    ],
)
def test_a_large_file_is_not_changed(tmp_path: Path, home: Path, change: str) -> None:
    """What is too large to be kept is refused before it is changed, and the report says so."""
    with (home / "large").open("wb") as file:
        file.truncate(70 << 20)
    status = (home / "large").stat()
    report = search(tmp_path, f"{HEAD}def work(n):\n    {change}\n", seconds=SHORT)
    assert report.verdict == "unclear"
    assert "large" in report.why
    assert "64 MB" in report.why
    after = (home / "large").stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (status.st_size, status.st_mtime_ns, status.st_ino)
    assert (home / "out" / "deep" / "b.txt").read_text() == "b"


def test_a_socket_is_not_removed(tmp_path: Path, home: Path) -> None:
    """A socket cannot be made again for the process that listens on it."""
    import socket

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("listening")
        report = search(tmp_path, f'{HEAD}def work(n):\n    os.remove("listening")\n', seconds=SHORT)
        assert (home / "listening").is_socket()
    assert report.verdict == "unclear"


def test_the_mode_of_a_large_file_is_put_back(tmp_path: Path, home: Path) -> None:
    """A change of attributes needs no copy of the content."""
    with (home / "large").open("wb") as file:
        file.truncate(70 << 20)
    before = (home / "large").stat().st_mode
    assert search(tmp_path, f'{HEAD}def work(n):\n    os.chmod("large", 0o600)\n', seconds=SHORT).verdict == "none"
    assert (home / "large").stat().st_mode == before


def test_shared_memory_files_are_put_back(tmp_path: Path, home: Path) -> None:
    """Files in /dev/shm are files like others."""
    shared = Path("/dev/shm") / f"test-races-{os.getpid()}"
    shared.write_text("5")
    try:
        code = f'{HEAD}file = Path("{shared}")\n\ndef work(n):\n    file.write_text(str(int(file.read_text()) + n))\n'
        assert search(tmp_path, code, seconds=SHORT).verdict == "race"
        assert shared.read_text() == "5"
    finally:
        shared.unlink()


def test_files_are_put_back_when_calls_crash(tmp_path: Path, home: Path) -> None:
    """A process that dies amid its changes leaves none."""
    before = described(home)
    code = f'{HEAD}def work(n):\n    shutil.rmtree("out")\n    os.rename("empty", "out")\n    os.abort()\n'
    with pytest.raises(TargetError, match="SIGABRT"):
        search(tmp_path, code)
    assert described(home) == before


def test_files_are_put_back_after_an_interrupt(tmp_path: Path, home: Path) -> None:
    """Ctrl-C while a call goes on with half of its changes made."""
    before = described(home)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    reader = os.open(ready, os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "target.py").write_text(f"""{HEAD}
def work():
    shutil.rmtree("out")
    os.rename("plain.txt", "moved.txt")
    with open({str(ready)!r}, "w") as file:
        file.write("now")
    while True:
        pass
""")
    command = [sys.executable, "-m", "advisor", "races", f"{tmp_path}/target.py:work"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert select.select([reader], [], [], 60)[0]
        assert not (home / "out").exists()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(reader)
    assert process.returncode == 130, output
    assert described(home) == before


def test_threads_are_watched_while_another_is_recorded(tmp_path: Path, home: Path) -> None:
    """A file that one thread writes is recorded while the keeper works for another thread."""
    (tmp_path / "kept").mkdir()
    keeper = FileKeeper(tmp_path / "kept")
    seen, go_on = threading.Event(), threading.Event()

    def wait(name: str, writes: bool) -> None:
        if name.endswith("/first"):
            seen.set()
            go_on.wait(60)

    keeper.on_use = wait
    keeper.is_watching = True
    try:
        thread = threading.Thread(target=Path("first").touch)
        thread.start()
        assert seen.wait(60)
        Path("plain.txt").write_text("new")
    finally:
        go_on.set()
        thread.join()
        keeper.is_watching = False
    keeper.reset()
    assert Path("plain.txt").read_text() == "plain"
    assert not Path("first").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_not_changed(tmp_path: Path, home: Path) -> None:
    """What cannot be copied is refused before it is changed."""
    (home / "plain.txt").chmod(0o200)
    report = search(tmp_path, f'{HEAD}def work(n):\n    open("plain.txt", "w").close()\n', seconds=SHORT)
    (home / "plain.txt").chmod(0o600)
    assert report.verdict == "unclear"
    assert (home / "plain.txt").read_text() == "plain"


def test_a_failed_commit_is_rolled_back(tmp_path: Path) -> None:
    """As with connections of sqlite3, no transaction stays open after a `with` whose commit fails."""
    path = tmp_path / "n.db"
    database = sqlite3.connect(path, factory=Connection)
    database.executescript(
        "PRAGMA foreign_keys = ON; CREATE TABLE a (id INTEGER PRIMARY KEY);"
        "CREATE TABLE b (a REFERENCES a DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError), database:
        database.execute("INSERT INTO b VALUES (1)")
    assert not database.in_transaction
    assert database.execute("SELECT count(*) FROM b").fetchone() == (0,)
    database.close()
