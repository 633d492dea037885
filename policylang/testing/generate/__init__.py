"""Boundary scenarios for a policy set: for each limit records just inside and just outside of it.

For each test in a condition the values at its edges are known (`edges`). With each of them everything else has to be so
that the answer turns on this test: that is a formula (`demands`), and the prover finds the rest of the record or says
that there is none (`filling`), in ordinary values where they will do (`domains`). The engine says what is expected.
"""
