"""A real kernel for the tests of notebooks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
TIMEOUT = 90  # seconds
_SET_UP = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n%load_ext advisor"


def execute(folder: Path, *cells: str, allow_errors: bool = False) -> list[list[dict[str, Any]]]:
    """Run cells in a kernel that has loaded the extension; return the outputs of each."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (_SET_UP, *cells)])
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=TIMEOUT, resources=resources, allow_errors=allow_errors).execute()
    return [cell.outputs for cell in notebook.cells[1:]]


def printed(outputs: list[dict[str, Any]], stream: str = "stdout") -> str:
    """Return what a cell printed."""
    return "".join(output["text"] for output in outputs if output.get("name") == stream)


def shown(outputs: list[dict[str, Any]], kind: str = "text/html") -> str:
    """Return what a cell displayed in a MIME type, without outputs that were emptied."""
    return "".join(output["data"].get(kind, "") for output in outputs if "data" in output)


class Kernel:
    """A kernel to run cells in one by one."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client

    def run(self, cell: str) -> None:
        """Run a cell that must not fail."""
        reply = self._client.execute_interactive(cell, timeout=TIMEOUT, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply["content"]

    def interrupt(self, cell: str, *, after: Path) -> str:
        """Run a cell, interrupt it once the file is there and a second has passed, and return the exception's name."""
        self._client.execute(cell, stop_on_error=False)  # or the kernel may abort the cells that follow
        deadline = time.monotonic() + TIMEOUT
        while not after.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        self._manager.interrupt_kernel()
        reply = self._client.get_shell_msg(timeout=TIMEOUT)
        return str(reply["content"].get("ename", reply["content"]["status"]))


@contextmanager
def started(folder: Path) -> Iterator[Kernel]:
    """Start a kernel that has loaded the extension."""
    manager, client = start_new_kernel(cwd=str(folder))
    try:
        kernel = Kernel(manager, client)
        kernel.run(_SET_UP)
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
