class Config(dict):
    def __getattr__(self, name):
        return self[name]


config = Config(currency="EUR", latency=0.004, page=12)
