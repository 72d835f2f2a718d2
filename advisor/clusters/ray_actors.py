"""The actors that are the workers on a Ray cluster: one for each core, started, watched and replaced."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ray as _ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from advisor.clusters import on_worker
from advisor.clusters.engine import Worker

MAX_FAILED_STARTS = 3  # in a row, on a node
_CONTROL = "control"  # threads of an actor that run no tasks
ray: Any = _ray  # annotated in part only


@dataclass(eq=False)
class Actor:
    """An actor and the node that it is on."""

    worker: Worker
    node: str
    handle: Any
    ready: bool = False
    alive: bool = True
    started: list[Any] = field(default_factory=list)  # futures that must not be dropped


class Actors:
    """The actors of an engine, one for each core of each node.

    An actor that cannot get its core yet is no worker until it does.
    """

    def __init__(self, threads_each: int, name: str, changed: Callable[[], None]) -> None:
        self._threads_each = threads_each
        self._changed = changed
        self._name = name
        self._lock = threading.RLock()
        self._actors: dict[str, Actor] = {}
        self._numbers = itertools.count()
        self._failed_starts: dict[str, int] = {}
        self._given_up: list[Actor] = []
        self.trouble = ""  # why the last actor could not start
        remote = ray.remote(num_cpus=1, max_concurrency=threads_each, max_restarts=0, concurrency_groups={_CONTROL: 2})
        for method in ("ready", "live", "withdraw"):
            ray.method(concurrency_group=_CONTROL)(getattr(on_worker.RayStation, method))
        self._station = remote(on_worker.RayStation)

    def workers(self) -> list[Worker]:
        """Return the actors that take tasks."""
        with self._lock:
            return [actor.worker for actor in self._actors.values() if actor.ready and actor.alive]

    def starting(self) -> int:
        """Return the number of actors that do not take tasks yet."""
        with self._lock:
            return sum(not actor.ready for actor in self._actors.values())

    def find(self, worker: str) -> Actor | None:
        """Return a living actor by its id."""
        with self._lock:
            actor = self._actors.get(worker)
            return actor if actor is not None and actor.alive else None

    def tend(self, nodes: list[Mapping[str, Any]]) -> None:
        """Start the actors that are missing, forget those of nodes that have gone, and end those given up."""
        while self._given_up:
            _kill(self._given_up.pop())
        there = {node["NodeID"]: node for node in nodes if node["Alive"]}
        with self._lock:
            for actor in [actor for actor in self._actors.values() if actor.node not in there]:
                self._remove(actor)
            missing = [
                node
                for identity, node in there.items()
                if self._failed_starts.get(identity, 0) < MAX_FAILED_STARTS
                for _ in range(_cores(node) - sum(actor.node == identity for actor in self._actors.values()))
            ]
        for node in missing:  # without the lock, for which Ray's callbacks may wait
            self._start(node)

    def give_up(self, actor: Actor) -> None:
        """Take an actor out of service, to be ended by `tend`: in a callback of Ray's that would block."""
        self._remove(actor)
        self._given_up.append(actor)

    def clear(self) -> None:
        """End all actors."""
        with self._lock:
            actors = list(self._actors.values())
        for actor in actors:
            self._remove(actor)
            _kill(actor)

    def _start(self, node: Mapping[str, Any]) -> None:
        memory = int(node["Resources"].get("memory", 0)) // _cores(node) or None
        host = node["NodeManagerAddress"]
        worker = Worker(
            f"{host}-{self._name}{next(self._numbers)}", host=host, threads=self._threads_each, memory=memory
        )
        strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        handle = _by_value(self._station.options(scheduling_strategy=strategy).remote)
        actor = Actor(worker, node["NodeID"], handle)
        with self._lock:
            self._actors[worker.id] = actor
        for method, ended in ((handle.ready, self._is_ready), (handle.live, self._has_died)):
            future = method.remote().future()
            actor.started.append(future)
            future.add_done_callback(partial(ended, actor))

    def _is_ready(self, actor: Actor, future: Any) -> None:
        with self._lock:
            if future.exception() is None:
                actor.ready = True
                self._failed_starts.pop(actor.node, None)
            elif actor.alive:
                self.trouble = str(future.exception()).strip().splitlines()[-1]
                self._failed_starts[actor.node] = self._failed_starts.get(actor.node, 0) + 1
        self._changed()

    def _has_died(self, actor: Actor, _: Any) -> None:
        self._remove(actor)
        self._changed()

    def _remove(self, actor: Actor) -> None:
        with self._lock:
            actor.alive = False
            self._actors.pop(actor.worker.id, None)


def _cores(node: Mapping[str, Any]) -> int:
    return int(node["Resources"].get("CPU", 0))


def _kill(actor: Actor) -> None:
    """End an actor, whatever it does."""
    # It may have ended by itself.
    with suppress(Exception):
        ray.kill(actor.handle)


def _by_value(start: Callable[[], Any]) -> Any:
    """Call a function that pickles the class of an actor, so that the workers need no advisor."""
    ray.cloudpickle.register_pickle_by_value(on_worker)
    try:
        return start()
    finally:
        ray.cloudpickle.unregister_pickle_by_value(on_worker)
