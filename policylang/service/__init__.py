"""A policy set as a service: the OpenID AuthZEN Authorization API 1.0 over HTTP."""
