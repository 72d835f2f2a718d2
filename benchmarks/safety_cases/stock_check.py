import http.client
import json
import logging

import stub_api

log = logging.getLogger("stock")
log.addHandler(logging.NullHandler())
PORT = stub_api.start()
HEADERS = {"Accept": "application/json", "User-Agent": "stock-check/1.2"}


def check(sku):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", f"/stock/{sku}", headers=HEADERS)
        data = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    log.info("%s: %d", sku, data["cents"])
    return data["sku"], data["cents"] % 40


def make_inputs():
    return [f"B{n:05d}" for n in range(0, 1500, 10)]
