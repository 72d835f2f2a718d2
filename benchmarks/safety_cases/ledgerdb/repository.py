import functools
import sqlite3

from .config import CONFIG


class AccountRepository:
    def __init__(self, config):
        self.connection = sqlite3.connect(config.path, check_same_thread=config.check_same_thread)
        self.cursor = self.connection.cursor()

    def create(self):
        self.cursor.execute("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, account INT, cents INT)")
        rows = [(i, i % 160, (i * 7919) % 10007 - 5000) for i in range(160 * 40)]
        self.cursor.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows)
        self.connection.commit()

    def select(self, account):
        self.cursor.execute("SELECT id, cents FROM entries WHERE account = ? ORDER BY id", (account,))

    def page(self):
        return self.cursor.fetchmany(CONFIG.page)


@functools.lru_cache(maxsize=1)
def get_repository():
    repository = AccountRepository(CONFIG)
    repository.create()
    return repository
