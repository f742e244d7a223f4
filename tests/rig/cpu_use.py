"""How the test processes, and the programs that they start, use the cores: to be imported before numpy is."""

import gc
import os
import sys

# Many workers share few cores. A sum that one of them splits over threads waits until each of these had its turn: the
# PSNR of a picture of 64 × 64 took 13 ms beside seven others, and 0.02 ms in one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Hundreds of Python programs are started: what is compiled is kept, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# As bakeoff itself does at its start: thousands of tests are collected, and none of what is imported is ever garbage.
gc.set_threshold(100_000, 20, 100)
