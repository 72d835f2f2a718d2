"""Learn a Markov chain of word pairs from a text and write a new text with it."""

import random
import sys
from collections import defaultdict
from pathlib import Path


def learn(words):
    chain = defaultdict(list)
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        chain[first, second].append(third)
    return chain


def write(chain, length, seed):
    draw = random.Random(seed)
    state = min(chain)
    text = list(state)
    while len(text) < length:
        followers = chain.get(state)
        if not followers:
            state = draw.choice(sorted(chain))
            continue
        word = draw.choice(followers)
        text.append(word)
        state = (state[1], word)
    return text


def main():
    words = Path(sys.argv[1]).read_text(encoding="utf-8").split()
    text = write(learn(words), int(sys.argv[2]), seed=11)
    output = Path(sys.argv[3]) / "markov.txt"
    output.write_text(" ".join(text) + "\n", encoding="utf-8")
    print(f"{len(text)} words, {len(set(text))} different")


main()
