"""The section `scrub`: which personal data is masked."""

from typing import Literal

from stages.params.section import Section


class Scrub(Section):
    optional: list[Literal["NAME", "BIRTHDATE", "REPRESENTATIVE"]]
