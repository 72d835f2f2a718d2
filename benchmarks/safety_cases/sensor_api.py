"""Hourly readings from the sensor service, one tenant after another."""
import http.server
import json
import threading
import time

import requests


class _Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)

    def do_GET(self):
        tenant = self.headers.get("X-Tenant", "none")
        time.sleep(0.002)
        body = json.dumps({"path": self.path, "tenant": tenant, "mean": sum(map(ord, self.path + tenant)) / 7}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored):
        pass


_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Service)
_server.daemon_threads = True
threading.Thread(target=_server.serve_forever, daemon=True).start()
BASE = f"http://127.0.0.1:{_server.server_port}"

session = requests.Session()
session.trust_env = False
session.get(BASE + "/login").raise_for_status()


def _fetch(path, tenant):
    session.headers["X-Tenant"] = tenant
    answer = session.get(BASE + path, timeout=10)
    answer.raise_for_status()
    return answer.json()


def hourly(request):
    tenant, sensor = request
    reading = _fetch(f"/sensors/{sensor}", tenant)
    return reading["tenant"], reading["path"], round(reading["mean"], 3)


def requests_due():
    return [(f"tenant-{n % 7}", n) for n in range(110)]
