import pandas as pd

_PRICES = None


def prices():
    """Closing prices; the table is made when it is first asked for."""
    global _PRICES
    if _PRICES is None:
        symbols = [f"S{n:03}" for n in range(200)]
        _PRICES = pd.Series([10 + (n * 37) % 90 for n in range(200)], index=symbols, dtype=float)
    return _PRICES
