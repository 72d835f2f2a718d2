"""Find the smoothing constants of Holt's method that forecast a sales series best."""

import math
import random


def sales(days=2200):
    noise = random.Random(7)
    return [200 + 0.3 * day + 40 * math.sin(day / 58) + noise.gauss(0, 12) for day in range(days)]


def forecast_error(series, alpha, beta, damping):
    level = series[0]
    trend = series[1] - series[0]
    squares = 0.0
    for value in series[1:]:
        expected = level + damping * trend
        squares += (value - expected) ** 2
        last = level
        level = alpha * value + (1 - alpha) * expected
        trend = beta * (level - last) + (1 - beta) * damping * trend
    return math.sqrt(squares / (len(series) - 1))


def main():
    series = sales()
    best = None
    best_error = math.inf
    tried = 0
    for alpha in [step / 40 for step in range(1, 40)]:
        for beta in [step / 40 for step in range(1, 40)]:
            for damping in (0.8, 0.9, 0.98, 1.0):
                error = forecast_error(series, alpha, beta, damping)
                tried += 1
                if error < best_error:
                    best_error = error
                    best = (alpha, beta, damping)
    print(f"{tried} combinations")
    print("alpha={:.3f} beta={:.3f} damping={:.2f}".format(*best))
    print(f"RMSE {best_error:.4f}")


if __name__ == "__main__":
    main()
