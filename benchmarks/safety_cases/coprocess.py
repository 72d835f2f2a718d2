"""Words are translated by a filter program that keeps running."""
import subprocess
import time

FILTER = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def translate(word):
    FILTER.stdin.write(word + "\n")
    FILTER.stdin.flush()
    time.sleep(0.001)
    answer = FILTER.stdout.readline().strip()
    return word, answer.upper()


def make_inputs():
    return [f"word-{n}" for n in range(400)]
