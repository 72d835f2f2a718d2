"""Split a stream of orders over files by region; the files stay open in a cache."""
import functools
import hashlib


@functools.lru_cache(maxsize=None)
def shard(region):
    return open(f"orders-{region}.csv", "a")


def route(order):
    token = order["key"].encode()
    for _ in range(1400):
        token = hashlib.md5(token).digest()
    out = shard(order["region"])
    out.write(order["key"])
    for field in (order["region"], str(order["amount"])):
        out.write("," + field)
    out.write("\n")
    return token.hex()[:8]


def make_inputs():
    return [{"key": f"A{n:05d}", "region": ("north", "south")[n % 2], "amount": n * 3 % 97} for n in range(500)]


def routed():
    lines = []
    for region in ("north", "south"):
        shard(region).flush()
        with open(f"orders-{region}.csv") as source:
            lines += source.read().splitlines()
    return sorted(lines)
