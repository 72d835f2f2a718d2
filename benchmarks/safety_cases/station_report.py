"""Daily means of weather stations, written as one CSV file."""
import csv
import math
import os

os.makedirs("out", exist_ok=True)
sheet = open(os.path.join("out", "stations.csv"), "w", newline="")


def _temperature(station, day):
    total = 0.0
    for hour in range(192):
        total += math.sin(hour * 0.26 + station) * 8 + math.cos(day * 0.017) * 12
    return total / 192


def export_station(station, writer=csv.writer(sheet)):
    writer.writerow(["station", station])
    warmest = -99.0
    for day in range(0, 365, 7):
        mean = _temperature(station, day)
        warmest = max(warmest, mean)
        writer.writerow([day, f"{mean:.3f}"])
    return round(warmest, 3)


def stations():
    return list(range(120))


def written():
    sheet.flush()
    blocks = []
    with open(os.path.join("out", "stations.csv"), newline="") as source:
        for row in csv.reader(source):
            if row[0] == "station":
                blocks.append([row[1]])
            else:
                blocks[-1].append(tuple(row))
    return sorted(map(str, blocks))
