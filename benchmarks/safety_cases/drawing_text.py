"""Finds the labels nearest to symbols on scanned drawings."""


class Sheet:
    def __init__(self, number):
        self.number = number
        self._grid = None

    @property
    def grid(self):
        if self._grid is None:
            self._grid = {}
            for label in range(1500):
                x, y = label * 37 % 991, label * (53 + self.number) % 983
                self._grid.setdefault((x // 50, y // 50), []).append((x, y, label))
        return self._grid

    def nearest(self, x, y):
        best = None
        for column in range(x // 50 - 2, x // 50 + 3):
            for row in range(y // 50 - 2, y // 50 + 3):
                for lx, ly, label in self.grid.get((column, row), ()):
                    far = (lx - x) ** 2 + (ly - y) ** 2
                    if best is None or (far, label) < best:
                        best = (far, label)
        return best


_sheets = [Sheet(number) for number in range(30)]


def annotate(symbol):
    number, points = symbol
    sheet = _sheets[number]
    return number, [sheet.nearest(x, y) for x, y in points]


def symbols():
    return [(n // 8, [((n * 71 + k * 97) % 950, (n * 43 + k * 131) % 950) for k in range(90)]) for n in range(240)]
