def velocity(amounts, window=12):
    best = 0
    for start in range(len(amounts)):
        best = max(best, sum(amounts[start:start + window]))
    return best


def digits(amounts):
    counts = [0] * 10
    for amount in amounts:
        counts[int(str(amount)[0])] += 1
    return counts
