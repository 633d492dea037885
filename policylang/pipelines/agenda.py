"""What the calendar brings to a policy set in sources."""

from __future__ import annotations

import datetime

from policylang.agenda.agenda import Agenda, agenda
from policylang.check.suppress.suppressions import read_suppressions
from policylang.project.discovery import Problem
from policylang.project.project import Project


def agenda_of(project: Project, now: datetime.datetime, days: int) -> Agenda | Problem:
    """The agenda of so many days from ``now`` on, or why there is none."""
    set_ = project.sources
    if project.ir is None:
        return project.why_not(set_.asked)
    suppressions, mistakes = read_suppressions(project.files)
    if mistakes:
        return project.first_of(mistakes, set_.asked)
    return agenda(project.ir, now, days, suppressions=suppressions, policies=set_.asked, shown=set_.shown)
