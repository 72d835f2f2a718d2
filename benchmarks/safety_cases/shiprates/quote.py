from . import tables


def quote(parcel):
    """Cents for a parcel (post code, grams)."""
    code, grams = parcel
    return tables.zones()[code[:3]] * 120 + grams // 10


def parcels():
    return [(f"{n * 37 % 100000:05}", 100 + n) for n in range(300)]
