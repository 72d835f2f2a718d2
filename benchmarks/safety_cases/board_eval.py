"""Evaluates positions of a small connection game."""
import threading


class Evaluator:
    def __init__(self, size, weights):
        self.size = size
        self.weights = weights
        self._lock = threading.Lock()
        self._parts = {}

    def _worth(self, part):
        with self._lock:
            if part not in self._parts:
                mine, theirs = part.count("x"), part.count("o")
                self._parts[part] = (0 if mine and theirs else self.weights[mine] - self.weights[theirs])
            return self._parts[part]

    def _line(self, line):
        return sum(self._worth(line[start:start + 5]) for start in range(len(line) - 4))

    def __call__(self, board):
        n = self.size
        rows = [board[k * n:(k + 1) * n] for k in range(n)]
        columns = [board[k::n] for k in range(n)]
        slopes = []
        for k in range(n - 4):
            slopes.append("".join(board[r * n + r + k] for r in range(n - k)))
            slopes.append("".join(board[(r + k) * n + n - 1 - r] for r in range(n - k)))
        return sum(self._line(line) for line in rows + columns + slopes)


evaluate = Evaluator(31, (0, 1, 4, 15, 60, 1000))


def boards():
    found, seed = [], 7
    for _ in range(250):
        cells = []
        for _ in range(961):
            seed = (seed * 1103515245 + 12345) % 2**31
            cells.append("..xo"[seed >> 16 & 3])
        found.append("".join(cells))
    return found
