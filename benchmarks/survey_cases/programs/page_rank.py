"""Rank the pages of a link graph and compute how well they mix, with dense matrices (BLAS)."""

import numpy as np

SIZE = 1500
DAMPING = 0.85


def link_matrix():
    random_links = np.random.default_rng(5)
    links = (random_links.random((SIZE, SIZE)) < 0.01).astype(np.float64)
    links[random_links.integers(0, SIZE, SIZE), np.arange(SIZE)] = 1.0
    return DAMPING * links / links.sum(axis=0) + (1 - DAMPING) / SIZE


def main():
    matrix = link_matrix()
    spread = []
    power = matrix
    for _ in range(14):
        power = power @ matrix
        spread.append(float(np.abs(power - power.mean(axis=1, keepdims=True)).max()))
    rank = power.mean(axis=1)
    for page in np.argsort(-rank.round(9), kind="stable")[:10]:
        print(f"page {page}: {rank[page]:.6f}")
    print("mixing", " ".join(f"{value:.2e}" for value in spread[:4]))


if __name__ == "__main__":
    main()
