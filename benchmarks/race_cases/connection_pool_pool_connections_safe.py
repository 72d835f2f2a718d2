"""A pool of connections; one call at a time may use them."""

import threading


class Connection:
    def __init__(self, name: str) -> None:
        self.name = name
        self.queries = 0

    def ping(self) -> bool:
        return self.queries < 100

    def run(self, query: str) -> str:
        self.queries += 1
        return query.lower()


idle = [Connection("c1"), Connection("c2")]
pool_lock = threading.Lock()


def work(query: str) -> str:
    with pool_lock:
        connection = idle.pop()
        try:
            if not connection.ping():
                raise ConnectionError(connection.name)
            return connection.run(query)
        finally:
            idle.append(connection)
