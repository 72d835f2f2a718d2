"""Texts for an old tool that takes its encoding from the C locale."""
import locale
import time

locale.setlocale(locale.LC_ALL, "C.UTF-8")


def for_tool(number):
    text = f"Müller & Søn № {number}"
    modern = number % 2 == 0
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8" if modern else "C")
    try:
        time.sleep(0.001)  # the tool is asked whether it is ready
        return text.encode(locale.nl_langinfo(locale.CODESET), errors="replace")
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def make_inputs():
    return range(500)
