"""The visible part of a long document."""


class Viewport:
    def __init__(self, width: int) -> None:
        self.half = width // 2
        self.edges = (0, width)


view = Viewport(width=80)


def work(center: int) -> int:
    half = view.half
    view.edges = (center - half, center + half)
    return center
