"""Light switches of a home automation hub."""

import threading

lamps = {"kitchen": False, "hall": True}
watts = {"kitchen": 40, "hall": 12}
bus = threading.Lock()


def work(room: str) -> int:
    if room not in lamps:
        raise KeyError(room)
    with bus:
        lamps[room] = not lamps[room]
    return watts[room]
