"""Tax rates."""
VAT = 0.23


def gross(net):
    return net * (1 + VAT)
