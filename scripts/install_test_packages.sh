#!/bin/sh
# Installs from Debian what the tests run against, where it is missing and this user may install packages.
set -eu
packages=
command -v sshd >/dev/null 2>&1 || [ -x /usr/sbin/sshd ] || packages="$packages openssh-server"
command -v ssh >/dev/null 2>&1 || packages="$packages openssh-client"
command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 || packages="$packages firefox-esr"
# Chromium draws the page with the font that baselines of screenshots were drawn with; pdftotext reads what was printed.
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || packages="$packages fonts-dejavu-core"
command -v fc-match >/dev/null 2>&1 || packages="$packages fontconfig"
command -v pdftotext >/dev/null 2>&1 || packages="$packages poppler-utils"
command -v busybox >/dev/null 2>&1 || packages="$packages busybox-static"
command -v mksh >/dev/null 2>&1 || packages="$packages mksh"
command -v adb >/dev/null 2>&1 || packages="$packages adb"
command -v shellcheck >/dev/null 2>&1 || packages="$packages shellcheck"
command -v qemu-aarch64-static >/dev/null 2>&1 || packages="$packages qemu-user-static"
command -v dash >/dev/null 2>&1 || packages="$packages dash"
command -v openssl >/dev/null 2>&1 || packages="$packages openssl"
command -v xz >/dev/null 2>&1 || packages="$packages xz-utils"
command -v tmux >/dev/null 2>&1 || packages="$packages tmux"
command -v git >/dev/null 2>&1 || packages="$packages git"
command -v zsh >/dev/null 2>&1 || packages="$packages zsh"
command -v fish >/dev/null 2>&1 || packages="$packages fish"
command -v git-lfs >/dev/null 2>&1 || packages="$packages git-lfs"
[ -x /usr/lib/postgresql/15/bin/postgres ] || command -v postgres >/dev/null 2>&1 || packages="$packages postgresql"
command -v promtool >/dev/null 2>&1 || packages="$packages prometheus"
command -v prometheus-pushgateway >/dev/null 2>&1 || packages="$packages prometheus-pushgateway"
command -v systemd-analyze >/dev/null 2>&1 || packages="$packages systemd"
# What runs for another machine runs under qemu, over that machine's C library.
[ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] || packages="$packages libc6-arm64-cross"
[ -e /usr/aarch64-linux-gnu/lib/libgcc_s.so.1 ] || packages="$packages libgcc-s1-arm64-cross"
[ -e /usr/aarch64-linux-gnu/lib/libstdc++.so.6 ] || packages="$packages libstdc++6-arm64-cross"
[ -e /usr/arm-linux-gnueabi/lib/libc.so.6 ] || packages="$packages libc6-armel-cross"
[ -e /usr/arm-linux-gnueabihf/lib/libc.so.6 ] || packages="$packages libc6-armhf-cross"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "Missing for some tests, which will be skipped:$packages" >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of our own words
apt-get install -y -qq --no-install-recommends $packages >/dev/null
