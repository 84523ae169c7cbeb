"""Texts of params.yaml with `{name}` in them, which stands for a field of the row.

Only `{name}` with the name of a field is a placeholder. All other braces, in the text or in the
data, are text, so JSON and code pass through untouched (B23).
"""

import re
from collections.abc import Mapping

from stages.pipeline.errors import ParamsError

PLACEHOLDER = re.compile(r"\{([a-z0-9_-]+)\}")


def fill(template: str, fields: Mapping[str, str], where: str) -> str:
    """The template with every placeholder replaced, in one pass: a value is never scanned again.

    Raises:
        ParamsError: a placeholder names no field; `where` is the template's key in params.yaml.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in fields:
            raise ParamsError(
                f"params.yaml: {where}",
                f"the placeholder {match[0]} names no field of the rows.",
                f"Use one of {sorted(fields)}.",
            )
        return fields[match[1]]

    return PLACEHOLDER.sub(value, template)
