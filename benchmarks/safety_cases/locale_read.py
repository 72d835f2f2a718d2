"""Amounts in the format of the locale, which the program sets once."""
import locale

locale.setlocale(locale.LC_ALL, "C.UTF-8")


def amounts(number):
    point = locale.localeconv()["decimal_point"]
    lines = [locale.format_string("%.2f", number * step / 7) for step in range(60)]
    return sum(line.count(point) for line in lines), lines[-1]


def make_inputs():
    return range(800)
