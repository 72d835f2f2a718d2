"""The registry of strategies is complete."""

from typing import get_args

from advisor.decide.codegen.templates import TEMPLATES
from advisor.models import Recommendation, Strategy
from advisor.models.strategies import EVERY, LOCAL
from advisor.predict.cost_functions import COST_FUNCTIONS
from advisor.run.executors import EXECUTORS


def test_every_strategy_can_be_predicted_written_and_run() -> None:
    """Each has an entry, a cost function and a code template; those of this host have an executor."""
    assert EVERY == set(get_args(Strategy)) == set(get_args(Recommendation)) - {"undecided"}
    assert EVERY == set(COST_FUNCTIONS) == set(TEMPLATES)
    assert set(EXECUTORS) == LOCAL
