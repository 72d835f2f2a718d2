"""The visible part of a long document."""


class Viewport:
    def __init__(self, width: int) -> None:
        self.half = width // 2
        self.left = 0
        self.right = width


view = Viewport(width=80)


def work(center: int) -> int:
    half = view.half
    view.left = center - half
    view.right = center + half
    return center
