"""Assign taxi trips to the nearest stations and total distance, time and fares for each."""

import math
import sys

import pandas as pd

EARTH_KM = 6371.0


def haversine(lat1, lon1, lat2, lon2):
    half_lat = math.radians(lat2 - lat1) / 2
    half_lon = math.radians(lon2 - lon1) / 2
    a = math.sin(half_lat) ** 2 + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(half_lon) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(a))


def nearest(stations, lat, lon):
    return min(stations, key=lambda station: haversine(station[1], station[2], lat, lon))[0]


def main():
    trips = pd.read_csv(sys.argv[1])
    stations = [(f"S{n:02}", 48.05 + 0.017 * (n % 10), 11.4 + 0.03 * (n // 10)) for n in range(60)]

    trip_count = {}
    metres = {}
    cents = {}
    longest = 0.0
    for trip in trips.itertuples(index=False):
        start = nearest(stations, trip.lat1, trip.lon1)
        end = nearest(stations, trip.lat2, trip.lon2)
        length = haversine(trip.lat1, trip.lon1, trip.lat2, trip.lon2)
        longest = max(longest, length)
        key = (start, end)
        trip_count[key] = trip_count.get(key, 0) + 1
        metres[key] = metres.get(key, 0) + round(1000 * length)
        cents[start] = cents.get(start, 0) + trip.cents

    print(f"{len(trips)} trips between {len(trip_count)} pairs of stations, longest {longest:.3f} km")
    for key in sorted(trip_count, key=lambda key: (-trip_count[key], key))[:15]:
        print(f"{key[0]} -> {key[1]}: {trip_count[key]} trips, {metres[key]} m")
    for station in sorted(cents, key=lambda station: -cents[station])[:10]:
        print(f"{station}: {cents[station] / 100:.2f}")


if __name__ == "__main__":
    main()
