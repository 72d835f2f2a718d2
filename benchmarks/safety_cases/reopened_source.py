"""Read records at their offsets. The module's handle is asked for its name only; each call opens the file again."""
import os

if not os.path.exists("records.txt"):
    with open("records.txt", "w") as made:
        made.writelines(f"record {n:06d} " + "x" * (n % 40) + "\n" for n in range(30000))

SOURCE = open("records.txt", "rb")


def make_inputs():
    return [n * 331 % 90000 for n in range(400)]


def record_after(offset):
    with open(SOURCE.name, "rb") as handle:
        handle.seek(offset)
        handle.readline()
        lines = [handle.readline() for _ in range(3000)]
    longest = max(lines, key=len)
    return offset, len(longest), longest[:13].decode()
