"""Load the `settings` module of a site from the site's own folder."""
import importlib
import os
import sys
import time

SITES = os.path.abspath("sites")
for number in range(12):
    os.makedirs(os.path.join(SITES, str(number)), exist_ok=True)
    path = os.path.join(SITES, str(number), "site_settings.py")
    if not os.path.exists(path):
        with open(path, "w") as out:
            out.write(f"PORT = {8000 + number}\n")


def port_of(site):
    sys.path.insert(0, os.path.join(SITES, str(site)))
    try:
        importlib.invalidate_caches()
        settings = importlib.import_module("site_settings")
        time.sleep(0.001)  # the site is asked whether the port is right
        return site, settings.PORT
    finally:
        sys.path.pop(0)
        sys.modules.pop("site_settings", None)


def make_inputs():
    return [n * 5 % 12 for n in range(300)]
