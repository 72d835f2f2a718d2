"""An asynchronous client, driven by a loop of each call's own."""
import asyncio


async def fetch(number):
    await asyncio.sleep(0.002)
    return number * 3


async def pair(number):
    return await asyncio.gather(fetch(number), fetch(number + 1))


def get(number):
    return asyncio.run(pair(number))


def make_inputs():
    return range(400)
