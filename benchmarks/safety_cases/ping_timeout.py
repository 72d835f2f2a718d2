"""Ping a service with a short time-out that is set for the moment, then wait for its long report."""
import socket
import threading
import time


def serve(listener):
    def answer(client):
        with client:
            if client.recv(16) == b"report":
                time.sleep(0.012)
            client.sendall(b"ok")

    while True:
        client, _ = listener.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


LISTENER = socket.create_server(("127.0.0.1", 0), backlog=256)
ADDRESS = LISTENER.getsockname()
threading.Thread(target=serve, args=(LISTENER,), daemon=True).start()


def ask(question):
    with socket.create_connection(ADDRESS) as link:
        link.sendall(question)
        return link.recv(16).decode()


def check(number):
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(0.5 if number % 2 else 0.25)
    try:
        ping = ask(b"ping")
        seen = socket.getdefaulttimeout()
    finally:
        socket.setdefaulttimeout(before)
    return number, ping, seen, ask(b"report")


def make_inputs():
    return range(200)


def left_behind():
    return socket.getdefaulttimeout()
