"""Find the texts of the user's modules: those that ran, and those that they import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from advisor.survey.loop_times import decoded
from advisor.survey.loops import parsed

_MOST_MODULES = 200


def user_modules(files: Iterable[str], folder: Path) -> dict[str, str]:
    """Return the texts of files and of the modules beside them that they import, by file.

    Args:
        files: Of modules that ran; their names may be relative to the folder.
        folder: In which the program was started.
    """
    texts: dict[str, str] = {}
    waiting = list(files)
    while waiting and len(texts) < _MOST_MODULES:
        file = waiting.pop()
        if file not in texts and (text := _text(folder / file)) is not None:
            texts[file] = text
            waiting += _imported(text, file, folder)
    return texts


def _text(path: Path) -> str | None:
    try:
        return decoded(path)
    except (OSError, SyntaxError, ValueError):
        return None


def _imported(text: str, file: str, folder: Path) -> Iterator[str]:
    """Yield the files of the modules that a text imports, as far as they are in a folder around its own."""
    tree = parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            names, places = [alias.name for alias in node.names], _around(folder, file)
        elif isinstance(node, ast.ImportFrom):
            prefix = f"{node.module}." if node.module else ""
            names = [f"{prefix}{alias.name}" for alias in node.names]
            places = [(folder / file).parents[node.level - 1]] if node.level else _around(folder, file)
        else:
            continue
        for place in places:
            for name in names:
                yield from _files(place, name.split("."), folder)


def _around(folder: Path, file: str) -> list[Path]:
    """Return the folders from which a module may import: its own, that of its outermost package, and the program's."""
    own = (folder / file).parent
    outermost = own
    while (outermost / "__init__.py").exists() and outermost != outermost.parent:
        outermost = outermost.parent
    return list(dict.fromkeys([own, outermost, folder]))


def _files(parent: Path, parts: list[str], folder: Path) -> Iterator[str]:
    """Yield the files of a module and of the packages that it is in."""
    for length in range(1, len(parts) + 1):
        place = parent.joinpath(*parts[:length])
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file():
                yield str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
