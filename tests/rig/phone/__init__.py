"""A stand-in Android phone: an adb daemon of our own over an Android-like root, for the real adb client to talk to."""

from tests.rig.adb_server import AdbServer
from tests.rig.phone.faults import Faults
from tests.rig.phone.phone import StandInPhone

__all__ = ["AdbServer", "Faults", "StandInPhone"]
