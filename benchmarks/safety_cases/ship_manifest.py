"""Route every parcel; the rows go to the manifest."""
import csv

import ship_manifest_out as out


def route(parcel):
    hub = parcel
    for _ in range(8000):
        hub = (hub * 41 + 5) % 7919
    out.emit(parcel, f"hub-{hub % 12}")


def make_inputs():
    return range(600)


def manifest():
    out.close()
    with open("manifest.csv", newline="") as source:
        return sorted(tuple(row) for row in csv.reader(source))
