"""Say what would change the verdict on a described task."""

from __future__ import annotations

from advisor.models import Machine, Profile, Reason, Strategy
from advisor.report import formatting

SOURCE = "Amdahl's law: what holds the GIL is not shared out among threads"

# By archetype where that says more, else by strategy. `rest` is the share of the cores that are left beside one.
_BY_ARCHETYPE = {
    "child-program": "If the computing happens in Python and not in the other program, use processes.",
    "native": "If it is Python code that computes, and not native code that releases the GIL, use processes.",
    "compression": "If it is Python code that computes, and not native code that releases the GIL, use processes.",
    "serial": "If the calls do not need each other's results, say what each of them does: that decides.",
    "tiny": "If one call handles some hundred items instead of one, processes are worth a look.",
    "parallel": "If the library is told to use one core only, the calls themselves can be shared out.",
    "mixed": "If hardly any of a call computes in Python, threads do; if hardly any of it waits, fewer processes do.",
}
_BY_STRATEGY: dict[Strategy, str] = {
    "threading": "If computing in Python takes more than half of a call, threads gain 2× at most: use processes then.",
    "asyncio": "If computing takes more than half of a call, or a library blocks the loop, use processes or threads.",
    "multiprocessing": "If {rest} of a call or more is waiting, another program's work or native code that releases "
    "the GIL, threads gain as much and share their memory.",
}


def turning_point(strategy: Strategy, profile: Profile, machine: Machine) -> Reason | None:
    """Return what to check before relying on the verdict, or None where nothing simple would change it."""
    kind = profile.archetype or ""
    text = _BY_ARCHETYPE.get(kind) if strategy != "multiprocessing" or kind == "mixed" else None
    text = text or _BY_STRATEGY.get(strategy)
    if text is None:
        return None
    rest = formatting.percent(1.0 - 1.0 / max(2, machine.cores))
    return Reason(rule="turning-point", text=text.format(rest=rest), source=SOURCE)
