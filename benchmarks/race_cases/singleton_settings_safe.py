"""Process-wide settings."""

import threading


class Settings:
    _instance = None
    _creating = threading.Lock()

    def __new__(cls):
        with cls._creating:
            if cls._instance is None:
                instance = super().__new__(cls)
                instance.values = {}
                cls._instance = instance
        return cls._instance


def work(pair: list) -> str:
    key, value = pair
    Settings().values[key] = value
    return key
