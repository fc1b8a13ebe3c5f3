"""What Schemathesis is told beside its configuration, see generated.rs."""

import hashlib
import hmac
import itertools
import json
import os
import time

import schemathesis

_requests = itertools.count(1)
_webhook_secret = os.environ.get("WEBHOOK_SECRET", "").encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Each request comes from an address of its own, or `auth` soon answers nothing but 429."""
    number = next(_requests)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}
    if case.path.endswith("/webhook") and isinstance(case.body, dict) and number % 2:
        _tell(case, number)


def _tell(case, number):
    """What was generated becomes the object of an event, signed as the provider does."""
    case.body = {"id": f"evt_{number}", "type": "payment_intent.succeeded", "data": {"object": case.body}}
    # The bytes that `requests` makes of it.
    body = json.dumps(case.body, allow_nan=False).encode()
    now = int(time.time())
    signature = hmac.new(_webhook_secret, f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    case.headers = {**case.headers, "Stripe-Signature": f"t={now},v1={signature}"}
