#!/usr/bin/env bash
# Simulates 200 devices on one broker and looks at them with 'edge watch --json'; then 100 devices, of which 20 % fail health, through a rollout 10 % -> 50 % -> 100 % that must stop by itself, be resumed, and be taken back.
# Prints the figures; ends with 0 and PASSED when every device was seen, failing devices were back on what they ran before, and every summary added up. Argument: HOST:PORT of a broker; without it the embedded one.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Runtime -c Release -v quiet --nologo -m:1
edge="$PWD/$(find Runtime/bin/Release -name edge -type f | head -1)"
work=$(mktemp -d)
simulation=
trap '[ -z "$simulation" ] || kill "$simulation" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() { echo "FAILED: $1"; exit 1; }
number() { grep -o "\"$1\":[0-9.]*" | tail -1 | cut -d: -f2; } # Of the last such member on standard input.
begin() { # Starts devices, and waits until all of them have said something.
  local devices=$1; shift
  "$edge" simulate --devices "$devices" ${broker_given:+--broker "$broker_given"} --port 0 --root "$root" --json "$@" > "$work/report" 2> "$work/log" &
  simulation=$!
  until grep -q ' at ' "$work/log"; do sleep 0.1; kill -0 "$simulation" || { cat "$work/log"; fail "the simulation did not start"; }; done
  broker=$(sed -n 's/.* at \([^ ]*\).*/\1/p' "$work/log" | head -1)
  until grep -q " $devices of $devices connected" "$work/log"; do sleep 0.5; kill -0 "$simulation" || { cat "$work/log"; fail "the simulation ended"; }; done
}
end() { kill -TERM "$simulation"; wait "$simulation" || fail "the simulation ended with $?"; simulation=; }
check_sum() { # Each device is in exactly one count.
  local total targeted parts
  total=$(number total < "$1"); targeted=$(number targeted < "$1")
  parts=$(( $(number active < "$1") + $(number underWay < "$1") + $(number rolledBack < "$1") + $(number refused < "$1") + $(number silent < "$1") ))
  [ "$parts" = "$targeted" ] && [ $(( targeted + $(number waiting < "$1") + $(number notTargeted < "$1") )) = "$total" ] && [ "$total" = 100 ] || fail "the summary does not add up: $(cat "$1")"
}

broker_given=${1:-}
root="fleet-$$"
echo "== 200 devices, watched"
begin 200 --pace 5
"$edge" watch --broker "$broker" --root "$root" --json --for 10 > "$work/watched"
seen=$(grep '"event":"device"' "$work/watched" | grep -o '"device":"[^"]*"' | sort -u | wc -l)
echo "edge watch --json: $seen devices in $(wc -l < "$work/watched") lines"
end
[ "$seen" = 200 ] || fail "$seen of 200 devices were seen"
echo "for each device: $(number cpuPercentPerDevice < "$work/report") % of a core, $(number memoryKiBPerDevice < "$work/report") KiB; $(number messageCount < "$work/report") messages in $(number seconds < "$work/report") s"

echo "== 100 devices, 20 of which fail health"
root="rollout-$$"
begin 100 --failing 20
echo '{ "version": 7, "config": { "drift": { "threshold": 7 }, "updates": { "trialSeconds": 2 } } }' > "$work/v7.json"
echo '{ "version": 8, "config": { "updates": { "trialSeconds": 2 } } }' > "$work/v8.json"
push() { "$edge" config push "$work/v7.json" --broker "$broker" --root "$root" --rollout 10 --stages 50,100 --watch --stage-seconds 60 "$@"; }
push --max-failed-percent 15 && fail "the rollout did not stop" || [ $? = 1 ] || fail "the rollout ended with $?"
"$edge" config status --summary --json --broker "$broker" --root "$root" > "$work/stopped"
check_sum "$work/stopped"
grep -q '"state":"stopped"' "$work/stopped" || fail "the rollout is not stopped: $(cat "$work/stopped")"
[ "$(number waiting < "$work/stopped")" -gt 0 ] || fail "it went through all stages"
"$edge" watch --json --broker "$broker" --root "$root" --for 3 > "$work/watched"
back=$(grep '"result":"rolledBack"' "$work/watched" | grep -v '"activeVersion"' | grep -o '"device":"[^"]*"' | sort -u | wc -l)
[ "$back" = "$(number rolledBack < "$work/stopped")" ] || fail "$back devices are back on what they ran before"
echo "$back failing devices are back on their own file"

echo "-- resumed, whoever fails"
push --max-failed-percent 100 --resume
"$edge" config status --summary --json --broker "$broker" --root "$root" > "$work/done"
check_sum "$work/done"
[ "$(number active < "$work/done")" = 80 ] && [ "$(number rolledBack < "$work/done")" = 20 ] || fail "expected 80 active and 20 rolled back: $(cat "$work/done")"

echo "-- taken back"
"$edge" config abort --back-to "$work/v8.json" --broker "$broker" --root "$root"
for _ in $(seq 20); do
  "$edge" watch --json --broker "$broker" --root "$root" --for 2 > "$work/watched" || true
  taken=$(grep -o '"activeVersion":8' "$work/watched" | wc -l)
  [ "$taken" -ge 80 ] && break
done
end
grep -q '"version 8":80' "$work/report" || fail "not all went back: $(cat "$work/report")"
echo "$(grep -o '"activeConfigs":{[^}]*}' "$work/report"), $(grep -o '"attempts":{[^}]*}' "$work/report")"
echo "for each device: $(number cpuPercentPerDevice < "$work/report") % of a core, $(number memoryKiBPerDevice < "$work/report") KiB; $(number messageCount < "$work/report") messages in $(number seconds < "$work/report") s"
echo PASSED
