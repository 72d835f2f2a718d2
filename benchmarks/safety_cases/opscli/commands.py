COMMANDS = {}


def command(function):
    COMMANDS[function.__name__] = function
    return function


@command
def primes(limit):
    sieve = bytearray([1]) * limit
    for n in range(2, limit):
        if sieve[n]:
            for multiple in range(n * n, limit, n):
                sieve[multiple] = 0
            if n % 10 == 3:
                print("prime", n)


@command
def collatz(limit):
    for start in range(1, limit // 12):
        n, steps = start, 0
        while n != 1:
            n, steps = (n // 2 if n % 2 == 0 else 3 * n + 1), steps + 1
        if steps > 40:
            print(start, "takes", steps)
