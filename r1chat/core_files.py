"""Keeps the texts in this process's memory out of core files."""

from __future__ import annotations

from contextlib import suppress


def write_no_core_files() -> None:
    """Have a crash of this process, or of one that it starts, write no core file, on systems that can.

    The limit is one byte: less than any core file has, and on Linux also the one value at which the kernel starts no
    handler (core(5): with a handler such as systemd-coredump as `core_pattern`, a limit of 0 does not count).
    PR_SET_DUMPABLE 0 would do the same, but makes a process invisible to others of the same user where /proc is mounted
    with `hidepid`: a second r1chat would take its replies for interrupted. It is also lost with each exec.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (0 if most == 0 else 1, most))
