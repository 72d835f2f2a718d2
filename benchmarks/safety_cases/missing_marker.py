"""Fill gaps in series; a gap is marked by an object of its own."""
MISSING = object()


def fill(series):
    last, filled, gaps = 0, [], 0
    for value in series * 30:
        if value is MISSING:
            gaps += 1
            value = last
        last = value
        filled.append(str(value)[:4])
    return gaps, len(filled)


def make_inputs():
    return [[MISSING if (n + k) % 7 == 0 else k for k in range(80)] for n in range(500)]
