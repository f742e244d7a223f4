#!/bin/sh
# Reads the state that a measurement depends on, in one go: sections under a heading each; one that cannot be read is
# empty. Changes nothing. Run by devices/adb/keep_awake.py.

heading() {
	printf '\n@@bakeoff %s\n' "$1"
}

# path:line of every file that can be read and is not empty.
lines_of() {
	for file in "$@"; do
		[ -r "$file" ] || continue
		while IFS= read -r line || [ -n "$line" ]; do
			printf '%s:%s\n' "$file" "$line"
			line=
		done <"$file"
	done
}

cpu=/sys/devices/system/cpu
exec 2>/dev/null

heading boot_id
cat /proc/sys/kernel/random/boot_id
heading uptime
cat /proc/uptime
heading load
cat /proc/loadavg
heading battery
dumpsys battery
heading power_supply
for supply in /sys/class/power_supply/*; do
	lines_of "$supply/uevent" "$supply/status" "$supply/capacity" "$supply/temp" "$supply/current_now" \
		"$supply/voltage_now" "$supply/charge_counter"
done
heading thermalservice
dumpsys thermalservice
heading thermal_zones
for zone in /sys/class/thermal/thermal_zone*; do
	lines_of "$zone/type" "$zone/temp"
done
heading online
cat $cpu/online
heading clocks
for clocks in "$cpu"/cpufreq/policy* "$cpu"/cpu[0-9]*/cpufreq; do
	# A core's folder is the policy's by another name wherever there are policies.
	case $clocks in
	*/policy*) policies=yes ;;
	*) [ -z "${policies:-}" ] || continue ;;
	esac
	[ -d "$clocks" ] || { policies= && continue; }
	lines_of "$clocks/related_cpus" "$clocks/scaling_governor" "$clocks/scaling_cur_freq" \
		"$clocks/scaling_min_freq" "$clocks/scaling_max_freq" "$clocks/cpuinfo_max_freq"
done
heading power
dumpsys power
heading settings
for setting in global/stay_on_while_plugged_in global/low_power global/airplane_mode_on system/screen_off_timeout \
	system/screen_brightness system/screen_brightness_mode; do
	printf '%s:%s\n' "$setting" "$(settings get "${setting%%/*}" "${setting#*/}")"
done
exit 0
