"""Messages and mails handed to a server that stores them: little work of one's own between many short answers."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import smtplib
from collections.abc import Iterator
from decimal import Decimal
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from profiles import loopback, server

if TYPE_CHECKING:
    import redis

KEY = b"a key that shop and warehouse share"


@functools.cache
def broker(port: int) -> redis.Redis:
    """This process's client. It keeps a connection for each thread that asks, and makes new ones after a fork."""
    import redis

    return redis.Redis(port=port, protocol=2, decode_responses=True)


def handle_order(port_and_message: tuple[int, str]) -> str:
    """Take an order from the broker, verify its sender, add it up to the cent, and acknowledge it."""
    port, message = port_and_message
    found: Any = broker(port).xrange("orders", min=message, max=message)
    order = found[0][1]
    if not hmac.compare_digest(signature(order["body"]), order["signature"]):
        raise ValueError(f"order {message} is not signed by the shop")
    receipt = make_receipt(json.loads(order["body"]))
    broker(port).xack("orders", "warehouse", message)
    return receipt


def handle_order_inputs() -> Iterator[tuple[int, str]]:
    """100 orders of 100 articles at the broker, which takes 3 ms to deliver one and 2 ms to acknowledge it."""
    port = loopback.port()
    for index in range(100):
        body = server.items(100 + index).decode()
        message: Any = broker(port).xadd("orders", {"body": body, "signature": signature(body)})
        yield port, message


def signature(body: str) -> str:
    return hmac.new(KEY, body.encode(), hashlib.sha256).hexdigest()


def make_receipt(articles: list[dict[str, Any]]) -> str:
    lines = []
    total = Decimal(0)
    for article in articles:
        price = Decimal(str(article["price"])).quantize(Decimal("0.01"))
        total += price
        lines.append(f"{article['name']:<20}{price:>10}")
    return "\n".join([*lines, f"{'Total':<20}{total:>10}"])


def publish_event(port_and_user: tuple[int, int]) -> int:
    """Send a small event to the broker, which stores it at once: the round trip takes the time."""
    port, user = port_and_user
    event = json.dumps({"user": user, "action": "login", "roles": ["reader", "editor"]})
    broker(port).xadd("events", {"event": event})
    return len(event)


def publish_event_inputs() -> Iterator[tuple[int, int]]:
    """1,000 users."""
    for user in range(1_000):
        yield loopback.port(), user


def send_mail(port_and_name: tuple[int, str]) -> int:
    """Write a mail in plain text and HTML and hand it to a mail server; return its size."""
    port, name = port_and_name
    mail = EmailMessage()
    mail["Subject"] = f"News for {name}"
    mail["From"] = "shop@example.org"
    mail["To"] = f"{name}@example.org"
    mail.set_content(f"Dear {name},\nthis is new in our shop.\n")
    mail.add_alternative(server.page(20).decode(), subtype="html")
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=60) as peer:
        peer.send_message(mail)
    return len(mail.as_bytes())


def send_mail_inputs() -> Iterator[tuple[int, str]]:
    """120 customers; the mail server takes 2 ms for each answer, and a mail needs seven."""
    for index in range(120):
        yield loopback.mail_port(), f"customer-{index}"
