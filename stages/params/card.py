"""The section `card`."""

from stages.params.section import Section, Text


class Card(Section):
    license: Text
