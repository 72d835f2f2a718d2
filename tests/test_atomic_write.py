"""Files are written completely or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.report.atomic_write import atomic_write, check


def test_a_file_appears_whole_with_the_usual_permissions(tmp_path: Path) -> None:
    """The new file has the permissions of any other, and no temporary file is left."""
    place, plain = tmp_path / "profile.json", tmp_path / "plain"
    plain.touch()
    with atomic_write(place) as file:
        file.write_text("half")
        assert not place.exists()
        file.write_text("whole")
    assert place.read_text() == "whole"
    assert place.stat().st_mode == plain.stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "profile.json"]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """The old content stays, and no temporary file is left."""
    place = tmp_path / "profile.json"
    place.write_text("old")

    def fail() -> None:
        with atomic_write(place) as file:
            file.write_text("new")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["profile.json"]


def test_a_device_is_written_to_and_stays_one() -> None:
    """/dev/null is not replaced by a file."""
    with atomic_write(Path("/dev/null")) as file:
        file.write_text("gone")
    assert not Path("/dev/null").is_file()


def test_a_link_stays_one(tmp_path: Path) -> None:
    """The target of the link is replaced, or created."""
    folder = tmp_path / "folder"
    folder.mkdir()
    link = tmp_path / "link.svg"
    link.symlink_to(Path("folder") / "real.svg")
    for text in ("new", "newer"):
        with atomic_write(link) as file:
            assert file.suffix == ".svg"
            file.write_text(text)
        assert link.is_symlink()
        assert (folder / "real.svg").read_text() == text
    assert [path.name for path in folder.iterdir()] == ["real.svg"]


def test_what_cannot_be_written_is_known_beforehand(tmp_path: Path) -> None:
    """`check` raises the error that writing would raise, and changes nothing."""
    place = tmp_path / "profile.json"
    check(place)
    assert list(tmp_path.iterdir()) == []
    place.write_text("old")
    check(place)
    check(Path("/dev/null"))
    assert place.read_text() == "old"
    with pytest.raises(IsADirectoryError):
        check(tmp_path)
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "no" / "profile.json")
