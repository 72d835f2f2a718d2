"""Results of a quiz, in the order they came in."""

results: list[tuple[str, int]] = []


def points(text: str) -> int:
    number, _, unit = text.partition(" ")
    if unit != "pts":
        raise ValueError(text)
    return int(number)


def work(result: list[str]) -> None:
    name, text = result
    results.append((name, points(text)))
