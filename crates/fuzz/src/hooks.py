"""What Schemathesis is told beside its configuration, see generated.rs."""

import hashlib
import hmac
import itertools
import json
import os
import time

import requests
import schemathesis

_requests = itertools.count(1)
_operator_token = os.environ.get("OPERATOR_TOKEN", "")
_webhook_secret = os.environ.get("WEBHOOK_SECRET", "").encode()
# `console` soon forgets a plan, and takes each once.
_ABOUT_PLANS = ("/api/operations/{id}/confirm", "/api/operations/{id}/abort")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Each request comes from an address of its own, or `auth` soon answers nothing but 429."""
    number = next(_requests)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}
    if case.path.endswith("/webhook") and isinstance(case.body, dict) and number % 2:
        _tell(case, number)
    if isinstance(case.body, dict) and case.meta and case.meta.phase.name == "fuzzing":
        if case.path in _FIT and case.method == "POST" and case.meta.generation.mode.is_positive:
            case.body = _FIT[case.path](dict(case.body), number)
    if case.path in _ABOUT_PLANS and case.method == "POST" and number % 2:
        case.path_parameters = {"id": _plan(case)}


def _tell(case, number):
    """What was generated becomes the object of an event, signed as the provider does."""
    case.body = {"id": f"evt_{number}", "type": "payment_intent.succeeded", "data": {"object": case.body}}
    # The bytes that `requests` makes of it.
    body = json.dumps(case.body, allow_nan=False).encode()
    now = int(time.time())
    signature = hmac.new(_webhook_secret, f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    case.headers = {**case.headers, "Stripe-Signature": f"t={now},v1={signature}"}


def _either(instant, ms):
    """Of these fields a body has one, whereas its schema says of each only that it may be missing."""

    def fit(body, number):
        given = [field for field in (instant, ms) if body.get(field) is not None]
        if len(given) == 2:
            del body[given[number % 2]]
        return body if given else {**body, ms: 60_000 + number}

    return fit


def _fit_plan(body, number):
    """The fields that belong to the action, and at least the ones that it needs."""
    if body["action"].endswith("DeadLetters"):
        body.pop("timers", None)
        return body
    body.pop("deadLetters", None)
    body["timers"] = body.get("timers") or {"ids": ["fuzz"]}
    if body["action"] == "moveTimers":
        return _FIT["/api/timers/{id}/move"](body, number)
    return {name: value for name, value in body.items() if name not in ("to", "byMs")}


# What the schema allows is changed into what goes together; before that, in the coverage, it comes as it is.
_FIT = {
    "/api/operations": _fit_plan,
    "/api/pause": _either("until", "forMs"),
    "/api/timers/{id}/move": _either("to", "byMs"),
}


def _plan(case):
    """An operation on one timer, which is not there."""
    plan = {"action": "moveTimers", "byMs": 1, "timers": {"ids": ["fuzz"]}}
    headers = {"Authorization": f"Bearer {_operator_token}"}
    answer = requests.post(f"{case.operation.base_url}/api/operations", json=plan, headers=headers, timeout=20)
    answer.raise_for_status()
    return answer.json()["id"]
