"""What Schemathesis is told beside its configuration, see generated.rs."""

import itertools

import schemathesis

_requests = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Each request comes from an address of its own, or `auth` soon answers nothing but 429."""
    number = next(_requests)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}
