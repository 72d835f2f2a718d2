"""Where readings are kept: one JSON document a line."""


class Store:
    OUT = open("readings.jsonl", "w")

    @classmethod
    def keep(cls, row):
        import json
        json.dump(row, cls.OUT)
        cls.OUT.write("\n")
