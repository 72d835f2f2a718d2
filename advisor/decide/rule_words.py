"""The figures and words that the texts of rules and pitfalls are filled with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from advisor.decide import cluster_words, race_words, thread_limits
from advisor.decide.pickling_remedies import remedy
from advisor.models import Estimate, FailedInputs, HeldResource
from advisor.predict.feasibility import MEMORY_SHARE
from advisor.report import formatting

if TYPE_CHECKING:
    from advisor.decide.rule_inputs import Facts


def tightest(resources: Iterable[HeldResource]) -> HeldResource | None:
    return max(resources, key=lambda resource: resource.seconds / resource.places, default=None)


class TemplateValues(dict[str, str]):
    """Figures by name, formatted on first access, since most are never used."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, name: str) -> str:
        text = self[name] = _FORMATTERS[name](self._facts)
        return text


def _resource(facts: Facts, text: Callable[[HeldResource, float], str]) -> str:
    """Format the tightest held resource and the share of a call's time for which it is held."""
    resource = facts.tightest_resource or tightest(facts.profile.held)
    return "nothing" if resource is None else text(resource, min(1.0, resource.seconds / facts.profile.wall))


def _thread_limit(facts: Facts) -> str:
    """Format the speed-up that the GIL allows threads; a bound only where the call was measured."""
    limit = formatting.times(1.0 / max(facts.gil_share, 1e-3))
    return f"about {limit}" if facts.assumed else f"{limit} at most"


def _larger_pool(facts: Facts, text: Callable[[Estimate], str]) -> str:
    return "nothing" if facts.larger_pool is None else text(facts.larger_pool)


def _failed_inputs(failed: FailedInputs | None) -> str:
    """Format how many inputs failed, and where the first of them is."""
    if failed is None:
        return "none"
    place = f" ({'the first of them ' if failed.count > 1 else ''}{failed.where})" if failed.where else ""
    return f"{formatting.count(failed.count)} of {formatting.count(failed.of)} inputs{place}"


def _on_top(facts: Facts) -> str:
    """Say that workers and the threads of each call compete."""
    if facts.workers == 1:
        return ""
    return f"; {formatting.workers(facts.strategy, facts.workers)} on top would compete for {facts.words['cores']}"


def _process_start(facts: Facts) -> float:
    processes = facts.best("multiprocessing")
    return processes.start_up if processes else facts.machine.process_start


def _listed(names: Sequence[str], limit: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def _format(formatted: Callable[[Any], str], *paths: str) -> dict[str, Callable[[Facts], str]]:
    """Format attributes of the facts, each under the last part of its path."""

    def formatter(path: str) -> Callable[[Facts], str]:
        value = attrgetter(path)
        return lambda facts: formatted(value(facts))

    return {path.rpartition(".")[2]: formatter(path) for path in paths}


_FORMATTERS: dict[str, Callable[[Facts], str]] = {
    **cluster_words.FORMATTERS,
    **_format(formatting.percent, "gil_share", "free_share", "own_share", "child_share", "wait_share", "unknown_share"),
    **_format(formatting.duration, "profile.wall", "profile.wait", "profile.child_cpu", "profile.gil_blocked"),
    **_format(formatting.duration, "profile.loop_blocked"),
    "blocking_line": lambda facts: f" ({line})" if (line := facts.profile.blocking_line) else "",
    **_format(formatting.duration, "profile.run_queue", "profile.first_call", "profile.repeated_call"),
    **_format(formatting.duration, "profile.import_seconds", "pickling", "dispatch"),
    **_format(formatting.duration, "chosen.seconds.expected", "chosen.seconds.low", "chosen.seconds.high"),
    **_format(formatting.size, "profile.argument_bytes", "profile.result_bytes", "profile.function_bytes"),
    **_format(formatting.size, "working_set", "effects.output_bytes", "machine.memory", "memory_needed"),
    **_format(formatting.count, "job.calls", "chosen.chunk"),
    **_format(str, "start_method", "effects.children_left"),
    **_format(_listed, "lost_globals", "effects.changed", "effects.threads_left"),
    "calls_measured": lambda facts: (
        "1 call" if facts.profile.calls == 1 else f"{formatting.count(facts.profile.calls)} calls"
    ),
    "times_called": lambda facts: (
        "once" if facts.profile.calls == 1 else f"{formatting.count(facts.profile.calls)} times"
    ),
    "traces": lambda facts: " and ".join(
        f"it {did} {_listed(names)}"
        for did, names in (("wrote to", facts.effects.wrote), ("connected to", facts.effects.connected))
        if names
    ),
    "result_pieces": lambda facts: formatting.count(int(float(f"{facts.profile.result_pieces or 0.0:.2g}"))),
    "native_threads": lambda facts: f"{facts.native_threads:.1f}".removesuffix(".0"),
    "on_top": _on_top,
    "by_itself": lambda facts: thread_limits.by_itself(facts.profile),
    "to_one_thread": lambda facts: thread_limits.how_to_limit(facts.profile),
    "limited_processes": lambda facts: thread_limits.gain(
        thread_limits.limited_processes(facts.profile, facts.job, facts.machine), facts.chosen
    ),
    "function_reason": lambda facts: facts.profile.picklable.reasons.get("function") or "it cannot be pickled",
    "argument_reason": lambda facts: facts.profile.picklable.reasons.get("arguments") or "they cannot be pickled",
    "result_reason": lambda facts: facts.profile.picklable.reasons.get("results") or "it cannot be pickled",
    "argument_remedy": lambda facts: remedy(facts.words["argument_reason"]).argument,
    "result_remedy": lambda facts: remedy(facts.words["result_reason"]).result,
    "function_gain": lambda facts: facts.gain_if_picklable("function"),
    "argument_gain": lambda facts: facts.gain_if_picklable("arguments"),
    "result_gain": lambda facts: facts.gain_if_picklable("results"),
    "target": lambda facts: facts.profile.target or "the function",
    "failed_inputs": lambda facts: _failed_inputs(facts.profile.failed_inputs),
    "failed_exception": lambda facts: facts.profile.failed_inputs.exception if facts.profile.failed_inputs else "",
    "failed_reason": lambda facts: facts.profile.failed_inputs.reason if facts.profile.failed_inputs else "",
    "obstacle": lambda facts: facts.obstacle(),
    "archetype": lambda facts: facts.profile.archetype or "unknown",
    "workers": lambda facts: formatting.workers(facts.strategy, facts.workers),
    "kind": lambda facts: formatting.kind(facts.strategy),
    "worker_count": lambda facts: str(facts.workers),
    "busy_cores": lambda facts: f"{min(facts.native_threads, facts.machine.cores):.1f}".removesuffix(".0"),
    "cores": lambda facts: f"{facts.machine.cores} core" + ("s" if facts.machine.cores > 1 else ""),
    "ruled_out_kind": lambda facts: formatting.kind(facts.ruled_out.strategy) if facts.ruled_out else "a pool",
    "ruled_out_why": lambda facts: facts.ruled_out.why if facts.ruled_out else "",
    "memory_share": lambda facts: formatting.percent(MEMORY_SHARE),
    "larger_pool": lambda facts: _larger_pool(
        facts, lambda estimate: formatting.workers(estimate.strategy, estimate.workers)
    ),
    "larger_pool_memory": lambda facts: _larger_pool(facts, lambda estimate: formatting.size(estimate.memory)),
    "loop_seconds": lambda facts: formatting.duration(facts.loop.seconds.expected) if facts.loop else "unknown",
    "runner_up": lambda facts: (
        formatting.workers(facts.runner_up.strategy, facts.runner_up.workers) if facts.runner_up else "another way"
    ),
    "runner_up_seconds": lambda facts: (
        formatting.duration(facts.runner_up.seconds.expected) if facts.runner_up else "unknown"
    ),
    "shared_writes": lambda facts: _listed(race_words.shared_writes(facts.profile)) or "what they share",
    "race_command": race_words.race_command,
    "race_lines": lambda facts: race_words.race_lines(facts.race_finding),
    "race_outcome": lambda facts: race_words.race_outcome(facts.race_finding),
    "race_switches": lambda facts: race_words.race_switches(facts.race_finding),
    "start_up": lambda facts: formatting.duration(_process_start(facts)),
    "thread_limit": _thread_limit,
    "resource": lambda facts: _resource(facts, lambda resource, share: f"{resource.name} ({resource.kind})"),
    "resource_places": lambda facts: _resource(
        facts,
        lambda resource, share: "one call" if resource.places == 1 else f"{formatting.count(resource.places)} calls",
    ),
    "resource_share": lambda facts: _resource(facts, lambda resource, share: formatting.percent(share)),
    "resource_limit": lambda facts: _resource(
        facts, lambda resource, share: formatting.times(resource.places / max(share, 1e-3))
    ),
}
