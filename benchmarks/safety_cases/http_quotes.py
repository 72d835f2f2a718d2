"""Quotes over one kept-alive HTTP connection."""
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Quotes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        time.sleep(0.001)
        body = f"quote for {self.path[1:]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Quotes)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
CONN = http.client.HTTPConnection("127.0.0.1", SERVER.server_port, timeout=3)
CONN.connect()


def quote(symbol):
    CONN.request("GET", f"/{symbol}")
    return CONN.getresponse().read().decode()


def make_inputs():
    return [f"SYM{n}" for n in range(300)]
