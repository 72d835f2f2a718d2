"""Dependences between the iterations of loops, from the source alone."""

import pytest

from advisor.survey.dependence import static_dependence
from advisor.survey.facts import Loop, StaticDependence
from advisor.survey.loops import loops_of
from tests.survey_grouping import GROUPED
from tests.survey_hidden_state import HIDDEN
from tests.survey_loops import CARRIED, HEAD, INDEPENDENT, REDUCTIONS
from tests.survey_shared_groups import SHARED_GROUPS


def marked_loop(source: str, file: str = "program.py") -> Loop:
    """Return the first loop of the line with the mark."""
    line = next(number for number, text in enumerate(source.splitlines(), 1) if "# here" in text)
    return next(loop for loop in loops_of(source, file) if loop.id[1] == line)


def dependence(code: str) -> StaticDependence:
    source = HEAD + code
    return static_dependence(source, "program.py", marked_loop(source))


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent(name):
    """Loops whose iterations leave nothing behind that another one reads are independent."""
    assert dependence(INDEPENDENT[name]).independence == "independent"


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    """Loops that fold a result of each iteration into something are reductions."""
    assert dependence(REDUCTIONS[name]).independence == "reduction"


@pytest.mark.parametrize("name", CARRIED)
def test_carried(name):
    """Loops whose iterations need one another, or may do so, are never called independent or a reduction."""
    found = dependence(CARRIED[name])
    assert found.independence in ("carried", "unknown")
    assert any(obstacle.blocks for obstacle in found.obstacles)


@pytest.mark.parametrize("name", GROUPED)
def test_grouped(name):
    """Values may be grouped in containers of the iteration; a change of a group is none of the values."""
    assert dependence(GROUPED[name]).independence == "reduction"


@pytest.mark.parametrize("name", SHARED_GROUPS)
def test_shared_groups(name):
    """Groups that may be objects from outside, or items of them, are dependences if they change."""
    found = dependence(SHARED_GROUPS[name])
    assert found.independence in ("carried", "unknown")
    assert any(obstacle.blocks for obstacle in found.obstacles)


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_state(name):
    """State that is hard to see is a dependence, too: in classes, properties, operators, buffers, files and items."""
    found = dependence(HIDDEN[name])
    assert found.independence in ("carried", "unknown")
    assert any(obstacle.blocks for obstacle in found.obstacles)
