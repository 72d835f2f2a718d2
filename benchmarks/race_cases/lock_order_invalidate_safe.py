"""A store with a read cache in front; saving invalidates the cache."""

import threading

store = {"motto": "old"}
store_lock = threading.Lock()
cache: dict[str, str] = {}
cache_lock = threading.Lock()


def invalidate(key: str) -> None:
    with cache_lock:
        cache.pop(key, None)


def save(key: str, value: str) -> None:
    with store_lock:
        store[key] = value
        invalidate(key)


def load(key: str) -> str:
    with store_lock, cache_lock:
        if key not in cache:
            cache[key] = store[key]
        return cache[key]


def work(command: list[str]) -> str | None:
    action, key, value = command
    return save(key, value) if action == "save" else load(key)
