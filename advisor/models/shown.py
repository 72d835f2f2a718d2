"""The base of records that show themselves: as HTML in a notebook, as text in an interpreter."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from advisor.models.record import Record


class ShownRecord(Record):
    """A record that `advisor.display` can render."""

    def __str__(self) -> str:
        """Return the text that the command line prints."""
        return self._shown("as_text")

    def _repr_html_(self) -> str:
        """Return the HTML that a notebook shows."""
        return self._shown("as_cell_output")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print the text that IPython shows where there is no HTML."""
        printer.text(str(self).rstrip("\n"))

    def _shown(self, by: str) -> str:
        # By name: records import none of the stages that follow them, and load nothing that renders until it is needed.
        text: str = getattr(import_module("advisor.display"), by)(self)
        return text
