"""Price a basket under another rate, which replaces the module's rate for the moment."""
import time
from unittest import mock

import patched_rates_tax as tax


def what_if(percent):
    with mock.patch.object(tax, "VAT", percent / 100):
        time.sleep(0.001)  # the basket comes from a service
        return round(sum(tax.gross(price) for price in range(200)), 4)


def make_inputs():
    return [n % 40 for n in range(500)]
