"""Devices behind a slow gateway are polled; the network's delay is a sleep that depends on the device."""

import json
import time

DEVICES = 180
SHORTEST = 0.005
LONGEST = 0.03


def poll(device: int) -> dict[str, object]:
    delay = SHORTEST + (LONGEST - SHORTEST) * (device * 37 % 100) / 100
    time.sleep(delay)
    answer = json.dumps({"device": device, "readings": [device * step % 91 for step in range(200)]})
    readings = json.loads(answer)["readings"]
    return {"device": device, "mean": sum(readings) / len(readings), "peak": max(readings)}


def inputs() -> list[int]:
    return list(range(DEVICES))
