"""Turn an accused schedule into a finding: shorten it, replay it, and tell what happened line by line."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from advisor.interleaving.explorer import GroupExplorer, Suspect
from advisor.interleaving.judge import CRASHES, DEADLOCK
from advisor.interleaving.observations import Event
from advisor.interleaving.plans import encode
from advisor.interleaving.schedule import Blocked, Run

Finding = dict[str, Any]  # the fields of a RaceFinding: this process does without pydantic where it can
Row = dict[str, Any]  # those of a RaceStep
REPLAYS = 10
_LEAST_REPLAYS = 1  # of slow calls, when the time is over
_MAX_STEPS = 24
_MAX_EFFECTS = 6  # of one row
_MAX_PARTS = 3  # components that differ, in a text
_MAX_POSSIBLE = 3
_MAX_TEXT = 120  # characters of a value


def minimise(suspect: Suspect) -> Suspect | None:
    """Return the suspect with as few switches as possible; None if it is not accused again."""
    explorer, switches = suspect.explorer, dict(suspect.switches)
    run = explorer.run_again(suspect, switches)
    if not explorer.judge.accuses(run) or not explorer.is_accused_by_all(run):
        return None
    for step in sorted(switches, reverse=True):
        fewer = {other: thread for other, thread in switches.items() if other != step}
        shorter = explorer.run_again(suspect, fewer)
        if explorer.judge.accuses(shorter):
            switches, run = fewer, shorter
        if explorer.clock.left <= 0:
            break
    return Suspect(explorer, suspect.order, switches, run, suspect.is_wide)


def replay(suspect: Suspect) -> Run | None:
    """Return a recorded run of the schedule; None if it is not accused every time."""
    explorer = suspect.explorer
    run = explorer.run_again(suspect, suspect.switches, records=True)
    for number in range(REPLAYS - 1):
        if explorer.clock.left <= 0 and number >= _LEAST_REPLAYS:
            break
        if not explorer.judge.accuses(explorer.run_again(suspect, suspect.switches)):
            return None
    explorer.learn_again()
    return run if explorer.judge.accuses(run) else None


def describe(suspect: Suspect, run: Run, pair: int) -> Finding:
    """Return the finding for a recorded run."""
    explorer = suspect.explorer
    events = _relevant(run.events)
    differing = explorer.judge.differences(run) if run.ended == "done" else set()
    return {
        "kind": _kind(run, explorer),
        "with_gil": suspect.with_gil,
        "steps": _rows(events, run, explorer),
        "observed": _observed(run, differing),
        "possible": _possible(explorer, differing),
        "seed": encode(pair, suspect.order * 2 + suspect.is_wide, suspect.switches),
    }


def _kind(run: Run, explorer: GroupExplorer) -> str:
    if run.ended == DEADLOCK:
        return "deadlock"
    if run.ended.startswith(CRASHES):
        return "exception"
    for number, raised in enumerate(run.raised):
        usual = {order.results[number] for order in explorer.judge.runs if order.raised[number]}
        if raised and run.results[number] not in usual:
            return "exception"
    return "lost update" if _has_lost_update(run.events) else "different result"


def _has_lost_update(events: Sequence[Event]) -> bool:
    """Return True if a thread wrote what another had written since it read it."""
    read: dict[tuple[object, int], int] = {}
    written: dict[object, list[tuple[int, int]]] = {}
    for moment, event in enumerate(events):
        if not isinstance(event.key, tuple) or len(event.key) != 2 or event.key[0] == "lock":
            continue
        key, writes = event.key
        if not writes:
            read[key, event.thread] = moment
        elif event.action not in ("changes", "calls"):
            since = max(read.get((part, event.thread), -1) for part in (key, (*key[:-1], None)))
            others = (at for thread, at in written.get(key, ()) if thread != event.thread)
            if since >= 0 and any(at > since for at in others):
                return True
            written.setdefault(key, []).append((event.thread, moment))
    return False


# Steps


def _relevant(events: list[Event]) -> list[Event]:
    """Return the events without those of the time before the threads meet, if there are too many."""
    useful = [event for event in events if event.text]
    if len(useful) <= _MAX_STEPS * 3:
        return useful
    kept: set[int] = set()
    for index, (event, following) in enumerate(itertools.pairwise(useful)):
        if event.thread != following.thread:
            kept.update(range(index - 5, index + 7))
    kept.update(range(len(useful) - 6, len(useful)))
    return [event for index, event in enumerate(useful) if index in kept]


def _rows(events: list[Event], run: Run, explorer: GroupExplorer) -> list[Row]:
    rows: list[tuple[Event, list[str]]] = []
    for event in events:
        effect = _effect(event)
        last = rows[-1] if rows else None
        if last and (last[0].thread, last[0].file, last[0].line) == (event.thread, event.file, event.line):
            if effect and effect not in last[1]:
                last[1].append(effect)
        else:
            rows.append((event, [effect] if effect else []))
    steps = [_step(event, "; ".join(_shortened(effects)), explorer) for event, effects in rows]
    if run.ended == DEADLOCK:
        steps = _without_waiting(steps, run.blocked) + [_blocked_step(blocked, explorer) for blocked in run.blocked]
    return steps if len(steps) <= _MAX_STEPS else [*steps[: _MAX_STEPS // 2], *steps[-_MAX_STEPS // 2 :]]


def _shortened(effects: list[str]) -> list[str]:
    """Return the first and the last effects of a line that ran many times."""
    return effects if len(effects) <= _MAX_EFFECTS else [*effects[:2], "…", *effects[-2:]]


def _effect(event: Event) -> str:
    if event.action in ("acquires", "releases", "reads file", "writes file"):
        return f"{event.action} {event.text}"
    if event.action == "calls":
        return f"calls {event.text}"
    if event.action == "waits":
        return f"waits for {event.text}"
    return f"{event.action} {event.text}" + (f" = {event.value}" if event.value else "")


def _step(event: Event, effect: str, explorer: GroupExplorer) -> Row:
    lines = explorer.world.book.sources.lines(event.file)
    source = lines[event.line - 1].strip() if 0 < event.line <= len(lines) else ""
    return {
        "thread": event.thread + 1,
        "file": event.file,
        "line": max(1, event.line),
        "function": event.function,
        "source": source[:200],
        "effect": effect[:300],
        "callers": event.callers,
    }


def _without_waiting(steps: list[Row], blocked: list[Blocked]) -> list[Row]:
    places = {(b.thread + 1, b.where[1]) for b in blocked if b.where}
    return [s for s in steps if not ((s["thread"], s["line"]) in places and s["effect"].startswith("waits"))]


def _blocked_step(blocked: Blocked, explorer: GroupExplorer) -> Row:
    file, line, function = blocked.where or ("?", 1, "?")
    held = [f"{name}" + (f" (acquired at line {place[1]})" if place else "") for name, place in blocked.holds]
    holding = f", holding {' and '.join(held)}" if held else ""
    event = Event(blocked.thread, file, line, function, "waits")
    return _step(event, f"waits for ever for {blocked.wants}{holding}", explorer)


# Texts


def _observed(run: Run, differing: set[str]) -> str:
    if run.ended == DEADLOCK:
        return "no call can continue: " + "; ".join(_blocked_text(blocked) for blocked in run.blocked)
    if run.ended.startswith(CRASHES):
        return f"the calls {run.ended}"
    return _outcome_text(run, differing)


def _blocked_text(blocked: Blocked) -> str:
    where = f" at line {blocked.where[1]}" if blocked.where else ""
    held = [name for name, _ in blocked.holds]
    return f"call {blocked.thread + 1} waits for {blocked.wants}{where}" + (
        f" and holds {' and '.join(held)}" if held else ""
    )


def _possible(explorer: GroupExplorer, differing: set[str]) -> list[str]:
    texts = [_outcome_text(run, differing) for run in explorer.judge.runs]
    return list(dict.fromkeys(texts))[:_MAX_POSSIBLE]


def _outcome_text(run: Run, differing: set[str]) -> str:
    """Return a text such as "stock = 0 (call 1 → 'sold', call 2 → 'none left')"."""
    parts = list(dict.fromkeys(_part_text(path, run) for path in sorted(differing) if not path.startswith("call ")))
    shown = ", ".join(parts[:_MAX_PARTS]) + (", …" if len(parts) > _MAX_PARTS else "")
    results = ", ".join(f"call {number} → {text}" for number, text in enumerate(run.results, 1))
    if shown and all(text == "None" for text in run.results):
        return shown
    return f"{shown} ({results})" if shown else results


def _part_text(path: str, run: Run) -> str:
    """Return a text for a component that differs: that of its outermost container if it shows the difference."""
    if " order" in path or " content" in path:
        path = path.rpartition(" ")[0]
    bracket = path.find("[")
    for part in (path[:bracket], path) if bracket > 0 else (path,):
        if part in run.texts and " object" not in run.texts[part]:
            return f"{part} = {run.texts[part]}"
    text = " ".join(run.leaves.get(path, "absent").split())
    return f"{path} = {text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + '…'}"
