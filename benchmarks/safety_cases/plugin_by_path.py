"""Load the settings of a site from its file, without touching the import path."""
import importlib.machinery
import importlib.util
import os

SITES = os.path.abspath("site_files")
for number in range(12):
    os.makedirs(os.path.join(SITES, str(number)), exist_ok=True)
    path = os.path.join(SITES, str(number), "settings.py")
    if not os.path.exists(path):
        with open(path, "w") as out:
            out.write(f"PORT = {8000 + number}\nTABLE = [k * k % 97 for k in range(3000)]\n")


class NoCache(importlib.machinery.SourceFileLoader):
    def set_data(self, path, data, *, _mode=0o666):
        """No byte code is written next to the sites' files."""


def port_of(site):
    path = os.path.join(SITES, str(site), "settings.py")
    loader = NoCache(f"settings_{site}", path)
    spec = importlib.util.spec_from_loader(f"settings_{site}", loader)
    settings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(settings)
    return site, settings.PORT, sum(settings.TABLE)


def make_inputs():
    return [n * 5 % 12 for n in range(400)]
