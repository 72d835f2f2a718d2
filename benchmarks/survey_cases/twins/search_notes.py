"""Search notes for lines that resemble a phrase: search_notes.py FOLDER WORD…"""

import sys
from concurrent.futures import ProcessPoolExecutor
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

THRESHOLD = 0.55


def similarity(phrase, line):
    matcher = SequenceMatcher(None, phrase, line.lower(), autojunk=False)
    if matcher.real_quick_ratio() < THRESHOLD:
        return 0.0
    return matcher.ratio()


def search(path, phrase):
    hits = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        score = similarity(phrase, line)
        if score >= THRESHOLD:
            hits.append((score, number, line))
    hits.sort(key=lambda hit: (-hit[0], hit[1]))
    return path.name, hits


def find_hits(folder, phrase):
    with ProcessPoolExecutor() as pool:
        yield from pool.map(partial(search, phrase=phrase), sorted(folder.glob("*.md")))


def main():
    folder = Path(sys.argv[1])
    phrase = " ".join(sys.argv[2:]).lower()
    total = 0
    for name, hits in find_hits(folder, phrase):
        total += len(hits)
        for score, number, line in hits[:3]:
            print(f"{name}:{number}: {score:.2f} {line}")
    print(f"{total} hits")


if __name__ == "__main__":
    main()
