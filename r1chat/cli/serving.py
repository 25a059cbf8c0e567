"""`r1chat serve`: the page until Ctrl-C, and a browser on it."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress

from r1chat.app import App
from r1chat.cli.process import first_signal, leave_after
from r1chat.ui.listening import Listening


def serve(app: App, announce: Callable[[str], None]) -> None:
    """Serve the page until interrupted; `announce` gets its address, a browser opens it if the settings say so.

    Both come before the page itself is imported, and so do the questions to the backends for their models.
    """
    server: PageServer | None = None

    def end() -> None:
        if server is not None:
            server.end()

    with suppress(KeyboardInterrupt), first_signal(end) as received:
        listening = Listening(app.settings)
        announce(listening.address)
        if app.settings.open_browser:  # the printed address stays good for another browser
            threading.Thread(target=_open, args=[listening.address], name="r1chat-browser", daemon=True).start()
        app.catalogue.statuses(patience=0.0)
        from r1chat.learn.forgetting import DailyPurge
        from r1chat.ui.server import PageServer
        from r1chat.verdicts import Renewal

        server = PageServer(app, listening=listening)
        app.begin_titling()
        with closing(DailyPurge(app)), closing(Renewal(app.store)):
            if not received:
                server.run()
    leave_after(received)


def _open(address: str) -> None:
    with suppress(webbrowser.Error):
        webbrowser.open(address)
