"""At most three requests in a sliding window of sixty seconds."""

LIMIT = 3
WINDOW = 60.0


class Limiter:
    def __init__(self, stamps: list[float]) -> None:
        self.stamps = stamps

    def recent(self, now: float) -> list[float]:
        return [stamp for stamp in self.stamps if now - stamp < WINDOW]

    def allow(self, now: float) -> bool:
        recent = self.recent(now)
        if len(recent) >= LIMIT:
            return False
        recent.append(now)
        self.stamps = recent
        return True


limiter = Limiter([0.5, 30.0, 42.0])


def work(now: float) -> int:
    return 200 if limiter.allow(now) else 429
