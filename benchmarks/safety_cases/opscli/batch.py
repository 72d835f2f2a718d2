from .commands import COMMANDS
from .console import captured


def run_command(line):
    """Runs one line of a batch file and gives back what the command printed."""
    name, *words = line.split()
    with captured() as out:
        COMMANDS[name](*map(int, words))
    return line, out.getvalue()


def script():
    return [f"{'primes' if n % 2 else 'collatz'} {9000 + 50 * n}" for n in range(160)]
