class Aligner:
    """Global alignment score in linear memory."""

    def __init__(self, match=2, mismatch=-1, gap=-2, longest=512):
        self.match, self.mismatch, self.gap = match, mismatch, gap
        self._previous = [0] * (longest + 1)
        self._current = [0] * (longest + 1)

    def score(self, a, b):
        for j in range(len(b) + 1):
            self._previous[j] = j * self.gap
        for i, x in enumerate(a, 1):
            self._current[0] = i * self.gap
            for j, y in enumerate(b, 1):
                diagonal = self._previous[j - 1] + (self.match if x == y else self.mismatch)
                self._current[j] = max(diagonal, self._previous[j] + self.gap, self._current[j - 1] + self.gap)
            self._previous, self._current = self._current, self._previous
        return self._previous[len(b)]


class AlignerRegistry:
    def __init__(self):
        self._known = {"dna": Aligner(), "strict": Aligner(match=1, mismatch=-3, gap=-4)}

    def __getitem__(self, name):
        return self._known[name]


registry = AlignerRegistry()
