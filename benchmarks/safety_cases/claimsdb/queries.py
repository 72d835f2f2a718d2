from .connections import connection

SUMMARY = """SELECT count(*), sum(cents), max(a.cents * ? % 10007) FROM claims a WHERE region % 3 = ? OR cents % 7 = 2"""


def summary(question):
    factor, rest = question
    cursor = connection().cursor()
    try:
        return question, cursor.execute(SUMMARY, (factor, rest)).fetchone()
    finally:
        cursor.close()


def questions():
    return [(3 + n, n % 3) for n in range(240)]
