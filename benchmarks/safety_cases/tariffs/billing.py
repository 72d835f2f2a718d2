from .bands import season


def bill(meter):
    """Prices the hours of a year's days by the curve of their month."""
    by_month = []
    for month in range(1, 13):
        curve = season(month, meter["band"])
        total, level = 0.0, meter["start"]
        for hour in range(30 * 24):
            level = (level * 31 + month) % 977
            total += level / 1000 * curve[hour % 24]
        by_month.append(round(total, 4))
    return {"meter": meter["id"], "months": by_month, "total": round(sum(by_month), 4)}


def meters():
    return [{"id": f"M{n:04}", "band": 1 + n % 5, "start": 13 + n * 7} for n in range(250)]
