"""Derive a key for each secret, with one thread for each core (the hash releases the GIL)."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

SECRETS = [f"secret-{number}" for number in range(48)]


def derive(secret):
    salt = hashlib.sha256(secret.encode()).digest()[:16]
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, 75_000).hex()


def main():
    keys = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for secret, key in zip(SECRETS, pool.map(derive, SECRETS), strict=True):
            keys[secret] = key
    for secret in sorted(keys)[:10]:
        print(secret, keys[secret][:32])
    print(len(set(keys.values())), "keys")


if __name__ == "__main__":
    main()
