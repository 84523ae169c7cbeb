"""The arguments of a chat template: names that it asks for beside the messages, like
`enable_thinking`, and that params give it (`encode.template_arguments`)."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from stages.pipeline.errors import ModelError, shown

_KEY = "encode.template_arguments"
# Tags of transformers that mark what is trained; plain Jinja does not know them.
_GENERATION = re.compile(r"\{%-?\s*+(?:end)?generation\s*+-?%\}")


def asked_for(template: str) -> frozenset[str] | None:
    """The names that a template looks up, those of its own loops among them; None where it is no
    Jinja."""
    from jinja2 import Environment, TemplateError, meta

    environment = Environment(extensions=["jinja2.ext.loopcontrols"], autoescape=True)
    try:
        return frozenset(
            meta.find_undeclared_variables(environment.parse(_GENERATION.sub("", template)))
        )
    except (TemplateError, RecursionError):  # which rendering it says in words of its own
        return None


def check_arguments(given: Mapping[str, object], template: str, where: str) -> None:
    """
    Raises:
        ModelError: the template would ignore one of the arguments.
    """
    names = asked_for(template) if given else None
    if names is None:
        return
    if unknown := sorted(set(given) - names):
        alike = get_close_matches(unknown[0], sorted(names), n=1)
        mean = f" (it has {alike[0]})" if alike else ""
        raise ModelError(
            where,
            f"its chat template does not mention {shown(unknown)} of {_KEY}{mean}.",
            f"Correct {_KEY} in params.yaml, or take the name out.",
        )


def check_none_for_harmony(given: Mapping[str, object], where: str) -> None:
    """
    Raises:
        ModelError: there are arguments, which Harmony has no use for.
    """
    if given:
        raise ModelError(
            where,
            f"the format of gpt-oss does not mention {shown(sorted(given))} of {_KEY}.",
            "Write {} there in params.yaml; what Harmony has to set is in encode.harmony.",
        )
