"""Add the score to each row, in place."""
ROWS = [{"id": n, "text": f"entry {n} of the guest book"} for n in range(700)]


def annotate(row):
    score = 7
    for character in row["text"] * 300:
        score = (score * 131 + ord(character)) % 100_003
    row["score"] = score


def make_inputs():
    return ROWS


def annotated():
    return [row.get("score") for row in ROWS]
