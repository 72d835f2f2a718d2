"""A small local catalogue service for trying the clients out."""
import http.server
import json
import threading
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        time.sleep(0.002)
        sku = parts.path.rsplit("/", 1)[-1]
        body = json.dumps({
            "sku": sku,
            "cents": sum(sku.encode()) * 17 % 9973,
            "account": self.headers.get("Authorization", "").removeprefix("Bearer tok-"),
            "pad": "x" * 300,
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def start():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
