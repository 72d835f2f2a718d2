"""Readings of a bench voltmeter that speaks a line protocol over TCP."""
import socket
import socketserver
import threading
import time

CHANNELS = 120


class _Bench(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            channel = int(line.split()[1])
            time.sleep(0.002)
            self.wfile.write(b"%07d\n" % (channel * 7919 % 99991))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


_bench = _Server(("127.0.0.1", 0), _Bench)
threading.Thread(target=_bench.serve_forever, daemon=True).start()


class Voltmeter:
    _instance = None

    def __init__(self, address):
        self.link = socket.create_connection(address)

    @classmethod
    def get(cls):
        if cls._instance is None:
            cls._instance = cls(_bench.server_address)
        return cls._instance

    def query(self, command):
        self.link.sendall(command.encode() + b"\n")
        answer = b""
        while len(answer) < 8:
            answer += self.link.recv(8 - len(answer))
        return int(answer)


def read_channel(channel):
    return channel, Voltmeter.get().query(f"MEAS {channel}") / 1000


def channels():
    Voltmeter.get()
    return list(range(CHANNELS))
