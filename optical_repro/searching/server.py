"""A REST server of a finder, with Pyserini's schema (``/v1/INDEX/search``, ``/v1/INDEX/doc/DOCID``), and a page with a search box.

The schema is that of ``pyserini.server.rest`` 2.3. Ours adds fields, and ``/v1/INDEX/marks``. Errors are ``{"error": ...}``.
"""

from __future__ import annotations

import asyncio
import html
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from .. import __version__
from ..base import languages
from ..base.errors import InputError
from ..base.terminal import say
from ..collections.collection import Passage
from .answers import candidates, content, marked_passage
from .finder import Finder

HOST = "127.0.0.1"
HITS, MOST_HITS, LONGEST = 10, 1000, 2000
"""Hits without ``hits``, the most hits, and the most characters of a query."""

PAGE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'"

Result = TypeVar("Result")


def listen(port: int) -> socket.socket:
    """A port of this machine, for ``serve``; 0 is any free one. Raises InputError for one that cannot be had."""
    try:
        listening = socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "no such port"
        raise InputError(f"--serve {port}: {HOST}:{port} cannot be had ({reason}); name another port, such as --serve 8082") from None
    # Else an answer's second part waits for the client's receipt of the first, 40 ms. Connections have what the port has.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def serve(finder: Finder, listening: socket.socket) -> None:
    """Serves until Ctrl-C."""
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    name = finder.collection.name
    try:
        say(f"\nserving {name} with {finder.system}: {address}/")
        say(f"for programs: {address}/v1/{name}/search?query=...&hits=10\nCtrl-C stops it")
        uvicorn.Server(uvicorn.Config(application(finder), log_level="warning")).run(sockets=[listening])
    except KeyboardInterrupt:
        say("stopped")


def application(finder: Finder) -> FastAPI:
    """The server as an ASGI application."""
    # The pages of /docs would be loaded from elsewhere.
    app = FastAPI(title="optical_repro", version=__version__, docs_url=None, redoc_url=None)
    # Else a page from anywhere could ask under a name of its own that leads to this machine.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    # One thread asks the finder: Java and the processor's cores are shared by all requests.
    worker = ThreadPoolExecutor(1)
    index = finder.collection.name

    async def asked(function: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(worker, function, *arguments)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code)

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": f"{type(error).__name__}; the server's terminal has details"}, 500)

    @app.get("/v1/{name}/search")
    async def search(name: str, request: Request) -> dict[str, Any]:
        query, most = _parameters(request, name, index, "query", "hits"), _hits(request)
        answer = await asked(finder.find, query, most)
        return {"api": "v1", "index": index, "query": {"text": query}, **candidates(answer, finder)}

    @app.get("/v1/{name}/doc/{document:path}")
    async def document(name: str, document: str, request: Request) -> dict[str, Any]:
        _parameters(request, name, index)
        return {"api": "v1", "index": index, "docid": document, "doc": content(await passage(document))}

    @app.get("/v1/{name}/marks/{document:path}")
    async def marks(name: str, document: str, request: Request) -> dict[str, Any]:
        query = _parameters(request, name, index, "query")
        found = await passage(document)
        read = await asked(finder.read, query)
        return {"api": "v1", "index": index, "docid": document, **marked_passage(found, await asked(finder.match, read, found))}

    async def passage(document: str) -> Passage:
        passages = await asked(finder.passages.get, [document])
        if document not in passages:
            raise HTTPException(404, f"Document not found: {document}")
        return passages[document]

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(_page(finder), headers={"Content-Security-Policy": POLICY})

    for file, media_type in (("search_page.css", "text/css"), ("search_page.js", "text/javascript")):
        app.add_api_route(f"/{file}", _static(file, media_type))
    return app


def _static(file: str, media_type: str) -> Callable[[], Response]:
    content = (PAGE / file).read_bytes()

    def send() -> Response:
        return Response(content, media_type=media_type)

    return send


def _parameters(request: Request, name: str, index: str, *known: str) -> str:
    """The query of a request, if it may have one. Raises HTTPException for another index and for parameters that it does not know."""
    if name != index:
        raise HTTPException(400, f"Index not available: {name}; this server has {index}")
    if unknown := sorted(request.query_params.keys() - set(known)):
        raise HTTPException(400, f"Parameter '{unknown[0]}' is not known here; known: {', '.join(sorted(known)) or 'none'}")
    query = request.query_params.get("query", "").strip()
    if "query" in known and not query:
        raise HTTPException(400, "Parameter 'query' is required")
    if len(query) > LONGEST:
        raise HTTPException(400, f"Parameter 'query' must have at most {LONGEST} characters")
    return query


def _hits(request: Request) -> int:
    text = request.query_params.get("hits", "").strip()
    if not text:
        return HITS
    if not text.isascii() or not text.isdigit():
        raise HTTPException(400, "Parameter 'hits' must be a positive integer")
    if not 1 <= int(text) <= MOST_HITS:
        raise HTTPException(400, f"Parameter 'hits' must be positive, and at most {MOST_HITS}")
    return int(text)


def _page(finder: Finder) -> str:
    collection = finder.collection
    values = {
        "name": collection.name,
        "system": finder.system,
        "topics": languages.name(collection.lang),
        "documents": languages.name(collection.doc_lang),
        "lang": collection.lang,
        "doc_lang": collection.doc_lang,
        "chance": f"{finder.chance:.3f}",
        "search": f"/v1/{quote(collection.name)}",
    }
    text = (PAGE / "search_page.html").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"${key}$", html.escape(value))
    return text
