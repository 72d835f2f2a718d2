"""Amounts hold interned currencies that are compared with `is`; __reduce__ leads back to the one object."""


class Currency:
    _known = {}

    def __new__(cls, code):
        if code not in cls._known:
            made = super().__new__(cls)
            made.code = code
            cls._known[code] = made
        return cls._known[code]

    def __reduce__(self):
        return Currency, (self.code,)

    def __repr__(self):
        return f"<{self.code}>"


EUR, USD = Currency("EUR"), Currency("USD")


class Amount:
    def __init__(self, cents, currency):
        self.cents, self.currency = cents, currency


def make_inputs():
    return [[Amount((n * k) % 5000, EUR if (n + k) % 3 else USD) for k in range(120)] for n in range(300)]


def in_euro(amounts):
    total = 0
    for _ in range(60):
        for amount in amounts:
            if amount.currency is EUR:
                total += amount.cents
            elif amount.currency is USD:
                total += amount.cents * 92 // 100
            else:
                raise ValueError(f"no rate for {amount.currency}")
    return total // 60
