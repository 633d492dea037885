"""An application of Django with people who sell things."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Account(models.Model):
    name = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    code = models.TextField(unique=True, null=True)

    class Meta:
        db_table = "account"  # as the resource is called


class Customer(models.Model):
    name = models.TextField(null=True)
    created = models.DateTimeField()
    sales_rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="customers")
    account = models.ForeignKey(Account, models.CASCADE, null=True)
    rate = models.DecimalField(max_digits=9, decimal_places=2, null=True)
    is_active = models.BooleanField(null=True)
    tags = models.JSONField(null=True)
    tenant = models.UUIDField(null=True)
    helpers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="helps")


class Contract(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, to_field="code")


class Secret(models.Model):
    """No resource of the policies."""
