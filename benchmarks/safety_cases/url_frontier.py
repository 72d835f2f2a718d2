import time
import urllib.parse

_visited = {}


def _key(url):
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.urlencode(sorted(urllib.parse.parse_qsl(parts.query)))
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{query}"


def visit(url):
    key = _key(url)
    if key in _visited:
        return key, "duplicate of " + _visited[key]
    time.sleep(0.003)
    _visited[key] = url
    return key, "fetched"


def make_inputs():
    urls = []
    for n in range(60):
        urls.append(f"https://shop.example/item/{n}?a=1&b={n}")
        urls.append(f"https://SHOP.example/item/{n}/?b={n}&a=1")
    return urls
