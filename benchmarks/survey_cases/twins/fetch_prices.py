"""Fetch the price of every article from the price service and compare it with the list price.

The service is a local stand-in that runs in a process of its own.
"""

import json
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

ARTICLES = [f"A{number:04}" for number in range(1, 91)]


class PriceHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(0.02)  # the database behind the real service
        article = self.path.rsplit("/", 1)[-1]
        number = int(article[1:])
        body = json.dumps({"article": article, "cents": 500 + number * 7919 % 9000, "stock": number % 7}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(ready):
    server = ThreadingHTTPServer(("127.0.0.1", 0), PriceHandler)
    server.daemon_threads = True
    ready.send(server.server_port)
    server.serve_forever()


def list_price(article):
    return 400 + int(article[1:]) * 7919 % 9100


def fetch(base, article):
    answer = requests.get(f"{base}/price/{article}", timeout=10)
    answer.raise_for_status()
    return answer.json()


def compare(base):
    rows = []
    missing = 0
    with ThreadPoolExecutor(16) as pool:
        offers = list(pool.map(lambda article: fetch(base, article), ARTICLES))
    for article, offer in zip(ARTICLES, offers):
        if offer["stock"] == 0:
            missing += 1
            continue
        rows.append((article, offer["cents"], offer["cents"] - list_price(article)))
    return rows, missing


def main():
    receiving, sending = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(sending,), daemon=True)
    server.start()
    try:
        rows, missing = compare(f"http://127.0.0.1:{receiving.recv()}")
    finally:
        server.terminate()
        server.join()
    for article, cents, difference in sorted(rows, key=lambda row: (-abs(row[2]), row[0]))[:20]:
        print(f"{article}  {cents / 100:8.2f}  {difference / 100:+8.2f}")
    print(f"{len(rows)} prices, {missing} articles out of stock")


if __name__ == "__main__":
    main()
