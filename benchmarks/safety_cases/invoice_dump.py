import csv
import gzip
import os

os.makedirs("export", exist_ok=True)
OUT = gzip.open(os.path.join("export", "invoices.csv.gz"), "wt", newline="")
writer = csv.writer(OUT)


def _lines(number):
    value = number * 7919 + 13
    lines = []
    for position in range(12):
        price = 0
        for _ in range(900):
            value = (value * 1103515245 + 12345) & 0x7FFFFFFF
            price += value % 97
        lines.append((f"ITEM-{value % 500:03d}", position % 4 + 1, price))
    return lines


def export_invoice(number):
    lines = _lines(number)
    total = sum(quantity * price for _, quantity, price in lines)
    writer.writerow(["H", number, len(lines), total])
    for sku, quantity, price in lines:
        writer.writerow(["L", sku, quantity, price])
    return total


def make_inputs():
    return list(range(1000, 1240))


def exported():
    OUT.close()
    invoices = []
    with gzip.open(os.path.join("export", "invoices.csv.gz"), "rt", newline="") as source:
        for row in csv.reader(source):
            if row[0] == "H":
                invoices.append([tuple(row)])
            else:
                invoices[-1].append(tuple(row))
    return sorted(map(tuple, invoices))
