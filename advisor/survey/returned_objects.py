"""Tell results that a process may not return, since they would be copies of objects that the program changes later."""

from __future__ import annotations

import ast

from advisor.survey.dependence import Analysis
from advisor.survey.fission import CannotSplitError
from advisor.survey.values import FRESH

_NEAR = 2  # steps of a path to an item or an attribute of one
_SCALARS = ("builtins.int", "builtins.float", "builtins.str", "builtins.bytes", "builtins.bool")


def check_returned(analysis: Analysis, value: ast.expr) -> None:
    """Raise CannotSplitError if a result is, or holds, an object from outside, and the program changes attributes.

    A copy of it would come back, which changes of the object do not reach.
    """
    if analysis.kinds.of(value, analysis.scope) in _SCALARS:
        return
    found = analysis.values.of(value)
    held = {path for path in found.parts if len(path) <= _NEAR}
    outside = (found.itself | held) - {FRESH}
    if outside and analysis.summaries.classes.changes_late:
        raise CannotSplitError(f"`{ast.unparse(value)}` may be an object that is changed later, and would be a copy")
