"""How fresh are the package mirrors?"""
import asyncio
import time


def _head(url):
    time.sleep(0.004)
    return {"age": sum(map(ord, url)) * 31 % 6007, "length": len(url) * 512}


async def freshness(url):
    await asyncio.sleep(0)
    answer = _head(url)
    return url, "stale" if answer["age"] > 3000 else "fresh", answer["length"]


def urls():
    return [f"https://mirror{n:02}.example.org/{'debian' if n % 2 else 'fedora'}/{n * 17}/" for n in range(100)]
