#!/bin/sh
# hold_governor.sh LIST GOVERNOR: lets every clock be governed by GOVERNOR. Needs root; any Linux will do.
#
# LIST is as in keep_awake.sh, and so is what restore.sh does with it. Written down there before each change:
#   clock<TAB>PATH<TAB>BEFORE
# Says for every clock: governor<TAB>PATH<TAB>BEFORE<TAB>GOVERNOR. Nothing is changed unless all can be.
# Exit codes: 3 LIST cannot be written, 4 no clocks here, 5 no such governor, 6 root is needed, 7 the kernel refuses.
# BAKEOFF_SYSTEM_ROOT is where /sys is; for tests.
set -u

list=${1:?usage: hold_governor.sh LIST GOVERNOR}
governor=${2:?usage: hold_governor.sh LIST GOVERNOR}
cpu=${BAKEOFF_SYSTEM_ROOT:-}/sys/devices/system/cpu
tab=$(printf '\t')

fail() {
	code=$1
	shift
	echo "hold_governor: $*" >&2
	exit "$code"
}

write_down() {
	printf '%s\n' "$1" >>"$list" || fail 3 "cannot write $list; nothing more was changed"
	# What is lost with the power must be the change rather than the note of it.
	sync "$list" 2>/dev/null || sync
}

# What the list says that PATH was before, else what it is now.
before() {
	if [ -f "$list" ]; then
		while IFS= read -r line || [ -n "$line" ]; do
			case $line in
			"clock$tab$1$tab"*)
				printf '%s\n' "${line##*"$tab"}"
				return 0
				;;
			esac
		done <"$list"
	fi
	read_word "$1"
}

read_word() {
	word=
	IFS= read -r word <"$1" || [ -n "$word" ] || return 1
	printf '%s\n' "$word"
}

case $governor in *[!A-Za-z0-9_-]*) fail 5 "no governor has such a name: $governor" ;; esac
# A core's folder is its policy's by another name wherever there are policies.
set -- "$cpu"/cpufreq/policy*/scaling_governor
[ -e "$1" ] || set -- "$cpu"/cpu[0-9]*/cpufreq/scaling_governor
[ -e "$1" ] || fail 4 "there are no clocks with a governor here (a virtual machine?)"
for file in "$@"; do
	was=$(read_word "$file") || fail 6 "$file cannot be read"
	case $was in '' | *[!A-Za-z0-9_-]*) fail 7 "$file has an odd value; nothing was changed" ;; esac
	there=$(read_word "${file%/*}/scaling_available_governors" 2>/dev/null) || there=
	case " ${there:-"$governor"} " in
	*" $governor "*) ;;
	*) fail 5 "there is no governor $governor here; there is: $there" ;;
	esac
	[ -w "$file" ] || [ "$was" = "$governor" ] || fail 6 "$file may not be written: root is needed"
done
umask 077
for file in "$@"; do
	was=$(before "$file")
	now=$(read_word "$file")
	if [ "$now" != "$governor" ]; then
		grep -qF -- "clock$tab$file$tab" "$list" 2>/dev/null || write_down "clock$tab$file$tab$was"
		printf '%s\n' "$governor" >"$file"
		[ "$(read_word "$file")" = "$governor" ] || fail 7 "the kernel does not take $governor for $file"
	fi
	printf 'governor\t%s\t%s\t%s\n' "$file" "$was" "$governor"
done
exit 0
