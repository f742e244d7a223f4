"""Android's `settings`, `dumpsys` and `input`, as far as the scripts of adb_scripts/ use them.

They keep their state in files beside their folder: settings/NAMESPACE.KEY; `screen` (On, Asleep), `calls` (one line a
call that changes something, and whether the list of changes held a line on it at that moment); and misbehave on
request: `refuses` (a pattern of keys that cannot be put), `dies_at` (the number of the call at which whoever called is
killed).
"""

from __future__ import annotations

_BEGIN = """#!/bin/sh
home=${0%/*}/..
count() {
  printf '%s\\n' "$1" >>"$home/calls"
  [ -f "$home/dies_at" ] && [ "$(wc -l <"$home/calls")" -eq "$(cat "$home/dies_at")" ] && kill -s KILL "$PPID"
  return 0
}
noted() {
  grep -qF "$1" "$home/changed" 2>/dev/null && echo noted || echo 'not noted'
}
"""

ANDROID_COMMANDS = {
    "settings": _BEGIN
    + """
operation=$1 namespace=$2 key=$3
file=$home/settings/$namespace.$key
case $operation in
get) if [ -f "$file" ]; then cat "$file"; else echo null; fi ;;
put)
  count "put $namespace $key: $(noted "$key")"
  [ -f "$home/refuses" ] && case $key in $(cat "$home/refuses")) exit 255 ;; esac
  printf '%s\\n' "$4" >"$file"
  ;;
delete) count "delete $namespace $key"; rm -f "$file"; echo Deleted ;;
esac
""",
    "dumpsys": _BEGIN
    + """
case "$1 ${2:-}" in
'power ') printf '  mWakefulness=%s\\n' "$(cat "$home/screen" 2>/dev/null || echo Awake)" ;;
'battery reset') count 'battery reset' ;;
'battery ') echo 'level: 78' ;;
esac
""",
    "input": _BEGIN
    + """
count "$1 $2: $(noted screen)"
""",
}
