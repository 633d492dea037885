"""Numbers that rules compare with."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on a rule finds something."""

    roles_per_user: Annotated[int, msgspec.Meta(ge=1)] = 3
    """PL309: more sources than this on one user are too many."""
    together: Annotated[int, msgspec.Meta(ge=2)] = 5
    """PL304: so many users must have two roles together."""
    same_permissions: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9
    """PL308: the share of their permissions that two roles have in common."""
    stacked_growth: Annotated[float, msgspec.Meta(ge=0)] = 0.5
    """PL302: by what share stacked roles may exceed the largest of them."""
    stacked_more: Annotated[int, msgspec.Meta(ge=1)] = 20
    """PL302: how many permissions more than the largest of them are too many, if the share is exceeded as well."""
