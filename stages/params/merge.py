"""The section `merge`."""

from stages.params.section import Count, Section


class Merge(Section):
    max_shard_mb: Count
