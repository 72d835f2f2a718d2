"""The service as a gunicorn application: the base class and hooks that gunicorn documents, nothing private."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

if TYPE_CHECKING:
    from flask import Flask

    from advisor.service.settings import Settings


class Application(BaseApplication):  # type: ignore[misc]
    """Serve ``create_app(settings)`` in every worker.

    Only the master process reads the settings, at each reload. A worker that replaces another one gets the settings in
    force, even if the token file has changed or disappeared meanwhile.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        settings: Settings,
        read_settings: Callable[[], Settings],
        create_app: Callable[[Settings], Flask],
    ) -> None:
        self.settings = settings
        self.read_settings = read_settings
        self._options = options
        self._create_app = create_app
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        if "control_socket_disable" in self.cfg.settings:  # gunicorn 25.1 and later
            self.cfg.set("control_socket_disable", True)

    def load(self) -> Flask:
        return self._create_app(self.settings)

    def run(self) -> None:
        Master(self).run()


class Master(Arbiter):  # type: ignore[misc]
    """Keep the running workers where a reload finds wrong settings; gunicorn's own master would exit."""

    def reload(self) -> None:
        try:
            self.app.settings = self.app.read_settings()
        except Exception as error:  # noqa: BLE001  (no error in the settings may end a running service)
            self.log.error("Reload refused, the previous settings stay in force: %s", error)
        else:
            super().reload()
