"""Ping a service with a time-out for the one connection."""
import socket
import threading
import time


def serve(listener):
    def answer(client):
        with client:
            client.recv(16)
            time.sleep(0.003)
            client.sendall(b"ok")

    while True:
        client, _ = listener.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


LISTENER = socket.create_server(("127.0.0.1", 0), backlog=256)
ADDRESS = LISTENER.getsockname()
threading.Thread(target=serve, args=(LISTENER,), daemon=True).start()


def check(number):
    with socket.create_connection(ADDRESS, timeout=5 if number % 2 else 4) as link:
        link.sendall(b"ping")
        return number, link.recv(16).decode(), link.gettimeout()


def make_inputs():
    return range(250)
