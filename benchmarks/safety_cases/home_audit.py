"""Asks a shell in every home directory for what it holds."""
import os
import subprocess
import tempfile


def _homes():
    root = tempfile.mkdtemp(prefix="homes-")
    for number in range(70):
        folder = os.path.join(root, f"user{number:02}")
        os.mkdir(folder)
        for k in range(number % 5 + 1):
            with open(os.path.join(folder, f"note{k}.txt"), "w") as out:
                out.write("x" * (number * 10 + k))
    return root


HOMES = _homes()


def audit(user):
    environment = dict(os.environ, LC_ALL="C", HOME=os.path.join(HOMES, user))
    done = subprocess.run(["sh", "-c", "sleep 0.006; cat *.txt | wc -c; ls | wc -l; basename \"$HOME\""],
                          cwd=os.path.join(HOMES, user), env=environment, capture_output=True, text=True, check=True)
    return user, done.stdout.split()


def users():
    return sorted(os.listdir(HOMES))
