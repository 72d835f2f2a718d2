import contextlib
import decimal


@contextlib.contextmanager
def precision(digits, rounding=decimal.ROUND_HALF_EVEN):
    with decimal.localcontext() as context:
        context.prec = digits
        context.rounding = rounding
        yield context


CENT = decimal.Decimal("0.01")
