from .memo import remember


def _season(month, band):
    curve = []
    for hour in range(24):
        curve.append(round(0.08 + 0.004 * ((hour * band + month) % 17), 4))
    return tuple(curve)


def season(month, band):
    return remember((month, band), _season)
