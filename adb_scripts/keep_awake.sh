#!/bin/sh
# keep_awake.sh LIST [unplugged]: keeps the phone awake while it is plugged in, with its screen as dark as it goes;
# with `unplugged` also while it is not.
#
# LIST is a file. Whatever is changed is written down there first, one change a line, so that restore.sh can undo
# exactly that, also after this computer or the phone died in between:
#   setting<TAB>NAMESPACE<TAB>KEY<TAB>VALUE     what `settings get` said before ("null": it was not set)
#   screen<TAB>off                              the screen was off, and is switched on
# A list that is there is added to, never begun anew: what it says was there before is what was there first.
set -u

list=${1:?usage: keep_awake.sh LIST [unplugged]}
tab=$(printf '\t')

write_down() {
	printf '%s\n' "$1" >>"$list" || {
		echo "keep_awake: cannot write $list; nothing was changed" >&2
		exit 3
	}
	# What is lost with the power must be the change rather than the note of it.
	sync "$list" 2>/dev/null || sync
}

is_written_down() {
	[ -f "$list" ] || return 1
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in "$1"*) return 0 ;; esac
	done <"$list"
	return 1
}

# change NAMESPACE KEY VALUE
change() {
	before=$(settings get "$1" "$2") || {
		echo "keep_awake: the phone does not say its setting $1 $2; it is left alone" >&2
		return 0
	}
	case $before in
	"$3") return 0 ;;
	'')
		echo "keep_awake: the phone does not say its setting $1 $2; it is left alone" >&2
		return 0
		;;
	# A value that does not fit on a line of the list could not be put back.
	*"
"* | *"$tab"*)
		echo "keep_awake: the setting $1 $2 has an odd value; it is left alone" >&2
		return 0
		;;
	esac
	is_written_down "setting$tab$1$tab$2$tab" || write_down "setting$tab$1$tab$2$tab$before"
	settings put "$1" "$2" "$3" || echo "keep_awake: the phone does not take the setting $1 $2" >&2
}

command -v settings >/dev/null 2>&1 || {
	echo "keep_awake: there is no settings command here: not an Android phone" >&2
	exit 4
}
umask 077
# 15: by mains, USB, without wires, in a dock.
change global stay_on_while_plugged_in 15
change system screen_brightness_mode 0
change system screen_brightness 1
# As long as Android can say, in ms: without a cable nothing else keeps the screen on, and the processors from sleep.
[ "${2:-}" != unplugged ] || change system screen_off_timeout 2147483647

# A phone whose screen is off may doze, which ends its clocks' freedom.
case $(dumpsys power 2>/dev/null) in
*mWakefulness=Asleep* | *mWakefulness=Dozing* | *mWakefulness=Dreaming*)
	is_written_down "screen$tab" || write_down "screen${tab}off"
	input keyevent KEYCODE_WAKEUP || echo "keep_awake: the screen does not switch on" >&2
	;;
esac
exit 0
