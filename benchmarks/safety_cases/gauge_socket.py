"""A gauge that answers line by line over a socket that stays connected."""
import socket
import threading


def serve(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=talk, args=(client,), daemon=True).start()


def talk(client):
    with client, client.makefile("rwb") as stream:
        for line in stream:
            number = int(line)
            total = sum(k * number % 7 for k in range(5000))
            stream.write(f"{number}:{total}\n".encode())
            stream.flush()


class Station:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(self.listener,), daemon=True).start()
        self.link = socket.create_connection(self.listener.getsockname(), timeout=3)

    def ask(self, number):
        self.link.sendall(f"{number}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.link.recv(64)
        return answer.decode().strip()


station = Station()


def reading(number):
    return station.ask(number)


def make_inputs():
    return range(600)
