"""Print the run-time dependencies of pyproject.toml, one a line."""

import tomllib
from pathlib import Path

print("\n".join(tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]))
