"""The workers that a Dask scheduler has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from advisor.clusters.engine import Worker


class Roster:
    """The workers that are there, each under an id of its own: another process may get the address of a lost one."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}  # by address
        self._paused: set[str] = set()  # addresses
        self.other_pythons: dict[str, str] = {}  # versions that cannot load what this one pickles, by address
        self._addresses: dict[str, str] = {}  # by id
        self._times: Counter[str] = Counter()  # that an address was used

    def workers(self) -> list[Worker]:
        """Return the workers that take tasks."""
        unfit = self._paused | self.other_pythons.keys()
        return [worker for address, worker in list(self._workers.items()) if address not in unfit]

    def address(self, worker: str) -> str | None:
        """Return the address of a worker that is there, by its id."""
        return self._addresses.get(worker)

    def unknown(self, found: Iterable[str]) -> list[str]:
        """Return the addresses that are new."""
        return [address for address in found if address not in self._workers]

    def update(self, found: Mapping[str, Mapping[str, Any]]) -> tuple[bool, list[str]]:
        """Take over what the scheduler says of each address; return whether there are new workers, and lost ids."""
        lost = [worker for address in self._workers.keys() - found.keys() for worker in self.remove(address)]
        new = self.unknown(found)
        for address in new:
            self._add(address, found[address])
        self._paused = {address for address, info in found.items() if info.get("status", "running") != "running"}
        return bool(new), lost

    def remove(self, address: str) -> list[str]:
        """Remove the worker that has an address, if there is one, and return its id."""
        worker = self._workers.pop(address, None)
        if worker is None:
            return []
        del self._addresses[worker.id]
        self.other_pythons.pop(address, None)
        return [worker.id]

    def _add(self, address: str, info: Mapping[str, Any]) -> None:
        times = self._times[address]
        self._times[address] += 1
        name = f"{address}#{times}" if times else address
        self._addresses[name] = address
        self._workers[address] = Worker(
            id=name,
            host=str(info["host"]),
            threads=int(info["nthreads"]),
            memory=int(info["memory_limit"] or 0) or None,
        )
