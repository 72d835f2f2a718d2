"""Month sheets whose weeks start as the country wants, by a calendar object."""
import calendar


def sheet(month):
    first = calendar.SUNDAY if month % 2 == 0 else calendar.MONDAY
    writer = calendar.TextCalendar(firstweekday=first)
    return "".join(writer.formatmonth(1990 + month // 12 + year, month % 12 + 1) for year in range(12))


def make_inputs():
    return range(480)
