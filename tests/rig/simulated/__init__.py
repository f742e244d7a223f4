"""A device whose truth is known: it walks real plans in virtual time and writes real records."""

from tests.rig.simulated.battery import Battery
from tests.rig.simulated.device import SimulatedDevice, Truth
from tests.rig.simulated.noise import Noise
from tests.rig.simulated.thermal import Thermal

__all__ = ["Battery", "Noise", "SimulatedDevice", "Thermal", "Truth"]
