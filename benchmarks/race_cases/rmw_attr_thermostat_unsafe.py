"""A thermostat that several panels can nudge."""


class Thermostat:
    def __init__(self, target: float) -> None:
        self.target = target

    def limited(self, step: float) -> float:
        return max(-5.0, min(5.0, step))

    def nudge(self, step: float) -> None:
        self.target = self.target + self.limited(step)


hallway = Thermostat(18.5)


def work(step: float) -> None:
    hallway.nudge(step)
