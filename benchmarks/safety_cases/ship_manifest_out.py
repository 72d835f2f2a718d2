"""Where the manifest's rows go."""
import csv

_stream = open("manifest.csv", "w", newline="")
_writer = csv.DictWriter(_stream, ["parcel", "route"])
_writer.writeheader()


def emit(parcel, route):
    _writer.writerow({"parcel": parcel, "route": route})


def close():
    _stream.close()
