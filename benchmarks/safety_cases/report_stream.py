"""Check rows; complaints are logged to a text in memory that is mailed when all is done."""
import io
import logging

MAIL = io.StringIO()
log = logging.getLogger("rows.checked")
log.propagate = False
log.setLevel(logging.INFO)
log.addHandler(logging.StreamHandler(MAIL))


def make_inputs():
    return [{"id": n, "iban": f"DE{n * 7919 % 97:02d}{n * 104729 % 10**18:018d}"} for n in range(400)]


def valid(row):
    iban = row["iban"]
    for _ in range(150):
        moved = iban[4:] + iban[:4]
        digits = "".join(str(int(c, 36)) for c in moved)
        rest = int(digits) % 97
    if rest != 1:
        log.info("row %d: check digits of %s leave %d", row["id"], iban, rest)
    return rest == 1


def mail():
    return sorted(MAIL.getvalue().splitlines())
