#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The other side of the network tests.

    net.py serve PORT              answers "from ADDRESS" over TCP and UDP, IPv4 and IPv6
    net.py ask ADDRESS PORT [udp]  prints the answer; 1 when none comes in time
    net.py fill ADDRESS PORT BYTES sends so many, prints the seconds it took (to drain)
    net.py together BYTES PID,ADDRESS,PORT...
                                   the same from the network namespaces of processes, at once
    net.py drain PORT              takes what fill sends, answers when all of it is there
    net.py attack BAD_PID GOOD_PID sends from the one's network namespace what must not arrive in
                                   the other's: prints "KIND passed" or "KIND dropped"
"""
import os
import select
import socket
import struct
import sys
import threading
import time

# An emulated machine takes its time.
TIMEOUT = 1.5 if os.environ.get("CTR_PLACE", "native") == "native" else 4.0


def serve(port):
    def tcp(s):
        while True:
            c, peer = s.accept()
            c.settimeout(TIMEOUT)
            try:
                c.recv(100)
            except OSError:
                continue
            c.sendall(f"from {peer[0].removeprefix('::ffff:')}\n".encode())
            c.close()

    def udp(s):
        while True:
            _, peer = s.recvfrom(100)
            s.sendto(f"from {peer[0]}\n".encode(), peer)

    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    s.listen(20)
    threading.Thread(target=tcp, args=(s,), daemon=True).start()
    # Two sockets: a wildcard one would answer from an address that was not asked.
    u4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u4.bind(("0.0.0.0", port))
    threading.Thread(target=udp, args=(u4,), daemon=True).start()
    u6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    u6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    u6.bind(("::", port))
    udp(u6)


def ask(address, port, kind="tcp"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    s.settimeout(TIMEOUT)
    try:
        s.connect((address, port))
        s.send(b"hello")  # first: an old pasta opens a connection to a server no earlier
        print(s.recv(100).decode().strip())
        return 0
    except OSError as e:
        print(f"no answer: {e}")
        return 1


def fill(address, port, count):
    s = socket.create_connection((address, port), TIMEOUT)
    s.settimeout(60)
    start = time.monotonic()
    s.sendall(bytes(count))
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
    print(f"{time.monotonic() - start:.3f}")


def together(count, targets):
    socks = [inside(pid, lambda a=address, p=port: socket.create_connection((a, int(p)), TIMEOUT))
             for pid, address, port in targets]

    def send(s):
        s.settimeout(60)
        s.sendall(bytes(count))
        s.shutdown(socket.SHUT_WR)
        s.recv(1)

    threads = [threading.Thread(target=send, args=(s,)) for s in socks]
    start = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(f"{time.monotonic() - start:.3f}")


def drain(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    s.listen(5)

    def take(c):
        while c.recv(1 << 16):
            pass
        c.sendall(b"x")
        c.close()

    while True:
        threading.Thread(target=take, args=(s.accept()[0],), daemon=True).start()


# ---- attacks -------------------------------------------------------------------------------------

def inside(pid, do):
    """Calls do() in the network namespace of the process."""
    import ctypes  # here alone: in an emulated machine it takes a second
    libc = ctypes.CDLL(None, use_errno=True)
    own, other = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    if libc.setns(other, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")
    try:
        return do()
    finally:
        libc.setns(own, 0x40000000)


def station():
    """A raw socket on eth0, with its hardware address, IPv4, IPv6 and link-local addresses."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
    s.bind(("eth0", 0x0003))
    s.setblocking(False)
    mac = s.getsockname()[4]
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect(("198.51.100.1", 9))
    four = socket.inet_aton(probe.getsockname()[0])
    sixes = [bytes.fromhex(line.split()[0]) for line in open("/proc/net/if_inet6", encoding="ascii")
             if line.split()[5] == "eth0"]
    local = next(a for a in sixes if a[0] == 0xFE)
    return s, mac, four, next(a for a in sixes if a[0] == 0xFD), local


def ether(dst, src, kind):
    return dst + src + struct.pack("!H", kind)


def ipv4(src, dst, data):
    udp = struct.pack("!HHHH", 9, 9, 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + src + dst
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:] + udp


def ipv6(src, dst, proto, data):
    return struct.pack("!IHBB", 6 << 28, len(data), proto, 255) + src + dst + data


def icmp6(kind, data):
    return struct.pack("!BBH", kind, 0, 0) + data


def attack(bad_pid, good_pid):
    bad, mac, four, six, local = inside(bad_pid, station)
    good, good_mac, good_four, good_six, good_local = inside(good_pid, station)
    gateway, gateway6 = four[:3] + b"\1", six[:15] + b"\1"
    other_mac, everyone, routers = b"\2\0\0\0\0\x99", b"\xff" * 6, b"\x33\x33\0\0\0\1"
    all_nodes = bytes.fromhex("ff020000000000000000000000000001")
    udp6 = struct.pack("!HHHH", 9, 9, 38, 0)

    def arp(sender_mac, sender_ip):
        return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + sender_mac + sender_ip + good_mac + good_four

    def frames(m):
        return {
            "honest": ether(good_mac, mac, 0x0800) + ipv4(four, good_four, m),
            "honest-six": ether(good_mac, mac, 0x86DD) + ipv6(six, good_six, 17, udp6 + m),
            "honest-arp": ether(good_mac, mac, 0x0806) + arp(mac, four) + m,
            "honest-neighbour": ether(good_mac, mac, 0x86DD) +
                                ipv6(local, good_local, 58, icmp6(136, bytes(4) + six + m)),
            "address": ether(good_mac, mac, 0x0800) + ipv4(gateway, good_four, m),
            "loopback-address": ether(good_mac, mac, 0x0800) + ipv4(b"\x7f\0\0\1", good_four, m),
            "address-six": ether(good_mac, mac, 0x86DD) + ipv6(gateway6, good_six, 17, udp6 + m),
            "hardware-address": ether(good_mac, other_mac, 0x0800) + ipv4(four, good_four, m),
            "arp-for-gateway": ether(everyone, mac, 0x0806) + arp(mac, gateway) + m,
            "arp-other-hardware": ether(everyone, mac, 0x0806) + arp(other_mac, four) + m,
            "router-advertisement": ether(routers, mac, 0x86DD) +
                                    ipv6(local, all_nodes, 58, icmp6(134, bytes(12) + m)),
            "redirect": ether(good_mac, mac, 0x86DD) +
                    ipv6(local, good_six, 58, icmp6(137, bytes(36) + m)),
            "neighbour-for-gateway": ether(routers, mac, 0x86DD) +
                                 ipv6(local, all_nodes, 58, icmp6(136, bytes(4) + gateway6 + m)),
            "vlan": ether(good_mac, mac, 0x8100) + b"\0\5\x08\0" + ipv4(four, good_four, m),
            "unknown-protocol": ether(everyone, mac, 0x88CC) + m,
        }
    for kind in frames(b""):
        marker = f"<{kind}>".encode().ljust(30, b".")
        bad.send(frames(marker)[kind].ljust(60, b"\0"))
        # What was not dropped is there at once.
        got, end = False, time.monotonic() + TIMEOUT / 10
        while not got and time.monotonic() < end:
            if select.select([good], [], [], 0.05)[0]:
                got = marker in good.recv(2000)
        print(kind, "passed" if got else "dropped")


def main():
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "serve":
        serve(int(rest[0]))
    elif verb == "ask":
        return ask(rest[0], int(rest[1]), *rest[2:])
    elif verb == "fill":
        fill(rest[0], int(rest[1]), int(rest[2]))
    elif verb == "together":
        together(int(rest[0]), [target.split(",") for target in rest[1:]])
    elif verb == "drain":
        drain(int(rest[0]))
    else:
        attack(*rest)
    return 0


sys.exit(main())
