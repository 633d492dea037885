"""Rules in several processes. Those of one family stay together, as they share most of what they ask; but for the two
that take as long as the rest of theirs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from policylang.check.catalogue import BY_CODE, CHECKS
from policylang.check.reach import Examined
from policylang.ir import nodes as ir

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LARGE = 20_000
"""Users and grants from which on a second process pays: below, it costs more than it saves."""


BY_THEMSELVES = ("PL301", "PL302")
"""The rules that take the longest where users have many roles: each is run as if it were a family."""


class ProcessError(Exception):
    """A process that ran rules ended without an answer."""


def useful(policy_set: ir.PolicySet, codes: Collection[str], jobs: int) -> int:
    """How many of that many processes are of use for a policy set."""
    size = len(policy_set.users) + sum(len(bundle.grants) for bundle in policy_set.bundles)
    if size < LARGE or sys.platform != "linux":
        return 1
    return min(jobs, len(shares(codes)))


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_shares(
    run: Callable[[Sequence[str]], Iterator[Examined]], codes: Collection[str], jobs: int
) -> Iterator[Examined]:
    """What ``run`` finds with the rules of each share, in processes that begin as copies of this one. Raises
    `ProcessError`, and RuntimeError where ``run`` raises.
    """
    import multiprocessing  # only large sets need it

    all_shares = shares(codes)
    context = multiprocessing.get_context("fork")
    next_ = context.Value("i", 0)
    sys.stdout.flush()
    sys.stderr.flush()
    workers = []
    try:
        for _ in range(jobs):
            receive, send = context.Pipe(duplex=False)
            worker = context.Process(target=_work, args=(run, all_shares, next_, send), daemon=True)
            worker.start()
            send.close()
            workers.append((worker, receive))
        found = _received({receive: worker for worker, receive in workers})
        for number in range(len(all_shares)):
            yield from found[number]
    finally:
        for worker, receive in workers:
            receive.close()
            worker.kill()
            worker.join()


def shares(codes: Collection[str]) -> list[list[str]]:
    """The codes of rules in the shares that processes take, in the order of the catalogue."""
    wanted = [code for code in CHECKS if code in codes]
    named = groupby(wanted, lambda code: code if code in BY_THEMSELVES else BY_CODE[code].family)
    return [list(share) for _, share in named]


def _work(
    run: Callable[[Sequence[str]], Iterator[Examined]],
    all_shares: Sequence[Sequence[str]],
    next_: Any,
    send: Connection,
) -> None:
    """Take one share after the other, as long as there is one that nobody has. Sent are pairs of its number and what
    was found, and at last nothing; or the error that ended it, in words.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is interrupted as well, and ends the others
    try:
        while True:
            with next_.get_lock():
                number = next_.value
                next_.value += 1
            if number >= len(all_shares):
                break
            send.send((number, list(run(all_shares[number]))))
        send.send(None)
    except Exception as error:
        send.send(f"{type(error).__name__}: {error}")


def _received(workers: dict[Connection, Any]) -> dict[int, list[Examined]]:
    """What all have found, taken as it comes: a worker waits where nobody takes what it sends."""
    from multiprocessing.connection import wait

    found: dict[int, list[Examined]] = {}
    while workers:
        ready = set(wait(list(workers)))
        for receive, worker in [each for each in workers.items() if each[0] in ready]:
            try:
                answer = receive.recv()
            except (EOFError, OSError):
                worker.join()
                code = worker.exitcode
                raise ProcessError(f"a process running rules ended without an answer, with exit code {code}") from None
            if answer is None:
                del workers[receive]
            elif isinstance(answer, str):
                raise RuntimeError(answer)
            else:
                number, examined = answer
                found[number] = examined
    return found
