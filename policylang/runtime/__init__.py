"""Deciding requests: may this user do that to this record?"""
