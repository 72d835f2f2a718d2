"""The predicted seconds of a job under one strategy with one worker count."""

from __future__ import annotations

from typing import Literal, NamedTuple

Station = Literal["gil", "cores", "parent", "wait", "start-up"]


class Prediction(NamedTuple):
    """Seconds of the job with one worker count, and what each station does per call."""

    workers: int
    seconds: float
    throughput: float  # calls per second in the middle of the job
    demands: dict[Station, float]  # seconds per call that a station as a whole is busy
    start_up: float = 0.0
    chunk: int = 1
    contention: float = 0.0  # the part of the GIL's demand lost to hand-overs; few workers have few of them

    def utilization(self, station: Station) -> float:
        """Return the share of the time that a station is busy, 0 to 1."""
        return min(1.0, self.throughput * self.demands.get(station, 0.0))

    @property
    def busiest_station(self) -> Station:
        """Return the station that limits the throughput, or would with more workers."""
        return max(self.demands, key=self.utilization)
