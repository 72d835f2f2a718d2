"""Alternatives to a lock for some forms of code, as rows: the form in the syntax tree, the advice, its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from advisor.interleaving import code_forms
from advisor.interleaving.code_forms import Form, Names
from advisor.interleaving.stretches import SourceFile, Stretch
from advisor.models.race_report import RaceFinding

_DOCS = "https://docs.python.org/3/library"
_PROCESSES = (
    "A threading.Lock holds back threads only: other processes that use the same {what} need {instead} as well."
)


class Better(NamedTuple):
    """Something better than a lock for code of a form; `form` returns the names in `text`, or None."""

    form: Callable[[Form], Names | None]
    text: str
    source: str


def instead(finding: RaceFinding, sources: Mapping[str, SourceFile], stretches: Iterable[Stretch]) -> str:
    """Return what is better than a lock around these stretches; empty if nothing is known."""
    form = _form(finding, sources, list(stretches))
    fitting = (row for row in ROWS if finding.kind != "deadlock" or row.form in _OF_DEADLOCKS)
    rows = ((row, row.form(form)) for row in fitting)
    found = next((f"{row.text.format_map(names)} ({row.source})" for row, names in rows if names is not None), "")
    return " ".join(text for text in (found, _other_processes(form)) if text)


def _form(finding: RaceFinding, sources: Mapping[str, SourceFile], stretches: Sequence[Stretch]) -> Form:
    functions = [
        (source, function)
        for step in finding.steps
        if (source := sources.get(step.file)) and (function := source.function_at(step.line))
    ]
    whole = list({id(function): node for _, function in functions for node in [function]}.values())
    function_nodes = [node for function in whole for node in ast.walk(function)]
    nodes = [node for stretch in stretches for node in sources[stretch.file].nodes(stretch)]
    return Form(finding, nodes or function_nodes, function_nodes)


def _other_processes(form: Form) -> str:
    effects = " ".join(step.effect for step in form.finding.steps)
    if form.sql:
        return _PROCESSES.format(what="database", instead="a transaction (BEGIN IMMEDIATE)")
    if re.search(r"\b(reads|writes) file ", effects):
        return _PROCESSES.format(what="files", instead="a lock on the file (fcntl.flock)")
    return ""


_OF_DEADLOCKS = (code_forms.same_lock_of_two, code_forms.wait_without_loop, code_forms.queue_asked_first)
# The first row whose form matches counts.
ROWS: tuple[Better, ...] = (
    Better(
        code_forms.same_lock_of_two,
        "Acquire the two locks in one order everywhere, such as `first, second = sorted(({one}, {other}), key=id)`; "
        "calls for other objects then need not wait.",
        "https://docs.python.org/3/faq/library.html",
    ),
    Better(
        code_forms.wait_without_loop,
        "Let Condition.wait_for(predicate) check the condition and wait for it in one step, with the lock held.",
        f"{_DOCS}/threading.html#threading.Condition.wait_for",
    ),
    Better(
        code_forms.queue_asked_first,
        "Call `{name}.get_nowait()` and catch queue.Empty, instead of checking first.",
        f"{_DOCS}/queue.html#queue.Queue.get_nowait",
    ),
    Better(
        code_forms.generator,
        "Take the values in one thread and pass them to the calls, by executor.map or a queue.Queue.",
        f"{_DOCS}/queue.html",
    ),
    Better(
        code_forms.iteration,
        "Go through a copy, such as `list({name})`, where a moment's state is enough.",
        "https://docs.python.org/3/faq/library.html#what-kinds-of-global-value-mutation-are-thread-safe",
    ),
    Better(
        code_forms.sqlite_locked,
        "Begin the transaction with `BEGIN IMMEDIATE`, before the first SELECT.",
        "https://www.sqlite.org/lang_transaction.html",
    ),
    Better(
        code_forms.sqlite_insert,
        "Let the database decide: a UNIQUE column and `INSERT … ON CONFLICT DO NOTHING`, in place of SELECT first.",
        "https://www.sqlite.org/lang_upsert.html",
    ),
    Better(
        code_forms.sqlite_count,
        "Let the database calculate: `UPDATE … SET n = n + 1 WHERE …`, with RETURNING for the new value.",
        "https://www.sqlite.org/lang_update.html",
    ),
    Better(
        code_forms.sqlite_other,
        "Begin the transaction with `BEGIN IMMEDIATE`, before the first SELECT.",
        "https://www.sqlite.org/lang_transaction.html",
    ),
    Better(
        code_forms.folder_made,
        "Create the folder with `os.makedirs(path, exist_ok=True)`, without checking first.",
        f"{_DOCS}/os.html#os.makedirs",
    ),
    Better(
        code_forms.file_made,
        'Open the file with mode "x" (os.O_EXCL), which fails with FileExistsError if it is there already.',
        f"{_DOCS}/functions.html#open",
    ),
    Better(
        code_forms.list_as_queue,
        "Use a queue.Queue or a collections.deque in place of the list: `{name}.popleft()` or `get_nowait()` takes one "
        "item in one step, and raises an exception if there is none.",
        f"{_DOCS}/queue.html",
    ),
    Better(
        code_forms.dictionary_delete,
        "Remove the entry with `{name}.pop(key, None)`, which returns None if another call has removed it.",
        f"{_DOCS}/stdtypes.html#dict.pop",
    ),
    Better(
        code_forms.dictionary_insert,
        "Insert with `{name}.setdefault({key}, value)`, which returns the entry that was there first.",
        f"{_DOCS}/stdtypes.html#dict.setdefault",
    ),
    Better(
        code_forms.looked_at_and_removed,
        "Take and remove an item in one step with `{name}.pop()`, or keep them in a queue.LifoQueue.",
        f"{_DOCS}/queue.html#queue.LifoQueue",
    ),
    Better(
        code_forms.checked_pop,
        "Call `{name}.pop()` and catch the IndexError or KeyError, instead of checking first.",
        f"{_DOCS}/stdtypes.html#mutable-sequence-types",
    ),
    Better(
        code_forms.lazily_made,
        "Create {name} when the module is imported: an import runs once, whichever thread comes first.",
        "https://docs.python.org/3/reference/import.html",
    ),
    Better(
        code_forms.number_given,
        "Give out numbers with `next(numbers)`, where `numbers = itertools.count()`: one step under the GIL.",
        f"{_DOCS}/itertools.html#itertools.count",
    ),
)
