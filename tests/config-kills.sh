#!/usr/bin/env bash
# Kills a process (SIGKILL) at every point between two writes of a configuration's life, 10 times each (or as often as the first argument says), and lets another process look at what is left.
# Ends with 0 when every one of them left the configuration before or after the step, whole, and could be started and gone on with.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet run -c Release --project tests/Edge.ConfigVictim -- kills --times "${1:-10}"
