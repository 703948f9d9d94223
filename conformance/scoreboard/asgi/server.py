"""Serves the routes of the conformance suite through Starlette's CORSMiddleware.

On FastAPI or on Starlette itself, under the policy in a file; see
../peers/main.go for the command line.
"""

import argparse
import importlib.metadata
import json
import re
import socket
import sys

import fastapi
import fastapi.middleware.cors
import starlette.applications
import starlette.middleware.cors
import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


def lacks(policy):
    """Returns what of a policy CORSMiddleware has no option for."""
    lacking = []
    if "*" in policy.get("allowMethods", []):
        lacking.append(("allowMethods", "has no option for every method: * stands for seven"))
    if policy.get("methodsFromRoutes"):
        lacking.append(("methodsFromRoutes", "does not ask the router"))
    if policy.get("preflightStatus", 200) != 200:
        lacking.append(("preflightStatus", "always answers 200"))
    if policy.get("rejectDisallowed"):
        lacking.append(("rejectDisallowed", "has no option that refuses requests"))
    return [{"field": field, "why": why} for field, why in lacking]


def translate(policy):
    """Returns the options that fit a policy best."""
    patterns = list(policy.get("allowOrigins", []))
    if policy.get("dangerouslyAllowNullOrigin") and "null" not in patterns and patterns != ["*"]:
        patterns.append("null")
    expressions = [expression(p) for p in patterns if "*" in p and p != "*"]
    methods = ["GET", "HEAD", "POST"]
    return {
        "allow_origins": [p for p in patterns if "*" not in p or p == "*"],
        "allow_origin_regex": "|".join(expressions) or None,
        "allow_methods": methods + [m for m in policy.get("allowMethods", []) if m not in methods],
        "allow_headers": policy.get("allowHeaders", []),
        "expose_headers": policy.get("exposeHeaders", []),
        "allow_credentials": policy.get("allowCredentials", False),
        # Browsers take five seconds where there is no header, which it always sends.
        "max_age": max(0, policy.get("maxAge", 0) or 5),
    }


# Every port from 1 to 65535.
PORTS = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
STANDARD_PORTS = {"http": 80, "https": 443}


def expression(pattern):
    """Returns a regular expression for an origin pattern.

    Hosts are as long as DNS has room for, and the default port is left out.
    CORSMiddleware anchors it.
    """
    rest = pattern[: -len(":*")] if pattern.endswith(":*") else pattern
    scheme, host = rest.split("://")
    if host == "*":
        text = "[a-z0-9-]{1,253}"
    elif host.startswith("*."):
        text = r"(?=[^:]{1,253}(:|$))([a-z0-9_-]{1,63}\.)+" + re.escape(host[len("*.") :])
    else:
        text = re.escape(host)
    if pattern.endswith(":*"):
        text += f"(:(?!{STANDARD_PORTS.get(scheme, 0)}$)({PORTS}))?"
    return f"{re.escape(scheme)}://{text}"


HEADERS = {"X-Handler": "1", "X-Total": "3", "X-Secret": "1"}


def answer(status, **more):
    async def handler(request: Request):
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        return Response(status_code=status, headers={**HEADERS, **headers})

    return handler


def failure(status):
    async def handler(request: Request):
        raise HTTPException(status, headers=HEADERS)

    return handler


async def panic(request: Request):
    raise RuntimeError("the handler of /panic raises")


async def mess(request: Request):
    response = await answer(
        200,
        Access_Control_Allow_Origin="https://handler.example",
        Access_Control_Allow_Credentials="true",
        Access_Control_Expose_Headers="*",
        Access_Control_Allow_Methods="PURGE",
        Vary="origin",
    )(request)
    response.headers.append("Vary", "Accept-Encoding, Origin")
    return response


ROUTES = [
    (["GET"], "/items", answer(200)),
    (["POST"], "/items", answer(200)),
    (["HEAD"], "/items", answer(200)),
    (["PUT"], "/put-only", answer(200)),
    (["GET"], "/opt", answer(200)),
    (["OPTIONS"], "/opt", answer(200)),
    (["GET"], "/panic", panic),
    (["GET"], "/e500", failure(500)),
    (["GET"], "/e404", failure(404)),
    (["GET"], "/e401", failure(401)),
    (["GET"], "/n304", answer(304)),
    (["GET"], "/redir", answer(302, Location="/items")),
    (["GET"], "/vary-set", answer(200, Vary="Accept-Encoding")),
    (["GET"], "/vary-add", answer(200, Vary="Accept-Encoding")),
    (["GET"], "/acao-add", answer(200, Access_Control_Allow_Origin="https://handler.example")),
    (["GET"], "/mess", mess),
    (["GET"], "/ws", answer(426, Upgrade="websocket")),  # handshakes never reach CORSMiddleware
]


def site_on_fastapi(options):
    app = fastapi.FastAPI(openapi_url=None)  # nor the pages that show it
    app.add_middleware(fastapi.middleware.cors.CORSMiddleware, **options)
    for methods, path, handler in ROUTES:
        app.add_api_route(path, handler, methods=methods)
    return app


def site_on_starlette(options):
    app = starlette.applications.Starlette()
    app.add_middleware(starlette.middleware.cors.CORSMiddleware, **options)
    for methods, path, handler in ROUTES:
        app.add_route(path, handler, methods=methods)
    return app


PEERS = {
    "fastapi": (site_on_fastapi, ["fastapi", "starlette", "uvicorn"]),
    "starlette": (site_on_starlette, ["starlette", "uvicorn"]),
}


def main():
    parser = argparse.ArgumentParser(prog="asgi", allow_abbrev=False)
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--policy", required=True, metavar="FILE")
    parser.add_argument("--addr", default="127.0.0.1:8080", metavar="HOST:PORT")
    parser.add_argument("--describe", action="store_true")
    args = parser.parse_args()
    site, packages = PEERS[args.peer]
    try:
        with open(args.policy, encoding="utf-8") as file:
            policy = json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"asgi: --policy: {error}: write the path of a policy file")
    cannot = lacks(policy)
    if args.describe:
        versions = [{"name": f"python {name}", "version": importlib.metadata.version(name)} for name in packages]
        print(json.dumps({"versions": versions, "cannot": cannot}))
        return
    if cannot:
        first = cannot[0]
        sys.exit(f"asgi: --policy: {first['field']}: {first['why']}: --describe lists all that {args.peer} cannot express")
    host, _, port = args.addr.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)))
    except (OSError, ValueError) as error:
        sys.exit(f"asgi: --addr: {error}: write the HOST:PORT of a free port, or port 0 for any")
    print("listening on http://%s:%d" % listener.getsockname()[:2], flush=True)
    config = uvicorn.Config(site(translate(policy)), http="h11", ws="none", lifespan="off", log_level="critical", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


main()
