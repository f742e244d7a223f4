#!/bin/sh
# Builds deploy/docker/Dockerfile without a Docker daemon and without a registry of images, and runs what was built: from
# a base that mmdebstrap makes of Debian's packages, by buildah. As root, on Debian:
#   apt-get install mmdebstrap buildah; sh scripts/try_image.sh [FOLDER]
# FOLDER (default: a new one below /tmp) keeps the base and the images for the next time: some 2 GB.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
for program in mmdebstrap buildah; do
	command -v "$program" >/dev/null || { echo "$program is missing: apt-get install mmdebstrap buildah" >&2; exit 2; }
done
in_folder() { buildah --storage-driver vfs --root "$folder/images" --runroot "$folder/run" "$@"; }
# What makes pip find packages on this machine; not every machine has each.
set --
for place in /etc/pip.conf /etc/ssl/certs ${PIP_FIND_LINKS:-}; do
	if [ -e "$place" ]; then set -- "$@" --volume "$place:$place:ro"; fi
done

if ! in_folder inspect localhost/bakeoff-base >/dev/null 2>&1; then
	[ -s "$folder/base.tar" ] || mmdebstrap --quiet --variant=essential \
		--include=python3,python3-venv,adb,openssh-client,ca-certificates,git,git-lfs bookworm "$folder/base.tar"
	container=$(in_folder from scratch)
	in_folder add --quiet "$container" "$folder/base.tar" / >/dev/null
	in_folder commit --quiet "$container" localhost/bakeoff-base >/dev/null
	in_folder rm "$container" >/dev/null
fi
in_folder bud --quiet --isolation chroot --build-arg BASE=localhost/bakeoff-base "$@" \
	--file deploy/docker/Dockerfile --tag localhost/bakeoff .

container=$(in_folder from --pull-never localhost/bakeoff)
trap 'in_folder rm "$container" >/dev/null' EXIT
# In single quotes: the shell in the image is to expand it.
# shellcheck disable=SC2016
in_folder run --isolation chroot --volume "$PWD/examples:/suite:ro" "$@" "$container" -- sh -euc '
	test "$(id -u)" -ne 0
	adb version | head -n 1
	ssh -V
	git lfs version
	! touch /opt/bakeoff/written 2>/dev/null
	bakeoff --version
	bakeoff run /suite/demo.toml --quick --out /data/run
	test -s /data/run/report.html
'
echo "The image builds and measures."
