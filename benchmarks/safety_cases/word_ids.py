"""Turn words into numbers; a word gets its number when it is first seen."""
VOCABULARY = {}


def number_of(word):
    if word not in VOCABULARY:
        VOCABULARY[word] = len(VOCABULARY)
    return VOCABULARY[word]


def encode(sentence):
    numbers = [number_of(word) for word in sentence.split()]
    check = 0
    for _ in range(90):
        for number in numbers:
            check = (check * 31 + number) % 65_521
    return numbers, check


def make_inputs():
    return [" ".join(f"w{(n * 7 + k * k) % 3000}" for k in range(60)) for n in range(500)]
