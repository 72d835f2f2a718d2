"""Word weights, from a file that is read at import."""
import os

PATH = "weights.txt"
if not os.path.exists(PATH):
    with open(PATH, "w") as target:
        target.writelines(f"w{n} {n * 7 % 101}\n" for n in range(3000))
with open(PATH) as source:
    WEIGHTS = {word: int(weight) for word, weight in (line.split() for line in source)}


def weigh(text):
    if not source.closed:
        raise RuntimeError("the weights are still being read")
    return sum(WEIGHTS.get(word, 0) for word in text.split())


def make_inputs():
    return [" ".join(f"w{(n * k) % 3500}" for k in range(5000)) for n in range(300)]
