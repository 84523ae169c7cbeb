"""The section `compare`."""

from stages.params.section import Count, Section, Share


class Compare(Section):
    max_rows: Count
    min_top1_agreement: Share
