"""Process-wide settings."""


class Settings:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance.values = {}
        return cls._instance


def work(pair: list) -> str:
    key, value = pair
    Settings().values[key] = value
    return key
