#!/bin/sh
# Says what this device is, in one go: sections under a heading each; one that cannot be read is empty.
# Read by devices/adb/identity.py.

heading() {
	printf '\n@@bakeoff %s\n' "$1"
}

# Every line of the files, as path:line. Not by grep: it costs a phone more than the reading does.
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

heading properties
getprop
heading cpuinfo
cat /proc/cpuinfo
heading online
cat $cpu/online
heading cpufreq
for policy in "$cpu"/cpufreq/policy*; do
	lines_of "$policy/affected_cpus" "$policy/related_cpus" "$policy/cpuinfo_max_freq" "$policy/scaling_governor"
done
heading core_cpufreq
for core in "$cpu"/cpu[0-9]*/cpufreq; do
	lines_of "$core/affected_cpus" "$core/related_cpus" "$core/cpuinfo_max_freq" "$core/scaling_governor"
done
heading meminfo
cat /proc/meminfo
heading os_release
cat /etc/os-release || cat /usr/lib/os-release
heading device_tree_model
tr -d '\000' </proc/device-tree/model
heading machine
uname -m
heading kernel
uname -sr
heading loaders
ls -d /system/bin/linker64 /system/bin/linker /lib/ld-musl-* /lib*/ld-linux* /lib*/ld-uClibc*
heading boot_id
cat /proc/sys/kernel/random/boot_id
exit 0
