"""Suggest cheaper items of the same family."""
import catalog_db


def make_inputs():
    return list(range(0, 6000, 15))


def cheaper(item):
    family, price = catalog_db.DB.execute("SELECT family, price FROM items WHERE id = ?", (item,)).fetchone()
    found = catalog_db.DB.execute("SELECT id, price FROM items WHERE family = ? AND price < ? ORDER BY price, id", (family, price))
    return item, found.fetchall()[:3]
