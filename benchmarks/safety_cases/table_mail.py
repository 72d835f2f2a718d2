import pandas as pd

SALES = pd.DataFrame({
    "store": [f"S{n % 12:02d}" for n in range(240)],
    "week": [n // 12 for n in range(240)],
    "amount": [((n * 7919) % 10007) / 7 for n in range(240)],
})


def body(recipient):
    name, store, digits = recipient
    rows = SALES[SALES["store"] == store]
    with pd.option_context("display.precision", digits, "display.max_rows", 8 + digits):
        table = rows.describe().to_string() + "\n" + str(rows.reset_index(drop=True))
    return f"Dear {name},\n{table}\n"


def make_inputs():
    return [(f"Manager {n}", f"S{n % 12:02d}", n % 5 + 1) for n in range(100)]
