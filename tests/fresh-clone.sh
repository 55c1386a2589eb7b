#!/usr/bin/env bash
# The bar of the README's main command: from a fresh clone, build included, to a promoted snapshot within 120 s.
#   tests/fresh-clone.sh [REPOSITORY]        default: the repository that this script lies in; its HEAD is cloned
# Prints the seconds; exit code 0 when the bar holds, 1 when it does not. Packages come from the machine's cache.
set -euo pipefail

bar=120
repository=${1:-$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)}
work=$(mktemp -d "${TMPDIR:-/tmp}/edge-fresh-clone-XXXXXX")
pid=

finish() {
  if [[ -n $pid ]]; then
    kill -TERM -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

git clone --quiet "$repository" "$work/edge"
cd "$work/edge"

# A process group of its own, so that the end of this script is the end of the program under 'dotnet run' too.
start=$(date +%s.%N)
set -m
dotnet run --project Runtime -c Release -- run --headless --for 100 >"$work/out" 2>"$work/log" &
pid=$!
set +m

seconds() { awk -v now="$(date +%s.%N)" -v then="$start" 'BEGIN { printf "%.1f", now - then }'; }
promoted() { grep -q '"EventId":2004' "$work/log"; } # "snapshot … promoted by round …"

until promoted; do
  late=$(awk -v now="$(seconds)" -v bar="$bar" 'BEGIN { print (now > bar) }')
  if ! kill -0 "$pid" 2>/dev/null || [[ $late == 1 ]]; then
    promoted && break
    echo "no snapshot was promoted within $bar s (gave up after $(seconds) s)"
    tail -n 25 "$work/out" "$work/log" | cut -c1-400
    exit 1
  fi
  sleep 0.2
done

echo "snapshot promoted $(seconds) s after the command was started (bar: $bar s)"
