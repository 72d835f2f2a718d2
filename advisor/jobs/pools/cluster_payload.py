"""Pack chunks for a cluster: large arguments that several calls have are sent once."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from advisor.clusters.engine import Engine
from advisor.jobs.pools import pickles
from advisor.jobs.pools.cluster_program import Payload, Place
from advisor.jobs.pools.pool import Arguments, CannotSendError, Chunk

SHARED_BYTES = 100_000  # of the pickle, from which an argument is sent once
MAX_SHARED = 64  # objects that are kept in the cluster
_SMALL = (int, float, complex, bool, type(None))


class Packed(NamedTuple):
    """A chunk that can be submitted."""

    payload: bytes
    shared: Sequence[Any]

    @property
    def size(self) -> int:
        """Bytes that are sent with the chunk."""
        return len(self.payload)


@dataclass
class _Shared:
    """An object in the cluster; as long as it is kept here, no other one has its id."""

    value: Any
    data: bytes
    reference: Any

    def has_changed(self) -> bool:
        """Return True if the object is not the one that was sent any more.

        That takes as long as pickling it for each chunk would, but then nothing has to be sent.
        """
        return not isinstance(self.value, (str, bytes)) and pickles.dumps_for_other_main(self.value) != self.data


class Packer:
    """Packs chunks.

    An object that is an argument of two calls one after the other, in the same place, is taken for one that more calls
    will have.

    Args:
        engine: Of the cluster.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shared: OrderedDict[int, _Shared] = OrderedDict()
        self._latest: dict[int | str, Any] = {}  # by position or name
        self._unshared: dict[int | str, Any] = {}  # objects not to share: small ones, and those that change

    def pack(self, chunk: Chunk, *, singly: bool = False) -> Packed:
        """Pack a chunk; with `singly`, so that its calls can be told apart.

        Raises:
            CannotSendError: An argument cannot be pickled.
        """
        try:
            calls, places, used = self._take_out(chunk.calls)
            batches = [[call] for call in calls] if singly else [calls]
            payload = Payload(chunk.keys, [pickles.dumps_for_other_main(batch) for batch in batches], places)
        except Exception as error:
            raise CannotSendError(f"the arguments cannot be pickled: {error}") from error
        return Packed(pickle.dumps(tuple(payload), 5), [each.reference for each in used])

    def _take_out(self, calls: Sequence[Arguments]) -> tuple[Sequence[Arguments], list[Place], list[_Shared]]:
        """Return the calls without their shared arguments, the places of those, and the shared objects."""
        places: list[Place] = []
        used: dict[int, _Shared] = {}
        refused: set[int] = set()  # objects that have changed
        for number, call in enumerate(calls):
            for place, value in _arguments(call):
                if type(value) in _SMALL or id(value) in refused:
                    continue
                if id(value) not in used:
                    shared = self._find(place, value)
                    if shared is None:
                        continue
                    if shared.has_changed():
                        del self._shared[id(value)]
                        self._unshared[place] = value
                        refused.add(id(value))
                        continue
                    used[id(value)] = shared
                places.append((number, place, list(used).index(id(value))))
        return _without(calls, places), places, list(used.values())

    def _find(self, place: int | str, value: Any) -> _Shared | None:
        """Return what is known about an argument in the cluster; put it there if that is worthwhile."""
        latest, self._latest[place] = self._latest.get(place), value
        if (shared := self._shared.get(id(value))) is not None:
            self._shared.move_to_end(id(value))
            return shared
        if latest is not value or self._unshared.get(place) is value:
            return None
        is_short = isinstance(value, (str, bytes)) and len(value) < SHARED_BYTES
        data = b"" if is_short else pickles.dumps_for_other_main(value)
        if len(data) < SHARED_BYTES:
            self._unshared[place] = value
            return None
        shared = self._shared[id(value)] = _Shared(value, data, self._engine.share(data))
        if len(self._shared) > MAX_SHARED:
            self._shared.popitem(last=False)
        return shared


def _without(calls: Sequence[Arguments], places: Sequence[Place]) -> Sequence[Arguments]:
    """Return the calls with nothing in these places."""
    if not places:
        return calls
    without = list(calls)
    for number, place, _ in places:
        args, kwargs = without[number]
        if isinstance(place, str):
            without[number] = args, {**kwargs, place: None}
        else:
            without[number] = (*args[:place], None, *args[place + 1 :]), kwargs
    return without


def _arguments(call: Arguments) -> Iterator[tuple[int | str, Any]]:
    args, kwargs = call
    yield from enumerate(args)
    yield from kwargs.items()
