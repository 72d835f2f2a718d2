import os
import re

REPORT = os.path.join("reports", "pages.csv")
LINK = re.compile(r'href="(/[a-z]+/\d+)"')
os.makedirs("reports", exist_ok=True)


def _page(number):
    return "\n".join(f'<li><a href="/item/{number * k % 977}">Item {k}</a> {number * k} EUR</li>' for k in range(4000))


def report_page(number):
    first = not os.path.exists(REPORT)
    page = _page(number)
    links = LINK.findall(page)
    distinct = len(set(links))
    with open(REPORT, "a") as out:
        if first:
            out.write("page,links,distinct,bytes\n")
        out.write(f"{number},{len(links)},{distinct},{len(page)}\n")
    return distinct


def make_inputs():
    return list(range(1, 201))


def report_lines():
    with open(REPORT) as source:
        return sorted(source)
