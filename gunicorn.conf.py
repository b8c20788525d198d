"""What holds for every start of the web server; gunicorn reads this file where it is started."""

from typing import Any

worker_class = "gthread"
header_map = "refuse"  # X_Hotkey would be X-Hotkey to a WSGI application
limit_request_field_size = 8190
limit_request_fields = 100


def post_worker_init(worker: Any) -> None:
    """Every worker answers in problem details; its application, and with it Django, stands by now."""
    from prism_site import web_server

    web_server.install(worker)


def pre_request(worker: Any, req: Any) -> None:
    """Called once the headers have been read."""
    from prism_site import web_server

    web_server.head_is_read()
