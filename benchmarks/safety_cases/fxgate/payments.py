import time

from .rates import RATES


class Gateway:
    """Stateless client of the payment provider."""

    def __init__(self, url, timeout=5):
        self.url, self.timeout = url, timeout

    def authorise(self, payment, cents):
        time.sleep(0.005)
        return f"{payment['id']}:{cents % 9973:04}"


gateway = Gateway("https://pay.example/v2")


def settle(payment):
    rate = RATES.get((payment["currency"], "EUR"))
    cents = round(payment["cents"] * rate)
    receipt = {"id": payment["id"], "cents": cents}
    receipt["code"] = gateway.authorise(payment, cents)
    return receipt


def payments():
    return [{"id": n, "currency": ["USD", "GBP", "CHF", "SEK", "JPY"][n % 5], "cents": 1000 + n * 37} for n in range(150)]
