import threading


class SpamScorer:
    def __init__(self, words):
        self.words = dict(words)
        self._weights = {}
        self._lock = threading.Lock()

    def _weight(self, word):
        with self._lock:
            if word not in self._weights:
                self._weights[word] = self.words.get(word, 0) + len(word) / 100
            return self._weights[word]

    def __call__(self, message):
        score = 0.0
        for left in message.split():
            score += self._weight(left)
            for position in range(len(left) - 2):
                gram = left[position:position + 3]
                score += (ord(gram[0]) * 7 + ord(gram[1]) * 5 + ord(gram[2])) % 11 / 1000
        return round(score, 6)


score_message = SpamScorer({"free": 2, "winner": 3, "meeting": -1, "invoice": -0.5})


def make_inputs():
    words = "free winner meeting invoice project dinner holiday transfer urgent account".split()
    return [" ".join(words[(n * k + k) % 10] + str(k % 7) for k in range(900)) for n in range(160)]
