import dataclasses


@dataclasses.dataclass
class Context:
    events: list = dataclasses.field(default_factory=list)
    totals: dict = dataclasses.field(default_factory=dict)

    def emit(self, name, **data):
        self.events.append((name, tuple(sorted(data.items()))))

    def add(self, key, value):
        self.totals[key] = self.totals.get(key, 0) + value
