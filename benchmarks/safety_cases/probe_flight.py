"""Flight of a probe past two moons, one leg after the other."""
import math


class Probe:
    def __init__(self):
        self.position = [1.0, 0.0]
        self.velocity = [0.0, 0.9]
        self.fuel = 100.0

    def fly(self, leg):
        seconds, thrust = leg
        x, y = self.position
        vx, vy = self.velocity
        dt = seconds / 3000
        for _ in range(3000):
            distance = math.hypot(x, y) ** 3
            moon = math.hypot(x - 2.5, y) ** 3
            vx -= dt * (x / distance + 0.05 * (x - 2.5) / moon - thrust)
            vy -= dt * (y / distance + 0.05 * y / moon)
            x += dt * vx
            y += dt * vy
        self.position, self.velocity = [x, y], [vx, vy]
        self.fuel -= abs(thrust) * seconds
        return round(x, 6), round(y, 6), round(self.fuel, 3)


probe = Probe()


def legs():
    return [(0.2 + n % 5 / 20, 0.01 * (n % 3 - 1)) for n in range(120)]
