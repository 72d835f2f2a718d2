"""User settings in a JSON file."""

import json
import os
import threading

PATH = "settings.json"
settings_lock = threading.RLock()

with open(PATH, "w", encoding="utf-8") as out:
    json.dump({"theme": "light"}, out)


def load() -> dict:
    with settings_lock, open(PATH, encoding="utf-8") as file:
        return json.load(file)


def save(settings: dict) -> None:
    with settings_lock, open(PATH, "w", encoding="utf-8") as file:
        json.dump(settings, file, indent=2, sort_keys=True)
        file.write(os.linesep)


def work(change: list[str]) -> None:
    key, value = change
    with settings_lock:
        settings = load()
        settings[key] = value
        save(settings)
