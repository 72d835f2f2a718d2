"""Resample irregular sensor readings to a quarter of an hour and flag the outliers."""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd


def median_deviation(window):
    middle = np.median(window)
    return abs(window[-1] - middle) / (np.median(np.abs(window - middle)) + 1e-9)


def resample(sensor, group, target):
    regular = group["value"].resample("15min").mean().interpolate()
    score = regular.rolling(24).apply(median_deviation, raw=True)
    flagged = regular[score > 8]
    frame = pd.DataFrame({"value": regular.round(4), "score": score.round(4)})
    frame.to_csv(target / f"sensor-{sensor}.csv")
    return sensor, len(flagged), regular.mean()


def load(path):
    readings = pd.read_csv(path)
    readings["time"] = pd.to_datetime(readings["seconds"], unit="s")
    return readings.set_index("time")


def main():
    readings = load(sys.argv[1])
    target = Path(sys.argv[2])
    outliers = {}
    means = {}
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(resample, sensor, group, target) for sensor, group in readings.groupby("sensor")]
        for job in jobs:
            sensor, outliers[sensor], means[sensor] = job.result()
    for sensor in sorted(outliers):
        print(f"{sensor}: mean {means[sensor]:.3f}, {outliers[sensor]} outliers")


if __name__ == "__main__":
    main()
