import dataclasses
import json
import logging

from .settings import config
from .upstream import catalogue

logger = logging.getLogger("shopapi.views")


@dataclasses.dataclass
class Request:
    path: str
    query: str
    headers: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Response:
    status: int
    body: str
    headers: dict = dataclasses.field(default_factory=dict)

    def set_header(self, key, value):
        self.headers[key] = value
        return self


def render(products, out):
    for product in products:
        out.append({"sku": product["sku"], "price": f"{product['cents'] / 100:.2f} {config.currency}"})
    return out


def search(request):
    words = request.query.split()
    if not words:
        return Response(400, "{}")
    logger.info("search %s", request.query)
    items = render(catalogue.search(words, config.page), [])
    response = Response(200, json.dumps({"items": items}))
    return response.set_header("Content-Length", str(len(response.body)))


def traffic():
    return [Request("/search", f"shoe size {n}", {"X-Id": str(n)}) for n in range(150)]
