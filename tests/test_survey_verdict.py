"""The verdict on a loop from its source and what was observed."""

from collections import deque
from collections.abc import Iterable
from types import SimpleNamespace

import numpy as np
import pytest

from advisor.survey.facts import LoopObservation, ObservedChange, StaticDependence, Variable
from advisor.survey.repeated_objects import SeenItems, is_shared_within
from advisor.survey.verdict import dependence

LOOP = ("program.py", 3, 0)
INDEPENDENT = StaticDependence((Variable("xs", "read"),), (), "independent")
SUM = StaticDependence((Variable("total", "reduction", "+", (4,)), Variable("xs", "read")), (), "reduction")


def observation(*changes, watched=5, **facts):
    return LoopObservation(
        LOOP, executions=1, iterations=100, seconds=1.0, profile=None, watched=watched, changes=changes, **facts
    )


def test_both_kinds_of_evidence():
    """A loop is independent if its source says so and no watched iteration changed anything."""
    verdict = dependence(INDEPENDENT, observation())
    assert verdict.independence == "independent"
    assert verdict.why == "no iteration reads what another one writes; 5 iterations were watched"


def test_reduction_that_was_seen():
    """A change that the source explains leaves a reduction one."""
    verdict = dependence(SUM, observation(ObservedChange("total", "rebound", written_read=True)))
    assert verdict.independence == "reduction"
    assert verdict.why == "iterations share only `total` (sum); 5 iterations were watched"


@pytest.mark.parametrize(
    ("observed", "how_many"),
    [(None, "none of its"), (observation(watched=0), "none of its"), (observation(watched=1), "too few")],
)
def test_without_observation(observed, how_many):
    """Nothing is called independent from the source alone."""
    verdict = dependence(INDEPENDENT, observed)
    assert (verdict.independence, verdict.why) == (
        "unknown",
        f"by the source alone, no iteration reads what another one writes; {how_many} iterations were watched",
    )


def test_change_that_the_source_does_not_explain():
    """A change of an object that the source only reads makes the verdict unknown, and names the object."""
    verdict = dependence(INDEPENDENT, observation(ObservedChange("xs", "items")))
    assert verdict.independence == "unknown"
    assert "`xs` changed" in verdict.why
    assert verdict.obstacles[-1].blocks


def test_read_after_a_write():
    """An iteration that was seen to read what an earlier one wrote makes a loop carried."""
    verdict = dependence(INDEPENDENT, observation(ObservedChange("state", "changed", written_read=True)))
    assert verdict.independence == "carried"


def test_random_numbers():
    """Draws from a generator that outlives an iteration make the verdict unknown."""
    assert dependence(INDEPENDENT, observation(random=True)).independence == "unknown"


def test_output_that_the_source_does_not_name():
    """Output that was seen is something to keep in mind, but rules nothing out."""
    verdict = dependence(INDEPENDENT, observation(output=True))
    assert verdict.independence == "independent"
    assert [obstacle.blocks for obstacle in verdict.obstacles] == [False]


def test_carried_by_the_source():
    """No observation makes a loop independent that the source calls carried."""
    carried = StaticDependence((Variable("x", "carried", "", (4,)),), (), "carried")
    assert dependence(carried, observation()).independence == "carried"


def test_parts_of_a_variable():
    """A change of a part of a variable is explained by it, and one of its owner by the part."""
    static = StaticDependence((Variable("self.rows", "reduction", "append"),), (), "reduction")
    for name in ("self.rows", "self"):
        assert dependence(static, observation(ObservedChange(name, "grown"))).independence == "reduction"


def repeats(items: Iterable[object], *parts: str) -> bool:
    """Return what is found when a loop goes through all of the items."""
    seen = SeenItems(parts)
    deque(seen.watch(items, iter(items)), maxlen=0)
    return seen.repeats


def test_items_that_are_one_object():
    """A container may have an object twice, or arrays that overlap; its keys and numbers do not count."""
    one, other = [1], [1]
    assert not repeats([one, other, 1, 1, "a", "a"])
    assert repeats([one, other, one])
    assert repeats({"a": one, "b": one}.items())
    assert repeats(enumerate([one, one]))
    assert not repeats({"a": one, "b": other}.values())
    signal = np.zeros(30)
    assert repeats([signal[:20], signal[10:]])
    assert repeats([signal, signal[10:]])
    assert not repeats([signal[:10], signal[10:]])
    assert not repeats(iter("aa"))


def test_items_of_no_container_that_are_one_object():
    """Items of an iterator are looked at one by one; new objects that nothing else has do not count."""
    one, other = [1], [1]
    assert repeats(filter(None, [one, other, one]))
    assert repeats(zip([1, 2], [one, one], strict=True))
    assert not repeats(zip([1, 1], [one, other], strict=True))
    assert not repeats([n] for n in range(100))


def test_items_that_share_a_part():
    """Items may be different objects, and one that iterations change be an attribute of several of them."""
    shared = [0]
    own, common = (SimpleNamespace(rows=[n]) for n in range(2)), (SimpleNamespace(rows=shared) for _ in range(2))
    assert not repeats(list(own), "rows")
    assert repeats(list(common), "rows")


def test_parts_that_are_other_items():
    """Iterations may change an object in an attribute of their item that is an item itself, as in a linked list."""
    nodes = [SimpleNamespace(n=n, below=None) for n in range(3)]
    apart = [SimpleNamespace(n=n, below=SimpleNamespace(n=0)) for n in range(3)]
    nodes[0].below = nodes[1]
    for items in (nodes, iter(nodes), enumerate(nodes), [(node, 1) for node in nodes]):
        assert repeats(items, "below")
    assert not repeats(apart, "below")
    assert is_shared_within(nodes, ("[]", "below"))
    assert not is_shared_within(apart, ("[]", "below"))


def test_containers_whose_items_are_not_apart():
    """Rows of an array may overlap, and objects be in a container twice, which matters where they are changed."""
    signal = np.zeros(30)
    windows = np.lib.stride_tricks.sliding_window_view(signal, 5)
    assert is_shared_within(windows, ())
    assert is_shared_within(np.broadcast_to(signal, (3, 30)), ())
    for apart in (windows[::5], signal.reshape(5, 6).T, signal[::-2], np.asfortranarray(np.ones((3, 4, 5)))):
        assert not is_shared_within(apart, ())
    assert is_shared_within([signal[:20], signal[10:]], ("[]",))
    assert is_shared_within({"a": signal, "b": signal}, ("[]",))
    assert not is_shared_within([signal, signal], ())
    assert not is_shared_within([[1], [1]], ("[]",))


@pytest.mark.parametrize(("role", "operation"), [("written by item", ""), ("reduction", "items")])
def test_items_that_were_seen_to_be_shared(role, operation):
    """Items that are not apart make a loop carried, whatever the source says."""
    static = StaticDependence((Variable("rows", role, operation),), (), "reduction")
    assert (
        dependence(static, observation(ObservedChange("rows", "changed", written_read=True))).independence == "carried"
    )
