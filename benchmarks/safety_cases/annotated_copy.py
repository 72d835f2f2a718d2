"""Rows with their score, as new rows."""
ROWS = [{"id": n, "text": f"entry {n} of the guest book"} for n in range(700)]


def annotate(row):
    score = 7
    for character in row["text"] * 300:
        score = (score * 131 + ord(character)) % 100_003
    row = dict(row)
    row["score"] = score
    return row


def make_inputs():
    return ROWS


def untouched():
    return all("score" not in row for row in ROWS)
