"""Functions to call in pools. Nothing is imported, because pydantic does not load in subinterpreters."""


def add(a: int, b: int = 0) -> int:
    return a + b


def refuse(value: int) -> int:
    if value == 3:
        raise LookupError(f"no {value} here")
    return value
