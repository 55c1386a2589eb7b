#!/usr/bin/env bash
# Kills a process at work on a replay buffer at random moments, 300 times (or as often as the first argument says; the second is the seed), and lets a fresh process compare the store with what was acknowledged after each.
# Ends with 0 when no acknowledged example was lost, none was wrong and every store opened again. About half a second a kill. A third argument names the file of the report, such as Storage/results/kills.md.
set -euo pipefail
report="${3:+$(realpath "$3")}"
cd "$(dirname "$0")/.."
dotnet run -c Release --project tests/Edge.ReplayVictim -- kills --count "${1:-300}" --seed "${2:-1}" ${report:+--out "$report"}
