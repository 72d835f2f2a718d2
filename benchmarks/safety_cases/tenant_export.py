import requests

import stub_api


class TenantExporter:
    def __init__(self):
        self.base = f"http://127.0.0.1:{stub_api.start()}"
        self.session = requests.Session()
        self.session.trust_env = False

    def export(self, job):
        tenant, sku = job
        self.session.headers["Authorization"] = f"Bearer tok-{tenant}"
        reply = self.session.get(f"{self.base}/items/{sku}", timeout=5)
        reply.raise_for_status()
        data = reply.json()
        return data["account"], data["sku"], data["cents"]


exporter = TenantExporter()


def make_inputs():
    return [(f"acme{n % 9}", f"A{n:04d}") for n in range(120)]
