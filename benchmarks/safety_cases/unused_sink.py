"""Scores; the module has an open report, which only main() writes to."""
import csv

REPORT = open("report.csv", "a", newline="")
WRITER = csv.writer(REPORT)
LAST = {}


def score(number):
    value = number
    for _ in range(9000):
        value = (value * 43 + 1) % 99_991
    return value


def main():
    for number in make_inputs():
        LAST[number] = score(number)
        WRITER.writerow([number, LAST[number]])
    REPORT.close()


def make_inputs():
    return range(600)


if __name__ == "__main__":
    main()
