"""Say why a layout of worker processes and threads suits the calls."""

from __future__ import annotations

from typing import NamedTuple

from advisor.report import formatting

NOTICEABLE_GIL = 0.05  # of a call's time
NOTICEABLE_WAIT = 0.2


class LayoutFacts(NamedTuple):
    """A layout, and what it depends on."""

    processes: int
    threads_each: int
    cores: int
    gil: float  # share of a call's time
    waiting: float  # share of a call's time
    in_threads: str  # what breaks in threads; empty if nothing does
    sending_limits: bool  # the client and the scheduler are slower than the workers
    memory_each: float | None  # bytes of a process, if other layouts would be faster with more memory
    memory: int | None


def reason_of(facts: LayoutFacts) -> str:
    """Return one or two sentences."""
    sentences = [_on_sending(facts) or _on_threads(facts), _on_memory(facts)]
    return " ".join(sentence for sentence in sentences if sentence)


def _on_sending(facts: LayoutFacts) -> str:
    if not facts.sending_limits:
        return ""
    return "More workers would not help: the client and the scheduler cannot send the calls any faster."


def _on_threads(facts: LayoutFacts) -> str:
    gil, waiting = formatting.percent(facts.gil), formatting.percent(facts.waiting)
    calls = facts.processes * facts.threads_each
    cores = "the core" if facts.cores == 1 else f"the {formatting.count(facts.cores)} cores"
    if facts.in_threads:
        return f"One thread for each process, since {facts.in_threads}."
    if facts.waiting >= NOTICEABLE_WAIT and calls > facts.cores:
        held = f" and holds the GIL for {gil}" if facts.gil >= NOTICEABLE_GIL else ""
        at_once = f"{formatting.count(calls)} calls at once make good use of {cores}"
        return f"A call waits for {waiting} of its time{held}, so that {at_once}."
    if facts.threads_each == 1:
        if facts.cores == 1:
            return "One core needs one process."
        return f"A call holds the GIL for {gil} of its time: threads of one process would wait for each other."
    if facts.processes == 1:
        return f"A call holds the GIL for only {gil} of its time: {facts.threads_each} threads can share a process."
    return (
        f"A call holds the GIL for {gil} of its time: {facts.threads_each} threads can share a process, "
        "and more would wait for each other."
    )


def _on_memory(facts: LayoutFacts) -> str:
    if facts.memory_each is None or facts.memory is None:
        return ""
    each, available = formatting.size(facts.memory_each), formatting.size(facts.memory)
    return f"More do not fit into the memory: a process needs {each} of the {available} available."
