"""Execute docs/tour.ipynb and store it with its outputs: `make tour`, on a host with nothing else to do."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from advisor.report.atomic_write import atomic_write

NOTEBOOK = Path(__file__).with_suffix(".ipynb")
CELL_SECONDS = 100


def read() -> NotebookNode:
    """Return the notebook as it is stored."""
    return nbformat.read(NOTEBOOK, as_version=4)


def execute(notebook: NotebookNode) -> None:
    """Execute the cells in a kernel of their own, in a temporary folder; store the outputs in `notebook`."""
    metadata = notebook.metadata.copy()
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])  # for the command advise
    with TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": folder}},
        ).execute(env={**os.environ, "PATH": path, "NO_COLOR": "1"})
    notebook.metadata = metadata  # without the version of the interpreter
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _tidy(cell.outputs)


def _tidy(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs without progress and without HTML, which GitHub shows without its style."""
    tidy: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if tidy and tidy[-1].get("name") == output.name:
                tidy[-1].text += output.text
            else:
                tidy.append(output)
        elif output.data.get("text/plain"):
            output.data.pop("text/html", None)
            tidy.append(output)
    return tidy


if __name__ == "__main__":
    tour = read()
    execute(tour)
    with atomic_write(NOTEBOOK) as file:
        nbformat.write(tour, file)
