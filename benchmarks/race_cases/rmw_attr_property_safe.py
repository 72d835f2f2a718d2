"""Volume of a media player, clamped by a property."""

from threading import RLock


class Player:
    def __init__(self) -> None:
        self._volume = 30
        self._lock = RLock()

    @property
    def volume(self) -> int:
        return self._volume

    @volume.setter
    def volume(self, value: int) -> None:
        self._volume = min(100, max(0, value))

    def change_volume(self, step: int) -> None:
        with self._lock:
            self.volume += step


player = Player()


def work(step: int) -> bool:
    player.change_volume(step)
    return True
