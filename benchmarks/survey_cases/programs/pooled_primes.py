"""Count the twin primes below a limit, segment by segment, in a pool of processes."""

import multiprocessing
import sys


def is_prime(number):
    if number % 2 == 0:
        return number == 2
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return number > 1


def twins(segment):
    start, stop = segment
    count = 0
    largest = None
    for number in range(start | 1, stop, 2):
        if is_prime(number) and is_prime(number + 2):
            count += 1
            largest = number
    return count, largest


def main():
    limit = int(sys.argv[1])
    size = 10_000
    segments = [(start, min(start + size, limit)) for start in range(0, limit, size)]
    total = 0
    largest = None
    with multiprocessing.Pool() as pool:
        for count, last in pool.imap(twins, segments):
            total += count
            largest = last or largest
    print(f"{total} pairs below {limit}, the last is {largest}, {largest + 2}")


if __name__ == "__main__":
    main()
