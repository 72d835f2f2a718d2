"""A pool of connections; idle ones are checked before use."""


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


def work(query: str) -> str:
    connection = idle[-1]
    if not connection.ping():
        raise ConnectionError(connection.name)
    idle.remove(connection)
    try:
        return connection.run(query)
    finally:
        idle.append(connection)
