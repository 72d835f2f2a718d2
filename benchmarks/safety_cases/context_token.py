"""The language for a letter is a context variable, set and reset inside the call."""
import contextvars
import time

LANGUAGE = contextvars.ContextVar("language", default="en")
GREETING = {"en": "Dear customer", "pt": "Caro cliente", "de": "Liebe Kundin"}


def greeting():
    return GREETING[LANGUAGE.get()]


def letter(number):
    token = LANGUAGE.set(("en", "pt", "de")[number % 3])
    try:
        time.sleep(0.002)  # fetches the address
        return f"{greeting()} {number}"
    finally:
        LANGUAGE.reset(token)


def make_inputs():
    return range(400)
