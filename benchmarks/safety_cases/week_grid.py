"""Month sheets whose weeks start on Sunday or Monday, as the country wants."""
import calendar


def sheet(month):
    american = month % 2 == 0
    before = calendar.firstweekday()
    calendar.setfirstweekday(calendar.SUNDAY if american else calendar.MONDAY)
    try:
        text = "".join(calendar.month(1990 + month // 12 + year, month % 12 + 1) for year in range(12))
    finally:
        calendar.setfirstweekday(before)
    return text


def make_inputs():
    return range(480)
