"""Orders of customers; each call makes and closes a session."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.002)
        body = f"orders of {self.headers.get('X-Customer')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256


SERVER = Server(("127.0.0.1", 0), Shop)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
BASE = f"http://127.0.0.1:{SERVER.server_port}"


def orders(customer):
    with requests.Session() as session:
        session.trust_env = False
        session.headers["X-Customer"] = str(customer)
        return session.get(f"{BASE}/orders", timeout=9).text


def make_inputs():
    return range(250)
