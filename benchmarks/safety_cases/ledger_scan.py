import mmap
import os
import tempfile


def _write(path):
    offsets = []
    with open(path, "wb") as out:
        for account in range(200):
            offsets.append(out.tell())
            for entry in range(500):
                out.write(f"{account};{entry};{(account * 7907 + entry * 104729) % 100003}\n".encode())
            out.write(b"\n")
    return offsets


class Ledger:
    path = os.path.join(tempfile.mkdtemp(prefix="ledger-"), "ledger.txt")
    offsets = _write(path)
    pages = mmap.mmap(os.open(path, os.O_RDONLY), 0, access=mmap.ACCESS_READ)

    @classmethod
    def balance(cls, account):
        cls.pages.seek(cls.offsets[account])
        total, highest, checksum = 0, 0, 1
        while True:
            line = cls.pages.readline().strip()
            if not line:
                break
            owner, entry, cents = map(int, line.split(b";"))
            total += cents if entry % 2 else -cents
            highest = max(highest, cents)
            for digit in line:
                checksum = (checksum * 31 + digit) % 1000003
        return account, total, highest, checksum


def make_inputs():
    return [n * 7 % 200 for n in range(200)]
