"""Most frequent words of every digitised page."""
import collections

import page_store


def frequent(name):
    counts = collections.Counter(word.rstrip("0123456789") for word in page_store.text_of(name).split())
    return name, counts.most_common(4), sum(counts.values())


def pages():
    return page_store.names()
