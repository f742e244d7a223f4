#!/bin/sh
# hold_charging.sh LIST: lets the battery be charged no longer though the cable is in. Needs root.
#
# LIST is as in keep_awake.sh, and so is what restore.sh does with it. Written down there before the change:
#   charging<TAB>PATH<TAB>BEFORE
# Says charging<TAB>PATH<TAB>BEFORE<TAB>NOW. Switches differ by vendor: the first of the known ones that is there.
# Exit codes: 3 LIST cannot be written, 4 no known switch here, 6 root is needed, 7 the kernel refuses.
# BAKEOFF_SYSTEM_ROOT is where /sys and /proc are; for tests.
set -u

list=${1:?usage: hold_charging.sh LIST}
root=${BAKEOFF_SYSTEM_ROOT:-}
tab=$(printf '\t')

fail() {
	code=$1
	shift
	echo "hold_charging: $*" >&2
	exit "$code"
}

read_line() {
	text=
	IFS= read -r text <"$1" || [ -n "$text" ] || return 1
	printf '%s\n' "$text"
}

# What the list says that PATH was before, else what it is now.
before() {
	if [ -f "$list" ]; then
		while IFS= read -r line || [ -n "$line" ]; do
			case $line in
			"charging$tab$1$tab"*)
				printf '%s\n' "${line##*"$tab"}"
				return 0
				;;
			esac
		done <"$list"
	fi
	# Samsung's takes a command (1: discharge, 2: charge) rather than a state: what undoes it is always 2.
	case $1 in
	*/test_mode) echo 2 ;;
	*) read_line "$1" ;;
	esac
}

# hold PATH OFF; returns only where that switch is not there.
hold() {
	[ -e "$1" ] || return 0
	if [ ! -w "$1" ]; then
		locked=$1
		return 0
	fi
	was=$(before "$1") || fail 6 "$1 cannot be read"
	case $was in '' | *[!0-9\ ]*) fail 7 "$1 has an odd value; nothing was changed" ;; esac
	if [ "$(read_line "$1")" != "$2" ]; then
		if ! grep -qF -- "charging$tab$1$tab" "$list" 2>/dev/null; then
			printf '%s\n' "charging$tab$1$tab$was" >>"$list" || fail 3 "cannot write $list; nothing was changed"
			# What is lost with the power must be the change rather than the note of it.
			sync "$list" 2>/dev/null || sync
		fi
		printf '%s\n' "$2" >"$1"
		[ "$(read_line "$1")" = "$2" ] || fail 7 "the kernel does not take $2 for $1"
	fi
	printf 'charging\t%s\t%s\t%s\n' "$1" "$was" "$2"
	exit 0
}

umask 077
locked=
supply=$root/sys/class/power_supply/battery
# First those that cut the cable's power, so that the battery is what the phone runs on.
hold "$supply/input_suspend" 1
hold "$root/proc/mtk_battery_cmd/current_cmd" '0 1'
hold "$supply/test_mode" 1
hold "$supply/charging_enabled" 0
hold "$supply/battery_charging_enabled" 0
[ -z "$locked" ] || fail 6 "$locked may not be written: root is needed"
fail 4 "there is no switch for charging that is known here"
