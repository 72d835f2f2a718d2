"""Resample irregular sensor readings to a quarter of an hour and flag the outliers."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def median_deviation(window):
    middle = np.median(window)
    return abs(window[-1] - middle) / (np.median(np.abs(window - middle)) + 1e-9)


def load(path):
    readings = pd.read_csv(path)
    readings["time"] = pd.to_datetime(readings["seconds"], unit="s")
    return readings.set_index("time")


def main():
    readings = load(sys.argv[1])
    target = Path(sys.argv[2])
    outliers = {}
    means = {}
    for sensor, group in readings.groupby("sensor"):
        regular = group["value"].resample("15min").mean().interpolate()
        score = regular.rolling(24).apply(median_deviation, raw=True)
        flagged = regular[score > 8]
        outliers[sensor] = len(flagged)
        means[sensor] = regular.mean()
        frame = pd.DataFrame({"value": regular.round(4), "score": score.round(4)})
        frame.to_csv(target / f"sensor-{sensor}.csv")
    for sensor in sorted(outliers):
        print(f"{sensor}: mean {means[sensor]:.3f}, {outliers[sensor]} outliers")


if __name__ == "__main__":
    main()
