#!/bin/sh
# restore.sh LIST: undoes what LIST says was changed (see keep_awake.sh, hold_governor.sh, hold_charging.sh), the last
# change first, and nothing else.
#
# A change that is undone is taken off the list at once; an empty list is removed. So it may be ended at any point and
# run again. On a full disk, which takes no shorter list, it goes on all the same: what is undone twice is as it was.
# A line that nobody of ours can have written is refused, told, and left standing.
# Says how many changes were undone. Exit code 1: some could not be.
set -u

list=${1:?usage: restore.sh LIST}
root=${BAKEOFF_SYSTEM_ROOT:-}
tab=$(printf '\t')
undone=0

if [ ! -f "$list" ]; then
	echo "undone 0"
	exit 0
fi

# put_back FILE VALUE; a file that is no longer there has nothing to be undone.
put_back() {
	[ -e "$1" ] || return 0
	now=
	printf '%s\n' "$2" >"$1" || return 1
	IFS= read -r now <"$1" || [ -n "$now" ] || return 1
	[ "$now" = "$2" ]
}

# undo LINE
undo() {
	rest=${1#*"$tab"}
	case $1 in
	"setting$tab"*"$tab"*"$tab"*)
		namespace=${rest%%"$tab"*}
		rest=${rest#*"$tab"}
		key=${rest%%"$tab"*}
		value=${rest#*"$tab"}
		case $namespace in system | secure | global) ;; *) return 1 ;; esac
		case $key in '' | *[!A-Za-z0-9_.]*) return 1 ;; esac
		if [ "$value" = null ]; then
			settings delete "$namespace" "$key" >/dev/null
		else
			settings put "$namespace" "$key" "$value" >/dev/null
		fi
		[ "$(settings get "$namespace" "$key")" = "$value" ]
		;;
	"screen${tab}off")
		input keyevent KEYCODE_SLEEP >/dev/null
		;;
	"battery${tab}emulated")
		dumpsys battery reset >/dev/null
		;;
	"clock$tab"*"$tab"*)
		file=${rest%%"$tab"*}
		value=${rest#*"$tab"}
		case $file in
		*/../*) return 1 ;;
		"$root"/sys/devices/system/cpu/*/scaling_governor | "$root"/sys/devices/system/cpu/*/scaling_m[ai][nx]_freq) ;;
		*) return 1 ;;
		esac
		case $value in '' | *[!A-Za-z0-9_-]*) return 1 ;; esac
		put_back "$file" "$value"
		;;
	"charging$tab"*"$tab"*)
		file=${rest%%"$tab"*}
		value=${rest#*"$tab"}
		case $file in
		"$root"/sys/class/power_supply/battery/input_suspend | "$root"/sys/class/power_supply/battery/test_mode) ;;
		"$root"/sys/class/power_supply/battery/charging_enabled) ;;
		"$root"/sys/class/power_supply/battery/battery_charging_enabled) ;;
		"$root"/proc/mtk_battery_cmd/current_cmd) ;;
		*) return 1 ;;
		esac
		case $value in '' | *[!0-9\ ]*) return 1 ;; esac
		put_back "$file" "$value"
		;;
	*) return 1 ;;
	esac
}

# Lines still to be undone, and those that could not be: together the list as it stands.
todo=
while IFS= read -r line || [ -n "$line" ]; do
	todo="$todo$line
"
	line=
done <"$list"
kept=
while [ -n "$todo" ]; do
	todo=${todo%"
"}
	last=${todo##*"
"}
	todo=${todo%"$last"}
	if [ -n "$last" ] && undo "$last"; then
		undone=$((undone + 1))
		if printf '%s' "$todo$kept" 2>/dev/null >"$list.new"; then
			mv -f "$list.new" "$list" || exit 3
		else
			rm -f "$list.new"
		fi
	elif [ -n "$last" ]; then
		echo "restore: could not undo: $last" >&2
		kept="$last
$kept"
	fi
done
echo "undone $undone"
[ -z "$kept" ] || exit 1
rm -f "$list"
exit 0
