"""Boundary scenarios for a policy set: for each limit records just inside and just outside of it.

There is no solver. For each test in a condition the values at its edges are known (`edges`); for each of them a record
is looked for in which everything else is so that the answer turns on this test (`search`), among the few values that
the conditions themselves speak of (`domains`). The reference runtime says what is expected (`cases`).
"""
