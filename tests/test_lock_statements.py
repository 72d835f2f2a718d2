"""Statements about the GIL and the event loop, in many wordings."""

from __future__ import annotations

import pytest

from advisor.describe.text.clauses import extract_clauses

KEPT = (
    "All workers fight over the global lock.",
    "the parser keeps the GIL",
    "our codec holds the interpreter lock the whole time",
    "re never releases the GIL",
    "the driver does not let go of the GIL while it connects",
    "threads mostly wait for the GIL",
    "py-spy: GIL: 97%, 8 threads",
    "plain numba, without nogil",
    "it hogs the interpreter lock",
    "the library is not thread-safe and the binding keeps the GIL",
    "everything in there is GIL bound",
    "die Erweiterung gibt den GIL nicht frei",
    "Alle Worker streiten sich um den GIL",
    "l'extension garde le GIL",
    "retiene el GIL todo el rato",
)
RELEASED = (
    "the C part lets go of the lock while it computes",
    "Pillow drops the GIL inside its filters",
    "the Rust encoder gives up the GIL",
    "it releases the interpreter lock",
    "compiled with nogil=True",
    "the kernels run without the GIL",
    "the heavy part is LAPACK outside of the GIL",
    "decode() doesn't hold the interpreter lock any more",
    "py-spy: GIL: 2 %",
    "the binding lets the lock go during the hash",
    "gibt den GIL frei",
    "relâche le GIL pendant le calcul",
)
BLOCKED = (
    "the parser starves the event loop",
    "it blocks the loop for 2 s",
    "heartbeat blocked for more than 10 seconds",
    "meanwhile all other requests hang",
)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        *(("lock kept", text) for text in KEPT),
        *(("lock released", text) for text in RELEASED),
        *(("loop blocked", text) for text in BLOCKED),
    ],
)
def test_a_statement_about_the_lock_is_found(statement: str, text: str) -> None:
    """A clause that says what happens to the GIL or the event loop is found, whatever its words."""
    assert {clause.lock for clause in extract_clauses(text)} - {None} == {statement}


@pytest.mark.parametrize(
    "text",
    [
        "release the lock after you acquire it",
        "the for loop takes two hours",
        "the padlock of the shed",
        "it does not block the event loop",
        "each thread holds a lock on the table",
    ],
)
def test_other_locks_and_loops_state_nothing(text: str) -> None:
    """A mutex, a lock on a table and a plain loop are not the GIL or the event loop."""
    assert {clause.lock for clause in extract_clauses(text)} == {None}


def test_hearsay_about_the_lock_is_hypothetical() -> None:
    """A statement by somebody else about the GIL is marked as hypothetical."""
    clauses = [clause for clause in extract_clauses("A colleague says that zlib releases the GIL.") if clause.lock]
    assert [clause.hypothetical for clause in clauses] == [True]
