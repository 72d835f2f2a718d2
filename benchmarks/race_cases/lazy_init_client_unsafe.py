"""A client that connects on first use."""

opened: list[str] = []
_client = None


class Client:
    def __init__(self, dsn: str) -> None:
        opened.append(dsn)
        self.dsn = dsn
        self.tables: list[str] = []


def get_client() -> Client:
    global _client
    if _client is None:
        _client = Client("db://localhost/app")
    return _client


def work(table: str) -> str:
    client = get_client()
    client.tables.append(table)
    return f"{client.dsn}/{table}"
