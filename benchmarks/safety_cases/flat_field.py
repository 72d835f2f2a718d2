"""Divides sensor frames by the flat field; dead pixels divide by zero."""
import numpy as np

FLAT = np.abs(np.sin(np.arange(90000, dtype=float))).reshape(300, 300)
FLAT[::37, ::41] = 0.0


def correct(frame):
    number, strict = frame
    raw = np.cos(np.arange(90000) * (number + 1) * 1e-3).reshape(300, 300) ** 2
    with np.errstate(divide="raise" if strict else "ignore", invalid="ignore"):
        try:
            ratio = np.log1p(raw) / FLAT
        except FloatingPointError:
            return number, "dead pixels"
    good = ratio[np.isfinite(ratio)]
    return number, round(float(np.median(good)), 6), good.size


def frames():
    return [(n, n % 3 == 0) for n in range(120)]
