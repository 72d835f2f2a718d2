"""Convert prices with a rate service (here: a server in this process) over XML-RPC."""
import socketserver
import threading
import xmlrpc.client
import xmlrpc.server


class Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
    daemon_threads = True


def rate(number):
    return number, number * 37 % 211


server = Server(("127.0.0.1", 0), Handler)
server.register_function(rate)
threading.Thread(target=server.serve_forever, daemon=True).start()
RATES = xmlrpc.client.ServerProxy("http://127.0.0.1:%d/" % server.server_address[1])
BASE = RATES.rate(0)


def convert(number):
    asked, value = RATES.rate(number)
    return asked, BASE[1] + value


def make_inputs():
    return list(range(1, 301))
