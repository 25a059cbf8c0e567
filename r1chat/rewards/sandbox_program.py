"""Runs a Python program that is not trusted: python -I sandbox_program.py LIMITS REPORT BOX (standard library alone).

LIMITS is JSON: seconds, memory, file (bytes), processes. What this system could switch on is written to the file
descriptor REPORT, as a JSON list; then the program BOX/main.py runs in the folder BOX. On Linux: namespaces of its own
for users, network and processes, so that it reaches no network and nothing of it outlives its end; Landlock, so that it
writes in BOX alone and reads only what Python needs. Where there is the module `resource`: limits on time, memory and
files.
"""

import ctypes
import json
import os
import signal
import struct
import sys

NEW_IPC, NEW_USER, NEW_PID, NEW_NET = 0x08000000, 0x10000000, 0x20000000, 0x40000000  # sched.h
DEATH_SIGNAL, NO_NEW_PRIVILEGES = 1, 38  # prctl
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # landlock(7)
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER, ALL_OF_VERSION_1 = 1, 2, 4, 8, (1 << 13) - 1
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/urandom")


def main() -> None:
    limits, report, box = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    active = []
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc and libc.unshare(NEW_USER | NEW_NET | NEW_IPC | NEW_PID) == 0:
        active += ["network", "processes"]
        child = os.fork()  # the first process of its namespace: with it, all end
        if child:
            _, status = os.waitpid(child, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
    if libc and libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and _confined(libc, box):
        active.append("files")
    if _limited(limits):
        active.append("limits")
    os.write(report, json.dumps(active).encode())
    os.close(report)
    os.chdir(box)
    os.execve(sys.executable, [sys.executable, "-I", "-B", "main.py"], {"HOME": box, "TMPDIR": box})


def _confined(libc: ctypes.CDLL, box: str) -> bool:
    """Landlock: anything within `box`, elsewhere reading what Python needs. False where the system has no Landlock."""
    handled = ctypes.c_uint64(ALL_OF_VERSION_1)
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(handled), 8, 0)
    if rules < 0:
        return False
    places = {box: ALL_OF_VERSION_1, "/dev/null": READ_FILE | WRITE_FILE}
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
