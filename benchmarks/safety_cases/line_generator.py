"""Read a page through a generator that each call makes for itself."""
import os

PATH = "story.txt"
if not os.path.exists(PATH):
    with open(PATH, "w") as out:
        for n in range(2000):
            out.write(f"line {n} of the story {n * 7 % 31}\n")


def lines(path, first, last):
    with open(path) as source:
        for number, line in enumerate(source):
            if number >= last:
                return
            if number >= first:
                yield line


def words(page):
    stream = lines(PATH, page * 20, page * 20 + 1200)
    head = next(stream)
    return head.strip(), sum(len(line.split()) for line in stream)


def make_inputs():
    return [n % 80 for n in range(800)]
