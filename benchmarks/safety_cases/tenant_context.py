"""The language for messages is a context variable, set once when the program starts."""
import contextvars
import time

LANGUAGE = contextvars.ContextVar("language", default="en")
LANGUAGE.set("pt")
GREETING = {"en": "Dear customer", "pt": "Caro cliente"}


def letter(number):
    time.sleep(0.002)  # fetches the address
    return f"{GREETING[LANGUAGE.get()]} {number}"


def make_inputs():
    return range(400)
