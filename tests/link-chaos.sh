#!/usr/bin/env bash
# Disturbs a real mosquitto (stopped, SIGSTOPped, restarted), the network between it and a device (held, dropping bytes) and the device itself (kill -9), 50 times over 10 minutes, while the device offers 100 messages a second that
# are never dropped. Ends with 0 and PASSED when every acknowledged message arrived, in order after de-duplication, memory kept its limit, and at least 90 % of the messages were offered. Arguments: cycles, seconds, messages per second, seed, and a file for the report (Telemetry/results/chaos.md is the committed one).
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet run -c Release --project tests/Edge.LinkVictim -- chaos --cycles "${1:-50}" --seconds "${2:-600}" --rate "${3:-100}" --seed "${4:-1}" ${5:+--out "$5"}
