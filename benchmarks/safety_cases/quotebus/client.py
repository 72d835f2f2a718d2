import json

from .transport import dial


class QuoteClient:
    def __init__(self):
        self._sock = dial()

    def request(self, **message):
        self._sock.send(json.dumps(message).encode())
        return json.loads(self._sock.recv(65536))


class Session:
    def __init__(self, client, account):
        self.client, self.account = client, account

    def quote(self, symbol, lots):
        return self.client.request(symbol=symbol, lots=lots, account=self.account)["price"]


_session = None


def current_session():
    global _session
    if _session is None:
        _session = Session(QuoteClient(), account="DESK-7")
    return _session
