"""Extract the products from saved shop pages and write them as JSON Lines."""

import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bs4 import BeautifulSoup

PRICE = re.compile(r"(\d+)[.,](\d\d)")


def cents(text):
    match = PRICE.search(text)
    return int(match[1]) * 100 + int(match[2]) if match else None


def extract(path):
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    category = soup.find("h1").get_text(strip=True)
    return [
        {
            "page": path.name,
            "category": category,
            "title": product.select_one(".title").get_text(" ", strip=True),
            "cents": cents(product.select_one(".price").get_text()),
            "rating": len(product.select(".star.full")),
            "link": product.find("a")["href"],
        }
        for product in soup.select("div.product")
    ]


def main():
    pages = sorted(Path(sys.argv[1]).glob("*.html"))
    with ProcessPoolExecutor() as pool:
        products = list(pool.map(extract, pages))
    with open(Path(sys.argv[2]) / "products.jsonl", "w") as output:
        for page in products:
            for product in page:
                output.write(json.dumps(product) + "\n")
    prices = [product["cents"] for page in products for product in page if product["cents"]]
    print(f"{len(pages)} pages, {sum(map(len, products))} products, mean price {sum(prices) / len(prices) / 100:.2f}")


if __name__ == "__main__":
    main()
