"""Web arms: a tab of a browser on this device works where elsewhere a worker's process does. Python 3.8, standard
library only. What page and holder say to each other stands in `devices/browsers/page/README.md`.
"""
