"""Runs a Python program that is not trusted: python -I sandbox_program.py LIMITS REPORT BOX PARENT LENGTH.

Standard library alone. The program is the first LENGTH bytes of standard input, the rest is its own input: neither lies
in a file or on a command line. LIMITS is JSON: seconds, memory, file and disk (bytes), processes. What this system
could switch on is written to the file descriptor REPORT, as a JSON list; then the program runs in the folder BOX, in
this interpreter. PARENT is the process that started this one.

The first process is a guard: it ends the program when its time is over, and when the parent is gone. On Linux:

- namespaces of its own for users, network, processes and mounts: it reaches no network, nothing of it outlives its end,
  and BOX is a file system in memory with a fixed size;
- Landlock: it writes in BOX alone and reads only what Python needs;
- a filter of system calls (seccomp) for what Landlock does not govern: sockets, other processes, modes, owners and
  attributes of files, truncation by path, shared memory that outlives its use;
- no capabilities, and no core dump.

Where there is the module `resource`: limits on time, memory and files.
"""

import ctypes
import json
import os
import platform
import select
import signal
import struct
import sys
import time
from contextlib import suppress
from types import CodeType, FrameType, ModuleType

GRACE = 4  # seconds after the program's time; the parent, which comes first, gives 2
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = 0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000  # sched.h
THREAD = 0x10000  # CLONE_THREAD
NO_SETUID, NO_DEVICES = 2, 4  # mount(2)
DEATH_SIGNAL, DUMPABLE, SECCOMP, NO_NEW_PRIVILEGES = 1, 4, 22, 38  # prctl
CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # landlock(7)
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1, 2, 4, 8
MAKE_NODES = 1 << 6 | 1 << 9 | 1 << 11  # character devices, sockets, block devices
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # all of each version of Landlock
SCOPES = 3  # abstract sockets and signals, from version 6 on
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/urandom")

# System calls by their numbers on x86-64 and 64-bit ARM; None: not there.
REFUSED = {
    # sockets; io_uring's requests pass no filter
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "io_uring_setup": (425, 425),
    # other programs and processes
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    # modes, owners, times, attributes and lengths of files by path; names in foreign folders
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
    "getxattr": (191, 8),
    "lgetxattr": (192, 9),
    "fgetxattr": (193, 10),
    "listxattr": (194, 11),
    "llistxattr": (195, 12),
    "flistxattr": (196, 13),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "truncate": (76, 45),
    "open_by_handle_at": (304, 265),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "statmount": (457, 457),
    "listmount": (458, 458),
    # memory and messages that outlive the program, are other programs' or pass the limit of memory
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # the kernel
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
OWN = "own"  # stands for the number of the program's process
# Allowed with some values of one argument alone: numbers as above, which argument, its values (32 bits).
RESTRICTED = {
    "kill": ((62, 129), 0, (OWN,)),
    "tgkill": ((234, 131), 0, (OWN,)),  # raise() and abort() use it
    "rt_sigqueueinfo": ((129, 138), 0, (OWN,)),
    "rt_tgsigqueueinfo": ((297, 240), 0, (OWN,)),
    "prlimit64": ((302, 261), 0, (0, OWN)),
    # PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: not PR_SET_PDEATHSIG
    "prctl": ((157, 167), 0, (3, 15, 16, 0x53564D41)),
    # SOCK_STREAM, with SOCK_CLOEXEC and SOCK_NONBLOCK: a pair of datagram sockets can send elsewhere
    "socketpair": ((53, 199), 1, (1, 0x80001, 0x801, 0x80801)),
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TCGETS2: no flags of files
    "ioctl": ((16, 29), 1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C542A)),
    # F_DUPFD to F_SETLKW, F_OFD_*LK, F_DUPFD_CLOEXEC, F_GETPIPE_SZ: no F_SETOWN, F_SETSIG, F_SETLEASE, F_NOTIFY
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)),
}
CLONE, CLONE3 = (56, 220), (435, 435)
NEWER = 463  # this and higher numbers were given to system calls after those that the table takes into account
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of a filter
ALLOW, KILL, NOT_PERMITTED, NOT_THERE = 0x7FFF0000, 0x80000000, 0x50001, 0x50026


def main() -> tuple[CodeType, dict[str, object]]:
    """In the process of the program: its code, and the names of the module `__main__` that it runs in."""
    limits, report, box, parent, length = json.loads(sys.argv[1]), *sys.argv[2:6]
    active = []
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    apart = libc is not None and _apart(libc)
    if libc:
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)  # after the namespaces: to enter one of users takes it back
    if os.getppid() != int(parent):  # it ended before that
        os._exit(1)
    _guarded(libc, int(parent), limits["seconds"] + GRACE)
    if libc and apart:
        active += ["network", "processes"]
        if _in_memory(libc, box, limits["disk"]):
            active.append("disk")
        if child := os.fork():  # the first process of its namespace, with which all others end, is not the program
            for number in (signal.SIGINT, signal.SIGPIPE):  # Python's own ways with them; now nothing can be sent
                signal.signal(number, signal.SIG_DFL)
            _wait_for(child)
    filtered = False
    if libc and libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        libc.prctl(DUMPABLE, 0, 0, 0, 0)
        if libc.capset(struct.pack("=Ii", CAPABILITIES, 0), bytes(24)) != 0:
            os._exit(1)
        confined, filtered = _confined(libc, box), _filtered(libc)
        active += ["files"] if confined and filtered else []
        active += [name for name in ("network", "processes") if filtered and name not in active]
    if _limited(limits, count=apart or not filtered):
        active.append("limits")
    os.write(int(report), json.dumps(active).encode())
    os.close(int(report))
    os.chdir(box)
    os.environ.update(HOME=box, TMPDIR=box)
    return _program(int(length))


def _program(length: int) -> tuple[CodeType, dict[str, object]]:
    """Read a program of so many bytes and prepare the module that it runs in."""
    source = b""
    while len(source) < length and (part := os.read(0, length - len(source))):
        source += part
    sys.excepthook = _print_error  # the interpreter's own looks for lines of code in files, up to Python 3.12
    sys.argv[:] = ["main.py"]
    module = ModuleType("__main__")
    module.__dict__.update(__file__="main.py", __loader__=_Source(source.decode("utf-8", "replace")))
    sys.modules["__main__"] = module
    return compile(source, "main.py", "exec", dont_inherit=True), module.__dict__


class _Source:
    """Gives tracebacks and `inspect` the lines of the program."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, name: str) -> str:
        """See `linecache.lazycache`."""
        return self._text


def _print_error(kind: type[BaseException], error: BaseException, trace: object) -> None:
    from traceback import print_exception

    print_exception(error)


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


def _guarded(libc: ctypes.CDLL | None, parent: int, seconds: float) -> None:
    """Go on in a child, which is ended after so many seconds, and with this process or its parent."""
    alive, writer = os.pipe()  # shut when this process ends
    if child := os.fork():
        deadline = time.monotonic() + seconds

        def look(number: int, frame: FrameType | None) -> None:
            if time.monotonic() > deadline or os.getppid() != parent:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, 1, 1)
        _wait_for(child)
    os.close(writer)
    if libc:
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
    if select.select([alive], [], [], 0)[0]:  # it ended before that
        os._exit(1)
    os.close(alive)


def _wait_for(child: int) -> None:
    """Wait for a child, and end as it did."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _in_memory(libc: ctypes.CDLL, box: str, size: int) -> bool:
    """Put a file system in memory in the place of the folder `box`."""
    options = f"size={size},nr_inodes=2000,mode=0700".encode()
    done: bool = libc.mount(b"tmpfs", box.encode(), b"tmpfs", NO_SETUID | NO_DEVICES, options) == 0
    return done


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
    places = {box: everything & ~(MAKE_NODES | EXECUTE), "/dev/null": READ_FILE | WRITE_FILE}
    for place in (*READABLE, *_libraries()):
        places.setdefault(place, READ_FILE | READ_FOLDER if os.path.isdir(place) else READ_FILE)
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


def _libraries() -> list[str]:
    """The folders of Python's modules and shared libraries. What else lies beside them, as in ~/.local, is private."""
    prefixes = sys.prefix, sys.base_prefix
    modules = [place for place in sys.path if place.startswith(tuple(os.path.join(prefix, "") for prefix in prefixes))]
    return [*modules, *(os.path.join(prefix, name) for prefix in prefixes for name in ("lib", "lib64"))]


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
    steps += [(AT_LEAST, 0, 1, NEWER), (RETURN, 0, 0, NOT_THERE)]
    for numbers in REFUSED.values():
        if (number := numbers[column]) is not None:
            steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NOT_PERMITTED)]
    for numbers, argument, values in RESTRICTED.values():
        allowed = [os.getpid() if value == OWN else int(value) for value in values]
        steps += [(EQUAL, 0, len(allowed) + 3, numbers[column]), (LOAD, 0, 0, 16 + 8 * argument)]
        steps += [(EQUAL, len(allowed) - index, 0, value) for index, value in enumerate(allowed)]
        steps += [(RETURN, 0, 0, NOT_PERMITTED), (RETURN, 0, 0, ALLOW)]
    steps += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NOT_THERE)]
    steps += [(EQUAL, 0, 3, CLONE[column]), (LOAD, 0, 0, 16), (ANY_BIT, 1, 0, THREAD), (RETURN, 0, 0, NOT_PERMITTED)]
    steps.append((RETURN, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    head = struct.pack("@HP", len(steps), ctypes.addressof(code))  # struct sock_fprog
    return bool(libc.prctl(SECCOMP, 2, head, 0, 0) == 0)


def _limited(limits: dict[str, int], count: bool) -> bool:
    """Limits of the system. False where it has none.

    `count`: limit the number of processes and threads, too. Without namespaces it is that of all processes of the
    person, who may have more already.
    """
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
        if name == "RLIMIT_NPROC" and not count:
            continue
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):  # macOS knows no RLIMIT_AS that holds
            continue
    return True


if __name__ == "__main__":
    exec(*main())
