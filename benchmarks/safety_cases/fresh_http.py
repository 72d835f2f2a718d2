"""Quotes, with a connection for each."""
import contextlib
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Quotes(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.001)
        body = f"quote for {self.path[1:]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256


SERVER = Server(("127.0.0.1", 0), Quotes)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()


def quote(symbol):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", SERVER.server_port, timeout=9)) as link:
        link.request("GET", f"/{symbol}")
        return link.getresponse().read().decode()


def make_inputs():
    return [f"SYM{n}" for n in range(300)]
