"""Statements that end an iteration, a loop or a function."""

from __future__ import annotations

import ast

from advisor.survey.loops import FUNCTIONS


def leaves(node: ast.AST) -> bool:
    """Return True if a statement has a `continue` or `break` of the loop around it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, (ast.Continue, ast.Break)):
            return True
        if not isinstance(each, (ast.For, ast.While, *FUNCTIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(each)
    return False


def returns(node: ast.AST) -> bool:
    """Return True if a statement has a `return` or `yield`."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, (ast.Return, ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(each, (*FUNCTIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(each)
    return False
