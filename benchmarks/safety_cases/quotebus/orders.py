from .client import current_session


def value_order(order):
    session = current_session()
    legs = [session.quote(symbol, lots) for symbol, lots in order["legs"]]
    return {"id": order["id"], "legs": legs, "total": sum(legs)}


def open_orders():
    current_session()
    symbols = ["AAPL", "MSFT", "SAP", "ASML", "NVO", "SHEL"]
    return [{"id": n, "legs": [(symbols[n % 6], n + 1), (symbols[(n * 5 + 1) % 6], 2 * n + 3)]} for n in range(120)]
