import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from .tokens import count_words


def main():
    parser = argparse.ArgumentParser(prog="wordstats")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", "--most", type=int, default=15)
    options = parser.parse_args()

    files = sorted(options.folder.glob("*.txt"))
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(count_words, files))

    total = Counter()
    for name, tokens, words, pairs in results:
        total.update(words)
        print(f"{name:20} {tokens:8} tokens {len(words):7} words {pairs:7} repeated pairs")
    for word, count in sorted(total.items(), key=lambda item: (-item[1], item[0]))[: options.most]:
        print(f"{count:8} {word}")


main()
