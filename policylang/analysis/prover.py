"""The one door: a query in, Sat with a witness, Unsat or Unknown out.

Whoever asks, asks here. Inside, what makes no difference is left out of a query, and few are left that have to be
searched: those that differ in names only have one answer (`policylang.analysis.canonical`), one user is as good as
another where a formula looks at nothing of users, one time as another where it does not look at time
(`policylang.analysis.looks`), and statements that share nothing are asked apart (`policylang.analysis.decomposition`).
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable

from msgspec.structs import replace

from policylang.analysis.asker import Asker
from policylang.analysis.canonical import Canonical, CanonicalKey
from policylang.analysis.decomposition import Decomposition
from policylang.analysis.formula import Formula
from policylang.analysis.looks import Looking, Looks, is_user
from policylang.analysis.months import CENTURIES, years_of
from policylang.analysis.query import (
    ANYBODY,
    COMPLETE,
    SHORTEST,
    SOMEBODY,
    TYPED,
    Answer,
    DeclaredUser,
    NamedUser,
    Query,
    Requester,
    Sat,
    Witness,
)
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability
from policylang.analysis.search import find
from policylang.analysis.witness import situation
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation


class Prover:
    """Answers about the records, requests and users of one policy set. Each query is answered once. ``now``: the
    instant at which a query is asked that does not look at time.
    """

    def __init__(self, index: Index, now: datetime.datetime) -> None:
        self.index, self.now = index, now
        self.looking = Looking(index)
        self._canonical = Canonical(index)
        self._decomposition = Decomposition(index)
        self._answers: dict[Query, Answer] = {}
        self._first: dict[Hashable, Requester] = {}
        self._forms: dict[CanonicalKey, tuple[int, bool]] = {}
        """A number for each, and whether it looks at time."""
        self._settled: dict[Hashable, Satisfiability] = {}
        self._parts: dict[Hashable, Answer] = {}

    def ask(self, query: Query) -> Answer:
        """A situation in which the formula holds, the certainty that there is none, or neither."""
        found = self._answers.get(query)
        if found is None:
            found = self._answers[query] = self._ask(query)
        return found

    @property
    def asked(self) -> int:
        """How many questions were answered, each once."""
        return len(self._answers)

    def settle(self, query: Query) -> Satisfiability:
        """Whether there is a situation that `ask` would find: much cheaper, where the situation does not matter."""
        key, timed, who = self._essential(query)
        found = self._settled.get(key)
        if found is None:
            found = self._settled[key] = self._settle(self._without(query, timed, who))
        return found

    def situation(self, query: Query, witness: Witness) -> Situation:
        """The witness of a query as the runtime takes it."""
        who = query.who if witness.user is None else NamedUser(witness.user)
        return situation(Asker(self.index, replace(query, who=who)), witness)

    def _ask(self, query: Query) -> Answer:
        if query.who == ANYBODY:
            return self._by_anybody(query)
        if self._is_ruled_out(query):
            return UNSAT
        return find(Asker(self.index, query))

    def _by_anybody(self, query: Query) -> Answer:
        """The answer for somebody made up, or else for a user whom the formula names."""
        found = self.ask(replace(query, who=SOMEBODY))
        for user in () if isinstance(found, Sat) else sorted(self.looking.of(query.formula).users):
            answer = self.ask(replace(query, who=NamedUser(user)))
            if isinstance(answer, Sat):
                return Sat(replace(answer.witness, user=user))
            found = UNKNOWN if UNKNOWN in (found, answer) else UNSAT
        return found

    def _settle(self, query: Query) -> Satisfiability:
        if query.assumed <= TYPED and self.settle(replace(query, assumed=COMPLETE)) is SATISFIABLE:
            return SATISFIABLE  # a complete record mostly settles it
        if self._is_ruled_out(query):
            return UNSAT

        def ask(part: Formula) -> Answer:
            one = replace(query, formula=part)
            key, timed, who = self._essential(one)
            found = self._parts.get(key)
            if found is None:
                # It may be about other names: of a witness only its instant is looked at.
                found = self._parts[key] = self.ask(self._without(one, timed, who))
            return found

        return self._decomposition.satisfiability(query.formula, query.resource, query.now, ask)

    def _essential(self, query: Query) -> tuple[Hashable, bool, Requester]:
        """What the query has in common with those that differ in names only, or in what makes no difference to its
        answer: the time, where it does not look at it, and who asks.
        """
        formula, resource = query.formula, query.resource
        form = self._canonical.key(formula, resource)
        if form is None:
            looks = self.looking.of(formula)
            what: Hashable = (formula, resource)
            timed = looks.time
            who = self._like(query.who, looks) if looks.peculiar else SOMEBODY
        else:  # it looks at nothing of users
            known = self._forms.get(form)
            if known is None:
                known = self._forms[form] = len(self._forms), self.looking.of(formula).time
            what, timed = known
            who = SOMEBODY
        when = (query.now, query.since, query.until) if timed else None
        return (what, who, when, query.assumed), timed, who

    def _without(self, query: Query, timed: bool, who: Requester) -> Query:
        """The query without what makes no difference."""
        now, since, until = (query.now, query.since, query.until) if timed else (self.now, None, None)
        return Query(query.formula, query.resource, now, query.assumed, who, since, until)

    def _like(self, who: Requester, looks: Looks) -> Requester:
        """The first user seen who differs in nothing that is looked at. Where nobody is named, two who have the same
        attributes can change places; not so where an attribute is a user, who may be one of the two.
        """
        declared = self.index.users.get(who.id) if isinstance(who, DeclaredUser) else None
        if declared is None or looks.users or any(is_user(self.index.subject[name]) for name in looks.attributes):
            return who
        given = ((each.name, tuple(value.value for value in each.values)) for each in declared.attributes)
        values = frozenset(each for each in given if each[0] in looks.attributes)
        return self._first.setdefault((looks.attributes, values), who)

    def _is_ruled_out(self, query: Query) -> bool:
        """Whether the same cannot be of anybody at any time: what cannot be there, cannot be here."""
        wider = self._widened(query)
        return wider is not None and self.settle(wider) is UNSAT

    def _widened(self, query: Query) -> Query | None:
        """The same of anybody, at any time as far as that is thought about; ``None`` where it is not about one user as
        declared nor about some instants only, or about a single one, of which nothing wider is asked again.
        """
        since, until = query.since, query.until
        if since is not None and until == since + SHORTEST:
            return None
        inside = years_of(since, until) == CENTURIES
        if not isinstance(query.who, DeclaredUser) and (not inside or (since is None and until is None)):
            return None
        wider = Query(query.formula, query.resource, self.now, query.assumed, ANYBODY)
        return wider if inside else replace(wider, now=query.now, since=since, until=until)
