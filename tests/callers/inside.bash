# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For what runs in the sandbox: a case finds RUNTIME (runc or ctr), PROGRAM (its path) and NAME (for what
# the case makes; nothing else has it).

# gives CODE COMMAND...: it ends so; what it printed is in $output.
gives() {
	local code=0 wanted=$1
	shift
	output=$("$@" 2>&1) || code=$?
	[ "$code" = "$wanted" ] || {
		printf '%s\nended with %s, not %s: %s\n' "$*" "$code" "$wanted" "$output"
		return 1
	}
}

# says TEXT COMMAND...: it succeeds and prints that, and nothing else.
says() {
	local wanted=$1
	shift
	gives 0 "$@"
	output=${output%$'\r'}
	[ "$output" = "$wanted" ] || {
		printf '%s\nprinted: %s\nnot: %s\n' "$*" "$output" "$wanted"
		return 1
	}
}

# has TEXT: so did the last `gives`.
has() {
	[[ $output == *"$1"* ]] || {
		printf 'not found: %s\nin: %s\n' "$1" "$output"
		return 1
	}
}

# no COMMAND...: it fails.
no() {
	if "$@" >/dev/null 2>&1; then
		echo "should have failed: $*"
		return 1
	fi
}

# soon COMMAND...: it succeeds within half a minute, of a busy machine too.
soon() {
	local i
	for ((i = 0; i < 600; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	echo "in vain: $*"
	"$@"
}

# As an ordinary user of the sandbox: caller has ranges of ids, lonely has none.
as() {
	local user=$1
	shift
	(cd "/home/$user" && exec setpriv --reuid "$user" --regid "$user" --init-groups env HOME="/home/$user" \
		USER="$user" XDG_RUNTIME_DIR="/run/user/$(id -u "$user")" "$@")
}

# What of containers there is in the sandbox, a line each.
remains() {
	awk '$5 ~ "/(containers|containerd|docker|buildah|ctr|runc)/" { print "mount " $5 }' /proc/self/mountinfo
	find /sys/fs/cgroup -mindepth 2 -type d ! -path '*/leaf' -printf 'cgroup %p\n'
	find /run/runc /run/ctr -mindepth 1 -maxdepth 1 ! -name '.*' -printf 'state %p\n' 2>/dev/null || :
	# A zombie is the caller's to reap.
	ps -eo pid=,stat=,args= | awk '$2 !~ /Z/ && ($3 ~ /(^|\/)(conmon|containerd-shim.*|ctr-init|ctr-runc|runc)$/ ||
		/sleep 1[0-9][0-9] *$/) { print "process " $0 }'
}

# nothing_but [REGEX]: of that there is nothing, but for lines that match. podman mounts its store for as long
# as it looks at it: ask with `soon`.
nothing_but() { ! remains | grep -Ev "${1:-^$}"; }

# ---- cases of more than one caller --------------------------------------------------------------

# publishes RUN...: a container of the case's name, which RUN runs, is reached through the host.
publishes() {
	local port=8081
	[ "$RUNTIME" = runc ] || port=8082
	echo "of $NAME" >"/run/tmp/$NAME.html"
	"$@" --detach --name "$NAME" -p "$port:80" -v "/run/tmp/$NAME.html:/var/www/index.html" \
		busybox httpd -f -h /var/www >/dev/null
	soon sh -c "busybox wget -q -O - http://127.0.0.1:$port/ | grep -q 'of $NAME'"
}

# holds_limits UP IN_IT: a container that UP starts has the limits, as IN_IT sees them.
holds_limits() {
	"$1" --memory 64m --cpus 0.5 --pids-limit 33 --cpuset-cpus 0 --cpu-shares 512
	says 67108864 "$2" cat /sys/fs/cgroup/memory/memory.limit_in_bytes
	says 50000 "$2" cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
	says 512 "$2" cat /sys/fs/cgroup/cpu/cpu.shares
	says 33 "$2" cat /sys/fs/cgroup/pids/pids.max
	says 0 "$2" cat /sys/fs/cgroup/cpuset/cpuset.cpus
}
