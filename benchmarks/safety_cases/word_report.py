import zlib

from word_store import default_store

store = default_store()


def page_stats(name):
    text = store.text(name)
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    top = sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))[:3]
    return name, len(text), zlib.crc32(text.encode("latin-1")), top


def make_inputs():
    return store.names()
