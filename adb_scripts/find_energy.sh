#!/bin/sh
# Says what a device can tell of its energy, its battery, its heat and its clocks, in one go: sections under a heading
# each; one that cannot be read is empty. Changes nothing. Runs on phones and on boards; read by devices/power/survey.py.

heading() {
	printf '\n@@bakeoff %s\n' "$1"
}

# Path, tab, line: of every line of the files that can be read.
lines_of() {
	for file in "$@"; do
		[ -f "$file" ] || continue
		[ -r "$file" ] || continue
		while IFS= read -r line || [ -n "$line" ]; do
			printf '%s\t%s\n' "$file" "$line"
			line=
		done <"$file"
	done
}

# A command that is not there, or that hangs, costs nothing.
ask() {
	command -v "$1" >/dev/null || return 0
	if command -v timeout >/dev/null; then timeout 5 "$@"; else "$@"; fi
}

exec 2>/dev/null </dev/null

heading sdk
ask getprop ro.build.version.sdk
heading boot_id
cat /proc/sys/kernel/random/boot_id
heading power_supply
for supply in /sys/class/power_supply/*; do
	for name in type scope present status online capacity temp voltage_now current_now power_now charge_counter charge_now \
		charge_full charge_full_design energy_now energy_full energy_full_design voltage_min_design; do
		lines_of "$supply/$name"
	done
done
heading battery
ask dumpsys battery
heading battery_counter
ask cmd battery get -f counter
heading battery_current
ask cmd battery get -f current_now
heading power_stats
ask dumpsys android.hardware.power.stats.IPowerStats/default | sed -n '/energy meter =/,/End of.*energy meter =/p'
heading iio_rails
for meter in /sys/bus/iio/devices/iio:device*; do
	lines_of "$meter/energy_value" "$meter/enabled_rails"
done
heading jetson_iio
for rail in /sys/bus/i2c/drivers/ina3221x/*/iio:device*; do
	for channel in 0 1 2; do
		lines_of "$rail/rail_name_$channel" "$rail/in_power${channel}_input"
	done
done
heading hwmon
for sensor in /sys/class/hwmon/hwmon*; do
	set -- "$sensor"/curr*_input "$sensor"/power*_input "$sensor"/energy*_input
	found=
	for file in "$@"; do
		[ ! -f "$file" ] || found=yes
	done
	[ -n "$found" ] || continue
	lines_of "$sensor/name" "$sensor/shunt_resistor" "$sensor"/in*_label "$sensor"/in*_input "$@"
done
heading powercap
for zone in /sys/class/powercap/intel-rapl:*; do
	lines_of "$zone/name" "$zone/energy_uj" "$zone/max_energy_range_uj"
done
heading pmic
ask vcgencmd pmic_read_adc
heading throttled
ask vcgencmd get_throttled
heading thermalservice
ask dumpsys thermalservice
heading thermal_zones
for zone in /sys/class/thermal/thermal_zone*; do
	lines_of "$zone/type" "$zone/temp"
done
heading clocks
cpu=/sys/devices/system/cpu
for clocks in "$cpu"/cpufreq/policy* "$cpu"/cpu[0-9]*/cpufreq; do
	# A core's folder is the policy's by another name wherever there are policies.
	case $clocks in
	*/policy*) policies=yes ;;
	*) [ -z "${policies:-}" ] || continue ;;
	esac
	[ -d "$clocks" ] || { policies= && continue; }
	lines_of "$clocks/related_cpus" "$clocks/scaling_governor" "$clocks/scaling_max_freq"
done
heading power
ask dumpsys power | grep mWakefulness=
exit 0
