import json
import os

FOLDER = "orders"


def split(order):
    os.makedirs(FOLDER, exist_ok=True)
    value, parcels = order, []
    for _ in range(40):
        weight = 0
        for _ in range(300):
            value = (value * 1103515245 + 12345) & 0x7FFFFFFF
            weight += value % 13
        parcels.append({"weight": weight, "route": value % 9})
    path = os.path.join(FOLDER, f"order-{order}.json")
    with open(path, "w") as out:
        json.dump(parcels, out)
    return path, sum(p["weight"] for p in parcels)


def make_inputs():
    return list(range(5000, 5200))


def written():
    return [(name, open(os.path.join(FOLDER, name)).read()) for name in sorted(os.listdir(FOLDER))]
