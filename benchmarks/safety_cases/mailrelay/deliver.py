import email.message
import logging
import time

from .conf import Settings

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())


class MessageLog(logging.LoggerAdapter):
    def process(self, msg, kwargs):
        return f"[{self.extra['to']}] {msg}", kwargs


def build(recipient, text, settings):
    message = email.message.EmailMessage()
    message["From"] = settings.sender
    message["To"] = recipient
    message.set_content(f"{text}\n{settings.footer}\n")
    return message


def deliver(item):
    settings = Settings.from_env()
    recipient, text = item
    journal = MessageLog(log, {"to": recipient})
    message = build(recipient, text, settings)
    journal.info("sending %d bytes", len(message.as_bytes()))
    time.sleep(settings.delay)
    journal.info("accepted")
    return recipient, message["From"], len(message.as_bytes())


def outbox():
    return [(f"user{n}@example.net", f"Your order {n} is on its way" + "!" * (n % 5)) for n in range(150)]
