"""The health page of `scanstraat start`: /gezondheid as JSON for people and monitors, /metrics for Prometheus."""

from __future__ import annotations

import uvicorn
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scanstraat import db
from scanstraat.bootstrap import Basis
from scanstraat.gezondheid import Gezondheid, Melding, build_gezondheid
from scanstraat.metrieken import render_metrieken


def create_app(basis: Basis) -> Starlette:
    """Return the app; 503 when something is wrong, so that any monitor understands it."""

    async def gezondheid(_request: Request) -> Response:
        try:
            uitslag = await run_in_threadpool(build_gezondheid, basis, gestart=True)
        except DBAPIError as exc:
            tekst = str(db.find_storing(exc) or "De database geeft een fout. Bekijk het technische log.")
            uitslag = Gezondheid(False, (Melding("database", "fout", tekst),), {})
        return JSONResponse(uitslag.to_json(), status_code=200 if uitslag.in_orde else 503)

    async def metrieken(_request: Request) -> Response:
        return Response(await run_in_threadpool(render_metrieken, basis), media_type="text/plain; version=0.0.4")

    return Starlette(routes=[Route("/gezondheid", gezondheid), Route("/metrics", metrieken)])


def serve(basis: Basis) -> None:
    """Serve the page until the process is stopped."""
    uvicorn.run(
        create_app(basis),
        host=basis.config.gezondheid.adres,
        port=basis.config.gezondheid.poort,
        log_config=None,  # our own log: theirs prints the text of an error
    )
