"""A metered API: units used against a monthly limit."""


def metered(limit: int):
    used = 0

    def charge(units: int) -> str:
        nonlocal used
        used += units
        if used > limit:
            return "over quota"
        return "ok"

    return charge


charge = metered(limit=10)


def work(units: int) -> str:
    return charge(units)
