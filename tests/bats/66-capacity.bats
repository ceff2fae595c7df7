#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Metrics for a monitor, and what the ledger says about how much fits on the machine.

load lib
load oci

@test "metrics: OpenMetrics of containers and tenants" {
	needs_root
	needs_controller memory pids
	ctr tenant create "cap$$" --pids 99 "${HOST_IDS[@]}"
	ctr run -d --name "$ID" --tenant "cap$$" --memory 64m host sleep 100 >out 2>&1
	ctr metrics >m.txt
	[ "$(tail -n 1 m.txt)" = "# EOF" ]
	grep -qx "ctr_memory_limit_bytes{kind=\"container\",name=\"$ID\",tenant=\"cap$$\"} 67108864" m.txt
	grep -qx "ctr_processes_limit{kind=\"tenant\",name=\"cap$$\",tenant=\"cap$$\"} 99" m.txt
	grep -q "^ctr_cpu_seconds_total{kind=\"container\",name=\"$ID\"" m.txt
	# Each family is announced once, and every sample belongs to the one before it.
	awk '/^# TYPE/ {if (seen[$3]++) exit 1; f = $3; t = $4} /^ctr_/ {n = $1; sub(/\{.*/, "", n);
		if (n != f (t == "counter" ? "_total" : "")) exit 1}' m.txt
	ctr metrics -o prom/x.prom && exit 1 || true
	mkdir prom
	ctr metrics -o "$PWD/prom/ctr.prom"
	[ "$(tail -n 1 prom/ctr.prom)" = "# EOF" ]
	# The dashboard asks for nothing that is not there.
	grep -o 'ctr_[a-z_]*' "$BATS_TEST_DIRNAME/../../docs/grafana.json" | sort -u >asked
	sed -n 's/^\(ctr_[a-z_]*\).*/\1/p' m.txt | sort -u >there
	[ -s asked ]
	[ -z "$(comm -23 asked there)" ]
	ctr delete --force "$ID"
	ctr tenant rm "cap$$"
}

@test "capacity: alone, together, left" {
	needs_root
	local i
	mkdir -p "$ROOT/.lib/usage"
	# Two tenants that were busy one after the other, a minute each in ten.
	for i in 1 2; do
		printf '{"version":1,"time":"2026-01-01T00:%02d:00.000000000Z","id":"c%d","created":"t","tenant":"t%d","wallNs":300000000000,"cpuNs":300000000000,"memory":1073741824,"memoryPeak":1073741824}\n' \
			$((i * 5)) "$i" "$i"
	done >"$ROOT/.lib/usage/2026-01.jsonl"
	ctr capacity --json --risk 0 >cap.json
	jq -e '.tenants | length == 2 and all(.cpuMilli == 1000 and .memory == 1073741824)' cap.json
	jq -e '.alone.cpuMilli == 2000 and .together.cpuMilli == 1000 and
		.together.memory == 1073741824 and .left.memory < .machine.memory' cap.json
	run ctr capacity
	has "all together"
	run ctr capacity --risk 200
	ended 1
	rm -r "$ROOT/.lib"
	run ctr capacity
	ended 0
	has "the ledger is empty"
}
