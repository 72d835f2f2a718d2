"""Report the sales of each region from the SQLite data warehouse."""

import sqlite3
import sys

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


def main():
    report = []
    revenue = 0
    for region in region_names():
        totals = connection.execute(TOTALS, (region,)).fetchone()
        pairs = connection.execute(BASKET, (region, region)).fetchall()
        revenue += totals["cents"]
        report.append(f"{region}: {totals['orders']} orders of {totals['customers']} customers")
        report.extend(f"    {pair['first']} with {pair['second']}: {pair['together']}" for pair in pairs)
    print("\n".join(report))
    print(f"revenue {revenue / 100:.2f}")


main()
connection.close()
