class CanonicalKmers:
    """Canonical form of k-mers; each form is worked out once."""

    _pairs = str.maketrans("ACGT", "TGCA")

    def __init__(self, k):
        self.k = k
        self._forms = {}

    def canonical(self, kmer):
        form = self._forms.get(kmer)
        if form is None:
            form = self._forms[kmer] = min(kmer, kmer.translate(self._pairs)[::-1])
        return form
