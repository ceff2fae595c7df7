#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: what ctr says does not depend on the machine.
# The command line of an OCI runtime: flags, texts, exit codes and JSON that callers depend on.

load lib

# ---- parsing ------------------------------------------------------------------------------------

@test "version: the first line has the word, the name is the one it was called by" {
	run ctr --version
	ended 0
	[[ ${lines[0]} =~ ^ctr\ version\ [0-9] ]]
	has "spec: 1."
	ln -s "$(realpath "$CTR")" runc
	run ./runc --version
	[[ ${lines[0]} =~ ^runc\ version\  ]]
}

@test "unknown commands and flags: usage on standard error, exit code 1" {
	run ctr nosuch
	ended 1
	has 'unknown command "nosuch"'
	has usage:
	[ -z "$(ctr nosuch 2>/dev/null)" ]
	run ctr kill --nosuch "$ID"
	ended 1
	has "unknown flag: --nosuch"
	has "usage: ctr kill"
	run ctr
	ended 1
	run ctr state
	ended 1
	run ctr state a b
	ended 1
}

@test "verbs: a wrong one is told which there are, exit code 1" {
	local family
	for family in network secret system tenant volume; do
		run ctr "$family" nothing
		ended 1
		has "ctr: $family: expected "
		has ', got "nothing"'
	done
	run ctr tenant ls more
	ended 1
	has "tenant: ls: expected nothing more"
}

@test "help: every command has it, exit code 0" {
	local command
	ctr --help >help
	for command in $(sed -n '/^global flags:/q; s/^  \([a-z]*\) .*/\1/p' help); do
		case $command in help | version) continue ;; esac
		run ctr "$command" --help
		ended 0
		has "usage: ctr $command"
		run ctr help "$command"
		ended 0
	done
	[ "$(grep -c '^  [a-z]' help)" -gt 50 ]
	# No command is a heading.
	run ctr ""
	ended 1
	has 'unknown command ""'
}

@test "a flag without its value says what podman looks for" {
	run ctr create --bundle
	ended 1
	has "flag needs an argument"
}

@test "globals may come twice, flags with one dash or an equals sign" {
	bundle
	detached ctr --root /nonexistent --root "$ROOT" --log-format=json create -bundle=bundle -no-subreaper "$ID"
	ended 0
	[ "$(state_of)" = created ]
}

@test "the strict command line has OCI's commands only, and follows the name" {
	bundle
	ln -s "$(realpath "$CTR")" crun
	run ./crun --root "$ROOT" plan
	ended 1
	has 'unknown command "plan"'
	run oci run --rm host true
	ended 1
	has "unknown flag: --rm"
	cd bundle
	detached ../crun --root "$ROOT" create "$ID" # the bundle is the current directory
	ended 0
	[ "$(state_of)" = created ]
}

@test "roots that make no sense are refused" {
	run ctr --root / list
	ended 1
	run "$CTR" --root "$BATS_TEST_TMPDIR/nosuch" list
	ended 1
	has "no such file or directory"
	run ctr --cgroup-manager chaos list
	ended 1
	run ctr --log-format xml list
	ended 1
}

@test "ids: only what is one component of a path" {
	bundle
	for id in "" . .. ../x a/b "a b" .x "$(printf 'x%.0s' {1..1025})" $'a\nb' "$(printf '\xc3\xa4')"; do
		detached ctr create --bundle bundle "$id"
		ended 1
		has "invalid container ID format"
	done
}

# ---- spec, features, validate -------------------------------------------------------------------

@test "spec: what runc spec gives" {
	needs runc
	mkdir ours theirs
	ctr spec --bundle ours
	(cd theirs && runc spec)
	for dir in ours theirs; do
		jq -S 'del(.ociVersion, .hostname, .process.capabilities.ambient) | .linux.namespaces |= sort_by(.type) |
			.linux.maskedPaths |= sort' "$dir/config.json" >"$dir.json"
	done
	diff ours.json theirs.json
}

@test "spec: rootless, and never over another one" {
	ctr spec --rootless
	[ "$(jq -c '[.linux.namespaces[].type] | index("user", "network")' config.json | tr '\n' ' ')" != "" ]
	jq -e '.linux.uidMappings[0].size == 1 and (.linux.namespaces | any(.type == "user"))' config.json
	run ctr spec
	ended 1
	has "exists. Remove it first"
}

@test "features: one JSON document, nothing on standard error" {
	ctr features >out 2>err
	[ ! -s err ]
	jq -e '.ociVersionMin == "1.0.0" and (.mountOptions | index("rro")) and
		.linux.seccomp.enabled and (.linux.namespaces | length == 8) and
		(.linux.capabilities | index("CAP_SYS_ADMIN"))' out
}

@test "validate: says what is wrong and where" {
	bundle
	run ctr validate bundle
	ended 0
	has valid
	config bundle '.process.cwd = "relative"'
	run ctr validate bundle
	ended 1
	has process.cwd
	echo '{"ociVersion": 1}' >bundle/config.json
	run ctr validate bundle
	ended 1
	has ociVersion
	run ctr validate nosuch
	ended 1
	has "no such file or directory"
}

@test "plan: text, JSON, and nothing is made" {
	bundle
	run ctr plan --bundle bundle "$ID"
	ended 0
	has "# inside"
	ctr plan --bundle bundle --json "$ID" | jq -e .newNamespaces
	[ ! -e "$ROOT/$ID" ]
}

# ---- life ---------------------------------------------------------------------------------------

@test "create, start, kill, delete" {
	bundle
	detached ctr create --bundle bundle --pid-file pid "$ID"
	ended 0
	[ "$(state_of)" = created ]
	[[ $(od -An -c pid | tr -d ' \n') =~ ^[0-9]+$ ]] # no newline behind it
	[ "$(cat pid)" = "$(ctr state "$ID" | jq .pid)" ]
	run ctr start "$ID"
	ended 0
	[ "$(state_of)" = running ]
	run ctr kill "$ID" SIGKILL
	ended 0
	wait_for stopped
	ctr state "$ID" | jq -e '.pid == 0'
	run ctr delete "$ID"
	ended 0
	run ctr state "$ID"
	ended 1
	has "container does not exist"
}

@test "a created container can be deleted, a running one only by force" {
	bundle
	ctr create --bundle bundle "$ID" >/dev/null 2>&1
	run ctr delete "$ID"
	ended 0
	running
	run ctr delete "$ID"
	ended 1
	has "cannot delete container $ID that is not stopped: running"
	run ctr delete --force "$ID"
	ended 0
	run ctr delete --force "$ID"
	ended 0
	run ctr delete "$ID"
	ended 1
	has "container does not exist"
}

@test "an id that is taken" {
	running
	detached ctr create --bundle "b-$ID" "$ID"
	ended 1
	has "container with given ID already exists"
	[ "$(state_of)" = running ]
}

@test "no command but delete --force takes an unknown id" {
	local command
	for command in state start kill pause resume events ps; do
		run ctr "$command" "$ID"
		ended 1
		has "container does not exist"
	done
	run ctr exec "$ID" true
	has "container does not exist"
	run ctr update --pids-limit 5 "$ID"
	ended 1
	has "container does not exist"
}

@test "start: only once, and not after the end" {
	running
	run ctr start "$ID"
	ended 1
	has "cannot start an already running container"
	ctr kill "$ID" KILL
	wait_for stopped
	run ctr start "$ID"
	ended 1
	has "cannot start a container that has stopped"
}

@test "kill: names, numbers, and texts for what has ended" {
	bundle bundle '.process.args = ["sh", "-c", "trap \"exit 9\" USR1; while :; do sleep 0.1; done"]'
	ctr create --bundle bundle "$ID" >/dev/null 2>&1
	ctr start "$ID"
	run ctr kill "$ID" NOSUCH
	ended 1
	has 'unknown signal "NOSUCH"'
	run ctr kill "$ID" 0
	ended 0
	sleep 0.3
	run ctr kill "$ID" usr1
	ended 0
	wait_for stopped
	run ctr kill "$ID" 9
	ended 1
	has "container not running"
	run ctr kill --all "$ID" 9
	ended 0
}

@test "pause and resume" {
	running
	run ctr resume "$ID"
	ended 1
	has "container not paused"
	run ctr pause "$ID"
	ended 0
	[ "$(state_of)" = paused ]
	run ctr exec "$ID" true
	has "cannot exec in a paused container (use --ignore-paused to override)"
	run ctr delete "$ID"
	ended 1
	run ctr resume "$ID"
	ended 0
	[ "$(state_of)" = running ]
	ctr pause "$ID"
	run ctr kill "$ID" KILL # also ends what is frozen
	ended 0
	wait_for stopped
	run ctr pause "$ID"
	ended 1
	has "container not running"
}

@test "a program that is not there fails create, and leaves nothing" {
	bundle bundle '.process.args = ["nosuch"]'
	detached ctr --log log --log-format json create --bundle bundle --pid-file pid "$ID"
	ended 1
	has 'exec: "nosuch": executable file not found in $PATH'
	[ ! -e pid ]
	[ "$(wc -l <log)" = 1 ] # podman takes the whole file for one object
	jq -e '.level == "error" and (.msg | test("not found in \\$PATH")) and
		(.time | fromdate) and .code == "exec-not-in-path"' log
	run ctr state "$ID"
	ended 1
}

# ---- run and exec -------------------------------------------------------------------------------

@test "run: the exit code is the program's, and nothing stays" {
	bundle bundle '.process.args = ["sh", "-c", "exit 7"]'
	run oci run --bundle bundle "$ID"
	ended 7
	run ctr run -b bundle "$ID"
	ended 7
	config bundle '.process.args = ["sh", "-c", "kill -TERM $$; sleep 9"]'
	config bundle 'del(.linux.namespaces[] | select(.type == "pid"))'
	run ctr run -b bundle "$ID"
	ended 143
	config bundle '.process.args = ["nosuch"]'
	run ctr run -b bundle "$ID"
	ended 1
	run ctr run -b bundle --memory 5m "$ID"
	has "unknown flag: --memory"
}

@test "run: --keep, --detach" {
	bundle bundle '.process.args = ["true"]'
	run ctr run -b bundle --keep "$ID"
	ended 0
	[ "$(state_of)" = stopped ]
	ctr delete "$ID"
	config bundle '.process.args = ["sleep", "100"]'
	ctr run -b bundle --detach "$ID" >/dev/null 2>&1 </dev/null
	[ "$(state_of)" = running ]
}

@test "run: signals are passed on" {
	bundle bundle '.process.args = ["sh", "-c", "trap \"exit 5\" TERM; while :; do sleep 0.1; done"]'
	"$CTR" --root "$ROOT" run -b bundle "$ID" >/dev/null 2>&1 &
	local pid=$!
	wait_for running
	sleep 0.3
	kill -TERM "$pid"
	wait "$pid" || [ $? = 5 ]
}

@test "exec: exit codes, environment, directory, user" {
	running
	run oci exec "$ID" sh -c 'exit 3'
	ended 3
	run oci exec "$ID" sh -c 'kill -KILL $$'
	ended 137
	run oci exec "$ID" nosuch
	ended 255
	has 'exec: "nosuch": executable file not found in $PATH'
	run oci exec "$ID" /nosuch
	has 'exec: "/nosuch": stat /nosuch: no such file or directory'
	run oci exec "$ID" /etc
	has 'exec: "/etc": permission denied'
	run ctr exec --cwd /tmp -e A=1 -e B=2 "$ID" sh -c 'echo $PWD $A $B'
	[ "$output" = "/tmp 1 2" ]
	run ctr exec -u 1000:7 "$ID" id
	has "uid=1000(guest) gid=7"
	run ctr exec -u guest "$ID" id -G
	[ "$output" = "1000 2000" ]
	run ctr exec -u 1000 -g 5 -g extra "$ID" id -G
	[ "$output" = "1000 2000 5" ] || [ "$output" = "1000 5 2000" ]
	run ctr exec -u nosuch "$ID" id
	[ "$status" != 0 ]
	run ctr exec "$ID" -- true
	ended 0
}

@test "exec: a whole process as JSON, detached" {
	running
	cat >process.json <<-'END'
		{"args": ["sh", "-c", "sleep 100"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 1000, "gid": 1000}}
	END
	detached ctr exec --process process.json --detach --pid-file exec.pid "$ID"
	ended 0
	[ "$(stat -c %u "/proc/$(cat exec.pid)")" = 1000 ]
	ctr ps --format json "$ID" | jq -e --argjson pid "$(cat exec.pid)" 'index($pid)'
	echo '{"args": ["nosuch"], "cwd": "/"}' >process.json
	detached ctr exec --process process.json --detach --pid-file none.pid "$ID"
	ended 255
	[ ! -e none.pid ]
	echo '{"args": [], "cwd": "/"}' >process.json
	run ctr exec --process process.json "$ID"
	ended 255
}

@test "exec: not in a container that has ended" {
	running
	ctr kill "$ID" KILL
	wait_for stopped
	run ctr exec "$ID" true
	ended 255
	has "cannot exec in a stopped container"
}

@test "exec: capabilities and no-new-privs" {
	running
	run ctr exec -c SYS_ADMIN "$ID" grep CapEff /proc/self/status
	[[ $((16#${output##*	})) -ne 0 ]] && [ $((16#${output##*	} >> 21 & 1)) = 1 ]
	run ctr exec "$ID" grep CapInh /proc/self/status
	[ $((16#${output##*	})) = 0 ]
	run ctr exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	has 1
}

@test "exec --privileged: what ctr has itself; not for OCI callers" {
	running
	[ "$(ctr exec --privileged "$ID" awk '$1 == "CapEff:" {print $2}' /proc/self/status)" = \
		"$(awk '$1 == "CapEff:" {print $2}' /proc/self/status)" ]
	run ctr exec --privileged --no-new-privs "$ID" true
	[ "$status" != 0 ]
	run oci exec --privileged "$ID" true
	[ "$status" != 0 ]
	has "unknown flag"
}

@test "exec --env-file, and variables that are passed on" {
	running
	printf 'FROM_FILE=1\nBOTH=file\n' >vars
	FROM_HERE=2 run ctr exec --env-file vars -e FROM_HERE -e BOTH=flag "$ID" sh -c 'echo $FROM_FILE $FROM_HERE $BOTH'
	ended 0
	has "1 2 flag"
}

# ---- what is inherited --------------------------------------------------------------------------

@test "descriptors: 0 to 2 and those that are preserved" {
	bundle bundle '.process.args = ["sh", "-c", "ls /proc/self/fd | wc -l; cat <&3"]'
	echo hello >file
	run ctr run -b bundle --preserve-fds 1 "$ID" 3<file 9</etc/passwd
	ended 0
	has hello
	[ "${lines[0]}" = 5 ] # ls opens the directory
	run ctr run -b bundle --preserve-fds 2 "$ID" 3<file 4<&-
	ended 1
	has "unable to stat preserved-fd"
	config bundle '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	run ctr run -b bundle --preserve-fds 1 "$ID" 3<file
	ended 0
	has hello
}

@test "descriptors: sockets of a service manager" {
	bundle bundle '.process.args = ["sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3"]'
	echo hello >file
	LISTEN_FDS=1 run sh -c 'LISTEN_PID=$$ exec "$0" --root "$1" run -b bundle "$2"' "$CTR" "$ROOT" "$ID" 3<file
	has "1 1"
	has hello
}

@test "closed standard descriptors do no harm" {
	bundle bundle '.process.args = ["true"]'
	ctr run -b bundle "$ID" <&- >&- 2>&-
}

# ---- terminals ----------------------------------------------------------------------------------

@test "terminal: the texts for misuse" {
	bundle bundle '.process.terminal = true'
	detached ctr create --bundle bundle "$ID"
	ended 1
	has "cannot allocate tty if runc will detach without setting console socket"
	config bundle '.process.terminal = false'
	detached ctr create --bundle bundle --console-socket sock "$ID"
	ended 1
	has "cannot use console socket if runc will not detach or allocate tty"
}

@test "terminal: its master goes to the console socket" {
	bundle bundle '.process.terminal = true | .process.args = ["sh", "-c", "tty; stty size; sleep 100"] |
		.process.consoleSize = {"width": 91, "height": 17}'
	python3 - sock >seen 2>&1 3>&- 4>&- <<-'END' &
		import array, os, select, socket, sys
		s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1)
		s.settimeout(60)
		c, _ = s.accept()
		data, anc, _, _ = c.recvmsg(4096, 64)
		fd = array.array("i", anc[0][2][:4])[0]
		assert len(data) >= 1 and len(anc) == 1
		out = b""
		while b"91" not in out and select.select([fd], [], [], 10)[0]:
		    out += os.read(fd, 1000)
		print(out.decode())
	END
	receiver=$!
	for _ in {1..600}; do [ -S sock ] && break; sleep 0.05; done
	detached ctr create --bundle bundle --console-socket sock "$ID"
	ended 0
	ctr start "$ID"
	wait "$receiver" # not for bats' own time-out
	grep -q /dev/pts/0 seen
	grep -q "17 91" seen
}

@test "terminal: in the foreground ctr carries the bytes" {
	bundle bundle '.process.terminal = true | .process.args = ["sh", "-c", "read x; echo got $x; tty"]'
	run on_terminal run -b bundle "$ID"
	ended 0
	has "got hello"
	has /dev/pts/0
}

# ---- JSON and tables ----------------------------------------------------------------------------

@test "state: the members that callers decode" {
	running "$ID" '.annotations = {"a": "1", "org.x/y": "z"}'
	ctr state "$ID" >out
	jq -e --arg id "$ID" '.ociVersion and .id == $id and .pid > 1 and .status == "running" and
		(.bundle | startswith("/")) and (.rootfs | endswith("/rootfs")) and
		(.created | test("^[0-9-]+T[0-9:]+\\.[0-9]{1,9}Z$")) and
		.annotations == {"a": "1", "org.x/y": "z"} and has("owner")' out
	grep -q '^  "ociVersion"' out
}

@test "list: table, JSON, ids" {
	mkdir -p "$ROOT"
	run ctr list --format json
	[ "$output" = "[]" ] || [ "$output" = null ]
	running "$ID-b"
	running "$ID-a"
	run ctr list
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	[[ ${lines[1]} =~ ^$ID-a\ .*running.*$(id -un)$ ]]
	run ctr list -q
	[ "$output" = "$ID-a"$'\n'"$ID-b" ]
	[ "$(ctr list -f json | wc -l)" = 1 ]
	ctr list -f json | jq -e 'length == 2 and .[0].status == "running"'
	run ctr list -f xml
	ended 1
}

@test "ps: pids of the host" {
	running
	ctr ps -f json "$ID" | jq -e --argjson pid "$(ctr state "$ID" | jq .pid)" '. == [$pid]'
	needs ps
	run ctr ps "$ID"
	ended 0
	[[ ${lines[0]} == *PID* && ${lines[1]} == *"sleep 100"* && ${#lines[@]} = 2 ]]
	run ctr ps "$ID" -o pid,comm
	[[ ${lines[1]} == *sleep* ]]
	run ctr ps "$ID" -o comm
	ended 1
}

@test "events --stats and update" {
	needs_root
	running
	ctr events --stats "$ID" >out
	jq -e --arg id "$ID" '.type == "stats" and .id == $id and .data.pids.current == 1 and
		.data.memory.usage.usage > 0 and .data.cpu.usage.total > 0' out
	run ctr update --pids-limit 77 --memory 100m --cpu-quota 50000 "$ID"
	ended 0
	ctr events --stats "$ID" | jq -e '.data.pids.limit == 77 and .data.memory.usage.limit == 104857600'
	echo '{"pids": {"limit": 78}}' | ctr update -r - "$ID"
	ctr events --stats "$ID" | jq -e '.data.pids.limit == 78'
	run ctr update --memory lots "$ID"
	ended 1
	has --memory
	run ctr update --l3-cache-schema x "$ID"
	ended 1
	ctr kill "$ID" KILL
	wait_for stopped
	run ctr events --stats "$ID"
	ended 1
	has "container with id $ID is not running"
}

@test "events: reports until the container ends" {
	needs_root
	running
	ctr events --interval 100ms "$ID" >out &
	sleep 0.5
	ctr kill "$ID" KILL
	wait $!
	[ "$(jq -r .type out | sort -u)" = stats ]
	[ "$(wc -l <out)" -ge 2 ]
}

# ---- the log ------------------------------------------------------------------------------------

@test "log: text, JSON, and the bare message on standard error" {
	run ctr --log log state "$ID"
	ended 1
	[[ $output == *"container does not exist"* ]]
	grep -q '^time="[^"]*T[^"]*Z" level=error msg="' log
	run ctr --log log2 --log-format json state "$ID"
	jq -e '.level == "error" and (.msg | contains("container does not exist")) and (.time | fromdate)' log2
	run ctr --log log2 --log-format json state "$ID"
	[ "$(wc -l <log2)" = 2 ] # appended
	run ctr --log-format json state "$ID"
	jq -e .msg <<<"$output"
	run ctr --log /nonexistent/log state "$ID"
	ended 1
}
