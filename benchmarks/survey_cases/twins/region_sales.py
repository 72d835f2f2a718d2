"""Report the sales of each region from the SQLite data warehouse."""

import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

connection = sqlite3.connect(sys.argv[1])
connection.row_factory = sqlite3.Row

TOTALS = """
    SELECT count(*) AS orders, sum(quantity * cents) AS cents, count(DISTINCT customer) AS customers
    FROM sales WHERE region = ?
"""
BASKET = """
    SELECT a.product AS first, b.product AS second, count(*) AS together
    FROM sales AS a JOIN sales AS b ON a.customer = b.customer AND a.product < b.product
    WHERE a.region = ? AND b.region = ?
    GROUP BY a.product, b.product ORDER BY together DESC, first, second LIMIT 3
"""


def region_names():
    return [row["region"] for row in connection.execute("SELECT DISTINCT region FROM sales ORDER BY region")]


def query(region):
    own = sqlite3.connect(sys.argv[1])
    own.row_factory = sqlite3.Row
    try:
        totals = own.execute(TOTALS, (region,)).fetchone()
        pairs = own.execute(BASKET, (region, region)).fetchall()
    finally:
        own.close()
    return region, totals, pairs


def main():
    report = []
    revenue = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for region, totals, pairs in pool.map(query, region_names()):
            revenue += totals["cents"]
            report.append(f"{region}: {totals['orders']} orders of {totals['customers']} customers")
            report.extend(f"    {pair['first']} with {pair['second']}: {pair['together']}" for pair in pairs)
    print("\n".join(report))
    print(f"revenue {revenue / 100:.2f}")


main()
connection.close()
