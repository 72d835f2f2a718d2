from .routing import handles

RATES = {"DE": 19, "FR": 20, "LU": 17, "HU": 27}


def luhn(number):
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10


@handles("invoice.created", required=("lines", "country"))
def on_invoice(event):
    rate = RATES[event["country"]]
    net = tax = 0
    checks = []
    for article, quantity, cents in event["lines"]:
        net += quantity * cents
        tax += quantity * cents * rate // 100
        checks.append(luhn(article))
    return {"net": net, "tax": tax, "bad": sum(map(bool, checks))}


def events():
    countries = sorted(RATES)
    return [{"id": n, "country": countries[n % 4],
             "lines": [(str(10 ** 23 + (n * 7919 + k * 104729) ** 4 % 10 ** 23), 1 + k % 9, 100 + k) for k in range(500)]} for n in range(240)]
