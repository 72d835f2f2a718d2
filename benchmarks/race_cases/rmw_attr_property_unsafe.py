"""Volume of a media player, clamped by a property."""


class Player:
    def __init__(self) -> None:
        self._volume = 30

    @property
    def volume(self) -> int:
        return self._volume

    @volume.setter
    def volume(self, value: int) -> None:
        self._volume = min(100, max(0, value))


player = Player()


def work(step: int) -> bool:
    player.volume += step
    return True
