import json
import socket
import threading
import time


def _serve(end):
    while True:
        raw = end.recv(65536)
        if not raw:
            return
        message = json.loads(raw)
        time.sleep(0.001 + 0.0005 * (message["lots"] % 4))
        price = sum(ord(c) for c in message["symbol"]) * message["lots"]
        end.send(json.dumps({"symbol": message["symbol"], "price": price}).encode())


def dial():
    """Connects to the pricing engine of this host."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for _ in range(4):  # the engine works on four requests at a time
        threading.Thread(target=_serve, args=(theirs,), daemon=True).start()
    return ours
