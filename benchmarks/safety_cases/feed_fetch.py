import json
import time


class FeedError(Exception):
    pass


def retry(times, wait):
    def decorate(function):
        def attempt(*args, **kwargs):
            for n in range(times):
                try:
                    return function(*args, **kwargs, number=n)
                except FeedError:
                    if n == times - 1:
                        raise
                    time.sleep(wait)
        return attempt
    return decorate


def _download(feed, number):
    time.sleep(0.003)
    if feed % 5 == 0 and number == 0:
        raise FeedError(feed)
    return json.dumps([{"id": feed * 100 + k, "title": f"Entry {k} of {feed}"} for k in range(20)])


@retry(times=3, wait=0.002)
def fetch_feed(feed, number=0):
    entries = json.loads(_download(feed, number))
    return feed, len(entries), entries[-1]["title"]


def make_inputs():
    return list(range(1, 181))
