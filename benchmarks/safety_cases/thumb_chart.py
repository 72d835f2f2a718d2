"""Small charts with pyplot."""
import hashlib
import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def chart(number):
    plt.figure(figsize=(1, 1), dpi=40)
    plt.axis("off")
    plt.plot([0, 1, 2], [0, number % 17, 3], linewidth=3)
    out = io.BytesIO()
    plt.savefig(out, format="raw")
    plt.close()
    return hashlib.md5(out.getvalue()).hexdigest()


def make_inputs():
    return range(200)
