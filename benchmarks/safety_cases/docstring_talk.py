"""Moves of a robot.

Earlier versions called os.chdir, signal.alarm and random.seed here and wrote through a global csv writer; none of
that is left. `chdir` below changes the robot's direction, `signal` is a list of samples.
"""


class Robot:
    def __init__(self):
        self.direction, self.place = 0, [0, 0]

    def chdir(self, turns):
        self.direction = (self.direction + turns) % 4

    def open(self, steps):
        self.place[self.direction % 2] += steps if self.direction < 2 else -steps


def drive(number):
    robot, signal, socket = Robot(), [], {}
    for step in range(900):
        robot.chdir(number * step % 3)
        robot.open(step % 5)
        signal.append(robot.place[0])
        socket[step] = robot.direction
    return tuple(robot.place), max(signal), sum(socket.values())


def make_inputs():
    return range(700)
