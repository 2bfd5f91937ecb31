"""What the Linux kernel offers to lock a process in: Landlock, seccomp, limits. Adapter over system calls.

Written over ctypes so that it needs no library. Everything here only takes rights away, from the calling process and
its children, for good.

- Landlock (kernel 5.13): which files may be opened, and how. From ABI 3 also truncation, from ABI 4 TCP, from ABI 6
  signals and abstract sockets. It does not cover: changing modes, owners or times of a file, and sockets other than
  TCP. Those are what the seccomp filter below refuses.
- seccomp (x86-64 and aarch64): no new socket of any kind, so no network; no tracing, mounting or namespaces; no change
  of modes, owners, times or attributes (a file of the store may be open here, read-only, and its owner could otherwise
  make it writable first). `chmod` and `utime` pretend to have worked: programs that copy files insist on them, and in
  here they mean nothing.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag

_libc = ctypes.CDLL(None, use_errno=True)

BESTANDEN_OPEN = 4_500  # as many as one message may bring, and some
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_SYS_LANDLOCK_CREATE_RULESET = 444  # these three are the same on every architecture
_SYS_LANDLOCK_ADD_RULE = 445
_SYS_LANDLOCK_RESTRICT_SELF = 446


class Toegang(IntFlag):
    """LANDLOCK_ACCESS_FS_*: what may be done with a file, or with what lies in a folder."""

    UITVOEREN = 1 << 0
    SCHRIJVEN = 1 << 1
    LEZEN = 1 << 2
    MAP_LEZEN = 1 << 3
    MAP_WEG = 1 << 4
    BESTAND_WEG = 1 << 5
    MAAK_TEKENAPPARAAT = 1 << 6
    MAAK_MAP = 1 << 7
    MAAK_BESTAND = 1 << 8
    MAAK_SOCKET = 1 << 9
    MAAK_FIFO = 1 << 10
    MAAK_BLOKAPPARAAT = 1 << 11
    MAAK_LINK = 1 << 12
    VERHANGEN = 1 << 13  # ABI 2
    AFKAPPEN = 1 << 14  # ABI 3
    APPARAAT_IOCTL = 1 << 15  # ABI 5


LEES_BESTAND = Toegang.LEZEN
LEES_MAP = Toegang.LEZEN | Toegang.MAP_LEZEN | Toegang.UITVOEREN
SCHRIJF_BESTAND = Toegang.LEZEN | Toegang.SCHRIJVEN | Toegang.AFKAPPEN
SCHRIJF_MAP = (
    LEES_MAP
    | SCHRIJF_BESTAND
    | Toegang.MAP_WEG
    | Toegang.BESTAND_WEG
    | Toegang.MAAK_MAP
    | Toegang.MAAK_BESTAND
    | Toegang.MAAK_LINK
    | Toegang.VERHANGEN
)
_OP_BESTAND = Toegang.UITVOEREN | Toegang.SCHRIJVEN | Toegang.LEZEN | Toegang.AFKAPPEN | Toegang.APPARAAT_IOCTL


@dataclass(frozen=True)
class Regel:
    """What may be done beneath one open file or folder (any descriptor, O_PATH will do)."""

    fd: int
    toegang: Toegang
    is_map: bool


def _syscall(nummer: int, *argumenten: object) -> int:
    uitkomst = int(_libc.syscall(ctypes.c_long(nummer), *argumenten))
    if uitkomst < 0:
        fout = ctypes.get_errno()
        raise OSError(fout, os.strerror(fout))
    return uitkomst


def set_process(optie: int, waarde: int) -> None:
    """Call prctl(optie, waarde, 0, 0, 0); OSError when the kernel refuses."""
    nul = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(optie), ctypes.c_ulong(waarde), nul, nul, nul) < 0:
        fout = ctypes.get_errno()
        raise OSError(fout, os.strerror(fout))


def find_landlock_abi() -> int:
    """Return the Landlock version of this kernel; 0 when there is none or it is switched off."""
    try:
        return _syscall(_SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def apply_landlock(regels: Iterable[Regel], *, abi: int) -> None:
    """Refuse this process every file that no rule names, and from ABI 4 and 6 TCP and signals to others; for good."""
    toegang = (1 << 13) - 1
    toegang |= Toegang.VERHANGEN if abi >= 2 else 0
    toegang |= Toegang.AFKAPPEN if abi >= 3 else 0
    toegang |= Toegang.APPARAAT_IOCTL if abi >= 5 else 0
    delen = [toegang]
    if abi >= 4:
        delen.append(0b11)  # bind and connect over TCP: no rule allows any port
    if abi >= 6:
        delen.append(0b11)  # abstract sockets and signals stay inside
    attributen = struct.pack(f"={len(delen)}Q", *delen)
    set_process(PR_SET_NO_NEW_PRIVS, 1)
    regelset = _syscall(_SYS_LANDLOCK_CREATE_RULESET, attributen, ctypes.c_size_t(len(attributen)), ctypes.c_uint32(0))
    try:
        for regel in regels:
            mag = int(regel.toegang) & toegang & (toegang if regel.is_map else int(_OP_BESTAND))
            onder = struct.pack("=Qi", mag, regel.fd)
            _syscall(_SYS_LANDLOCK_ADD_RULE, ctypes.c_int(regelset), ctypes.c_int(1), onder, ctypes.c_uint32(0))
        _syscall(_SYS_LANDLOCK_RESTRICT_SELF, ctypes.c_int(regelset), ctypes.c_uint32(0))
    finally:
        os.close(regelset)


# System calls by number: (x86-64, aarch64); -1 where the architecture has none.
_WEIGER = {
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, -1),
    "mknodat": (259, 33),
    "truncate": (76, 45),  # Landlock covers it only from ABI 3; ftruncate needs a descriptor open for writing
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
_DOE_ALSOF = {
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
}
_SEINEN = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
}
_TGKILL = (234, 131)
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_SYS_SECCOMP = (317, 277)
_ARCHITECTUUR = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_NAAMRUIMTEN = 0x7E020000  # CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET

_EPERM, _ENOSYS = 1, 38
_TOESTAAN, _DODEN, _FOUT = 0x7FFF0000, 0x80000000, 0x00050000
_LAAD, _GELIJK, _GROTER_GELIJK, _BITS, _TERUG = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF: ld abs, jeq, jge, jset, ret


def has_seccomp() -> bool:
    """Return whether the filter exists for this machine's architecture."""
    return platform.machine() in _ARCHITECTUUR and struct.calcsize("P") == 8


def build_filter(machine: str, *, eigen_pid: int | None = None) -> bytes:
    """Return the BPF program that refuses what a reader of files never needs. Pure.

    Args:
        machine: as `platform.machine()` names it, "x86_64" or "aarch64".
        eigen_pid: also refuse signals to any process but this one (for kernels whose Landlock does not).
    """
    kolom, architectuur = _ARCHITECTUUR[machine]
    programma = [
        (_LAAD, 0, 0, 4),
        (_GELIJK, 1, 0, architectuur),
        (_TERUG, 0, 0, _DODEN),
        (_LAAD, 0, 0, 0),
    ]
    if kolom == 0:
        programma += [(_GROTER_GELIJK, 0, 1, 0x40000000), (_TERUG, 0, 0, _FOUT | _ENOSYS)]  # the x32 calls
    geweigerd = dict(_WEIGER) if eigen_pid is None else _WEIGER | _SEINEN
    antwoorden = [(nummers[kolom], _FOUT | _EPERM) for nummers in geweigerd.values()]
    antwoorden += [(nummers[kolom], _FOUT) for nummers in _DOE_ALSOF.values()]
    antwoorden.append((_CLONE3[kolom], _FOUT | _ENOSYS))  # its flags lie in memory; libc then uses clone
    for nummer, antwoord in antwoorden:
        if nummer >= 0:
            programma += [(_GELIJK, 0, 1, nummer), (_TERUG, 0, 0, antwoord)]
    programma += [(_GELIJK, 0, 4, _CLONE[kolom]), (_LAAD, 0, 0, 16), (_BITS, 0, 1, _NAAMRUIMTEN)]
    programma += [(_TERUG, 0, 0, _FOUT | _EPERM), (_TERUG, 0, 0, _TOESTAAN)]
    if eigen_pid is not None:
        programma += [(_GELIJK, 0, 3, _TGKILL[kolom]), (_LAAD, 0, 0, 16), (_GELIJK, 1, 0, eigen_pid)]
        programma += [(_TERUG, 0, 0, _FOUT | _EPERM)]
    programma.append((_TERUG, 0, 0, _TOESTAAN))
    return b"".join(struct.pack("=HBBI", *stap) for stap in programma)


def apply_seccomp(*, eigen_pid: int | None = None) -> None:
    """Put the filter on every thread of this process, for good; OSError when the kernel refuses."""
    kolom, _ = _ARCHITECTUUR[platform.machine()]
    programma = build_filter(platform.machine(), eigen_pid=eigen_pid)
    geheugen = ctypes.create_string_buffer(programma, len(programma))
    kop = struct.pack("@HP", len(programma) // 8, ctypes.addressof(geheugen))
    set_process(PR_SET_NO_NEW_PRIVS, 1)
    op_alle_draden = 1
    _syscall(_SYS_SECCOMP[kolom], ctypes.c_uint(1), ctypes.c_uint(op_alle_draden), kop)


def drop_capabilities() -> None:
    """Give up every capability, for good. Root keeps its files but no powers."""
    set_process(PR_SET_NO_NEW_PRIVS, 1)
    for nummer in range(64):
        try:
            set_process(PR_CAPBSET_DROP, nummer)
        except OSError:  # beyond the last one, or we never had the power to drop it
            break
    kop = struct.pack("=Ii", 0x20080522, 0)
    leeg = bytes(24)
    if _libc.capset(kop, leeg) < 0:
        fout = ctypes.get_errno()
        raise OSError(fout, os.strerror(fout))


def allow_many_files() -> None:
    """Let this process have as many files open as one message may bring, where the machine allows it.

    Debian gives 1,024 until a process asks for more.
    """
    zacht, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gewenst = BESTANDEN_OPEN if hard == resource.RLIM_INFINITY else min(hard, BESTANDEN_OPEN)
    if zacht != resource.RLIM_INFINITY and zacht < gewenst:
        resource.setrlimit(resource.RLIMIT_NOFILE, (gewenst, hard))


def set_limits(*, geheugen_bytes: int, cpu_s: int | None, bestand_bytes: int, processen: int | None) -> None:
    """Set the rlimits of this process. `cpu_s` counts from its start; None leaves a limit as it is.

    Going over `cpu_s` is SIGXCPU, one second later SIGKILL; over `bestand_bytes` is the error EFBIG.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, BESTANDEN_OPEN)
    _lower(resource.RLIMIT_AS, geheugen_bytes)
    _lower(resource.RLIMIT_FSIZE, bestand_bytes)
    if processen is not None:
        _lower(resource.RLIMIT_NPROC, processen)
    if cpu_s is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        nieuw = cpu_s + 1 if hard == resource.RLIM_INFINITY else min(hard, cpu_s + 1)
        resource.setrlimit(resource.RLIMIT_CPU, (min(cpu_s, nieuw), nieuw))


def _lower(soort: int, waarde: int) -> None:
    _, hard = resource.getrlimit(soort)
    nieuw = waarde if hard == resource.RLIM_INFINITY else min(hard, waarde)
    resource.setrlimit(soort, (nieuw, nieuw))
