#!/bin/sh
# Prints a Python that is 3.11 or newer and can make virtual environments; says what to do when there is none.
for python in python3.11 python3.12 python3.13 python3.14 python3; do
	if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
		echo "$python"
		exit 0
	fi
done
echo "bakeoff needs Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv)" >&2
echo "python-3.11-or-newer-not-found"
exit 1
