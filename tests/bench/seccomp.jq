# containers-common's seccomp.json (docker's form) -> linux.seccomp of an OCI config, for x86-64 and
# a container with the three capabilities of `runc spec`.
def caps: ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
def meets($what; $have): any($what[]?; . as $x | any($have[]; . == $x));
def applies:
  ((.includes.arches // []) | length == 0 or meets(.; ["amd64"]))
  and ((.excludes.arches // []) | meets(.; ["amd64"]) | not)
  and ((.includes.caps // []) | length == 0 or meets(.; caps))
  and ((.excludes.caps // []) | meets(.; caps) | not);
{
  defaultAction,
  defaultErrnoRet: (.defaultErrnoRet // 1),
  architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  syscalls: [.syscalls[] | select(applies)
    | {names, action}
      + (if .errnoRet then {errnoRet} else {} end)
      + (if (.args // []) | length > 0
         then {args: [.args[] | {index, value, valueTwo, op}]} else {} end)]
}
