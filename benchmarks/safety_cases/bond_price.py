from decimal import Decimal, localcontext


def price(bond):
    face, coupon, percent, years = bond
    with localcontext() as context:
        context.prec = 40 + years % 3
        rate = 1 + Decimal(percent) / 100
        value = Decimal(0)
        for year in range(1, years * 90 + 1):
            value += Decimal(face * coupon) / 100 / rate ** year
        value += Decimal(face) / rate ** years
        return str(value)


def make_inputs():
    return [(1000 + n, n % 8 + 1, n % 5 + 1, n % 20 + 10) for n in range(200)]
