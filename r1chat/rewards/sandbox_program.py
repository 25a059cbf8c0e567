"""Runs a Python program that is not trusted: python -I sandbox_program.py LIMITS REPORT BOX (standard library alone).

LIMITS is JSON: seconds, memory, file and disk (bytes), processes. What this system could switch on is written to the
file descriptor REPORT, as a JSON list; then the program BOX/main.py runs in the folder BOX. On Linux:

- namespaces of its own for users, network, processes and mounts: it reaches no network, nothing of it outlives its end,
  and BOX is a file system in memory with a fixed size;
- Landlock: it writes in BOX alone and reads only what Python needs;
- a filter of system calls (seccomp) for what Landlock does not govern: sockets, other processes, modes and owners of
  files, truncation by path, shared memory that outlives its use.

Where there is the module `resource`: limits on time, memory and files.
"""

import ctypes
import json
import os
import platform
import signal
import struct
import sys
from contextlib import suppress

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = 0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000  # sched.h
THREAD = 0x10000  # CLONE_THREAD
NO_SETUID, NO_DEVICES = 2, 4  # mount(2)
DEATH_SIGNAL, SECCOMP, NO_NEW_PRIVILEGES = 1, 22, 38  # prctl
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # landlock(7)
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1, 2, 4, 8
MAKE_NODES = 1 << 6 | 1 << 9 | 1 << 11  # character devices, sockets, block devices
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # all of each version of Landlock
SCOPES = 3  # abstract sockets and signals, from version 6 on
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/urandom")

# System calls by their numbers on x86-64 and 64-bit ARM; None: not there.
REFUSED = {
    "socket": (41, 198),
    "io_uring_setup": (425, 425),  # its requests pass no filter
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "pidfd_open": (434, 434),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "truncate": (76, 45),
    "open_by_handle_at": (304, 265),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "memfd_create": (319, 279),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
CLONE, CLONE3 = (56, 220), (435, 435)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of a filter
ALLOW, KILL, NOT_PERMITTED, NOT_THERE = 0x7FFF0000, 0x80000000, 0x50001, 0x50026


def main() -> None:
    limits, report, box = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    active = []
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc and _apart(libc):
        active += ["network", "processes"]
        _wait_for(os.fork())  # goes on as the first process of its namespace: with it, all end
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGPIPE):  # Python's own ways with them; now the program sends it nothing
            signal.signal(number, signal.SIG_DFL)
        if _in_memory(libc, box, limits["disk"]):
            active.append("disk")
        _wait_for(os.fork())  # goes on as the program: the first process is none of its own
    if _limited(limits):
        active.append("limits")
    if libc and libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        confined, filtered = _confined(libc, box), _filtered(libc)
        active += ["files"] if confined and filtered else []
        active += [name for name in ("network", "processes") if filtered and name not in active]
    os.write(report, json.dumps(active).encode())
    os.close(report)
    os.chdir(box)
    os.execve(sys.executable, [sys.executable, "-I", "-B", "main.py"], {"HOME": box, "TMPDIR": box})


def _apart(libc: ctypes.CDLL) -> bool:
    """Namespaces of its own, in which the user has a number that gives no rights. False where the system has none."""
    user, group = os.geteuid(), os.getegid()
    spaces = NEW_USER | NEW_NET | NEW_IPC | NEW_PID
    if libc.unshare(spaces | NEW_MOUNTS) != 0 and libc.unshare(spaces) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {user} 1"), ("gid_map", f"1000 {group} 1")):
        with suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def _wait_for(child: int) -> None:
    """In the parent: wait for the child, and end as it did. In the child: return."""
    if child:
        while True:
            ended, status = os.wait()
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)


def _in_memory(libc: ctypes.CDLL, box: str, size: int) -> bool:
    """Put a file system in memory in the place of the folder `box`, with its program."""
    with open(f"{box}/main.py", "rb") as file:
        program = file.read()
    options = f"size={size},nr_inodes=2000,mode=0700".encode()
    if libc.mount(b"tmpfs", box.encode(), b"tmpfs", NO_SETUID | NO_DEVICES, options) != 0:
        return False
    with open(f"{box}/main.py", "wb") as file:
        file.write(program)
    return True


def _confined(libc: ctypes.CDLL, box: str) -> bool:
    """Landlock: anything within `box`, elsewhere reading what Python needs. False where the system has no Landlock."""
    version = libc.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    everything = max(rights for since, rights in RIGHTS.items() if since <= version)
    handled = struct.pack("=QQQ", everything, 0, SCOPES if version >= 6 else 0)
    rules = libc.syscall(CREATE_RULESET, handled, 24 if version >= 6 else 8, 0)
    if rules < 0:
        return False
    places = {box: everything & ~MAKE_NODES, "/dev/null": READ_FILE | WRITE_FILE}
    for place in (*READABLE, sys.prefix, sys.base_prefix, os.path.realpath(sys.executable), __file__):
        places.setdefault(place, (EXECUTE | READ_FILE | READ_FOLDER) if os.path.isdir(place) else EXECUTE | READ_FILE)
    for place, rights in places.items():
        try:
            opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        libc.syscall(ADD_RULE, rules, 1, struct.pack("=Qi", rights, opened), 0)
        os.close(opened)
    done: bool = libc.syscall(RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return done


def _filtered(libc: ctypes.CDLL) -> bool:
    """Refuse the system calls that no program needs to pass its tests. False where the machine is none that is known.

    Threads may be made, processes may not. `clone3` hides which of the two it makes, so it is said not to be there, and
    the C library uses `clone`.
    """
    if platform.machine() not in MACHINES:
        return False
    column, architecture = MACHINES[platform.machine()]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    if column == 0:  # numbers of the x32 interface
        steps += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, NOT_PERMITTED)]
    for numbers in REFUSED.values():
        if (number := numbers[column]) is not None:
            steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NOT_PERMITTED)]
    steps += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NOT_THERE)]
    steps += [(EQUAL, 0, 3, CLONE[column]), (LOAD, 0, 0, 16), (ANY_BIT, 1, 0, THREAD), (RETURN, 0, 0, NOT_PERMITTED)]
    steps.append((RETURN, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    head = struct.pack("@HP", len(steps), ctypes.addressof(code))  # struct sock_fprog
    return bool(libc.prctl(SECCOMP, 2, head, 0, 0) == 0)


def _limited(limits: dict[str, int]) -> bool:
    try:
        import resource
    except ImportError:
        return False
    for name, value in (
        ("RLIMIT_CPU", limits["seconds"]),
        ("RLIMIT_AS", limits["memory"]),
        ("RLIMIT_FSIZE", limits["file"]),
        ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_CORE", 0),
    ):
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):  # macOS knows no RLIMIT_AS that holds
            continue
    return True


if __name__ == "__main__":
    main()
