"""An asynchronous client, driven from plain functions by one event loop."""
import asyncio

LOOP = asyncio.new_event_loop()


async def fetch(number):
    await asyncio.sleep(0.002)
    return number * 3


def get(number):
    return LOOP.run_until_complete(fetch(number))


def make_inputs():
    return range(400)
