"""All resources by key: how concurrent calls affect each of them.

The levels are defaults: measuring lowers them where an object is used safely, such as a file that is written under a
lock. In every text `{name}` is the object's name in the user's code.
"""

from __future__ import annotations

from advisor.models.resources.connections import CONNECTIONS
from advisor.models.resources.files import FILES
from advisor.models.resources.libraries import LIBRARIES
from advisor.models.resources.objects import OBJECTS
from advisor.models.resources.process_state import PROCESS_STATE
from advisor.models.resources.resource import Resource

RESOURCES: dict[str, Resource] = {row.key: row for row in (*FILES, *CONNECTIONS, *OBJECTS, *LIBRARIES, *PROCESS_STATE)}
