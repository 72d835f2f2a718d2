"""Report the accounts whose password is in the list of common passwords."""

import hashlib
import hmac
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROUNDS = 60_000


def hashed(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), ROUNDS)


def crack(account, common):
    wanted = bytes.fromhex(account["hash"])
    for tries, word in enumerate(common, 1):
        if hmac.compare_digest(hashed(word, account["salt"]), wanted):
            return word, tries
    return None, len(common)


def main():
    folder = Path(sys.argv[1])
    common = (folder / "common.txt").read_text().split()
    accounts = json.loads((folder / "accounts.json").read_text())
    weak = []
    tries = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for account, (word, tried) in zip(accounts, pool.map(lambda account: crack(account, common), accounts)):
            tries += tried
            if word is not None:
                weak.append((account["user"], word))
    for user, word in weak:
        print(f"{user}: {word[0]}{'*' * (len(word) - 1)}")
    print(f"{len(weak)} of {len(accounts)} passwords are common ({tries} tries)")


if __name__ == "__main__":
    main()
