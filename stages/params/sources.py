"""The section `sources`: raw files, and what their rows must keep to."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Count, Date, FilePath, Name, Section, Text

# A style becomes a key of metrics and templates, whether a row or params.yaml names it.
STYLE = r"^[A-Za-z가-힣][A-Za-z0-9가-힣_-]{0,63}$"
Style = Annotated[str, Field(pattern=STYLE)]


class Contract(Section):
    """What the texts of a row must keep to; a row that does not goes to quarantine. Lengths are in
    characters, by the name of ours in `columns`, or `turns` for each turn of a conversation."""

    min_chars: dict[Name, Count] = Field(default_factory=dict)
    max_chars: dict[Name, Count] = Field(default_factory=dict)
    styles: list[Style] = Field(default_factory=list)  # empty: any

    @model_validator(mode="after")
    def _ordered(self) -> "Contract":
        for name in sorted(set(self.min_chars) & set(self.max_chars)):
            if self.min_chars[name] > self.max_chars[name]:
                raise ValueError(
                    f"min_chars.{name} {self.min_chars[name]} is over max_chars.{name} "
                    f"{self.max_chars[name]}, so no row could pass"
                )
        return self


class Window(Section):
    """The rows of a time, both ends included. `column` holds dates, with a time behind them or not:
    20240105, 2024-01-05, 2024.01.05, 2024/1/5, 2024. 1. 5., 2024년 1월 5일."""

    column: Text
    since: Date
    until: Date

    @model_validator(mode="after")
    def _ordered(self) -> "Window":
        if self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}")
        return self


# Full articles are not for training (S1-12): a news source has these columns and no longer texts.
NEWS_COLUMNS = {"section", "topic", "title", "summary"}
NEWS_MAX_CHARS = 1_000
# By these names news services mean the text of an article, whatever the column is taken for.
ARTICLE_BODIES = frozenset(("body", "article", "full_text", "본문", "기사본문"))


class Source(Section):
    """One raw file, or a folder of them. Texts come from `columns` (a name of ours: a column of
    theirs, `a.b` where it is nested), a conversation from `turns_column`: a list of texts that
    alternate from the user, or of {role, content}. Rows with the same text in `group_column` (a
    dialogue, a set of paraphrases) stay in one split. `spoken` names the column of ours whose last
    sentence tells the speech level of a row without a conversation.

    A row of CSV may go on over lines, within quotes. A row of TSV is one line, always, so that no
    cell holds a line end; where the quotes of a line are not those of CSV they are text."""

    path: FilePath
    format: Literal["jsonl", "csv", "tsv", "parquet"]
    kind: Literal["news", "chat", "dialogue", "instruction", "translation"]
    license: Text
    use: Literal["training", "evaluation"]
    as_of: Date
    style: Style | None = None
    style_column: Text | None = None
    style_tags: list[Text]
    columns: dict[Name, Text] = Field(default_factory=dict)
    defaults: dict[Name, Text] = Field(default_factory=dict)
    turns_column: Text | None = None
    group_column: Text | None = None
    spoken: Name | None = None
    contract: Contract = Contract()
    window: Window | None = None
    unicode: Literal["as_is", "nfc"] = "as_is"

    @model_validator(mode="after")
    def _complete(self) -> "Source":
        if (self.style is None) == (self.style_column is None):
            raise ValueError("give either style (one for all rows) or style_column")
        if self.style and self.contract.styles and self.style not in self.contract.styles:
            raise ValueError(
                f"style is {self.style!r}, which contract.styles {self.contract.styles} lacks"
            )
        if not self.columns and self.turns_column is None:
            raise ValueError("give columns, turns_column, or both")
        if unknown := sorted(set(self.defaults) - set(self.columns)):
            raise ValueError(f"defaults has {unknown}, which columns lacks")
        if self.spoken is not None and self.spoken not in self.columns:
            raise ValueError(f"spoken is {self.spoken!r}, which columns lacks")
        tagged = " ".join(self.style_tags)
        by_text = "{level}" in tagged or ("{tone}" in tagged and self.kind != "news")
        if by_text and not self.turns_column and self.spoken is None:
            raise ValueError("style_tags tell tone or level, so spoken must name a column of ours")
        bounded = set(self.contract.min_chars) | set(self.contract.max_chars)
        if unknown := sorted(bounded - set(self.columns) - {"turns"}):
            raise ValueError(f"contract bounds {unknown}, which columns lacks")
        return self

    @model_validator(mode="after")
    def _no_articles(self) -> "Source":
        if self.kind != "news":
            return self
        if self.turns_column:
            raise ValueError(
                "a news source has no conversation, so no turns_column; its texts are columns, "
                "which are bounded"
            )
        if more := sorted(set(self.columns) - NEWS_COLUMNS):
            raise ValueError(
                f"a news source carries {sorted(NEWS_COLUMNS)} and no more (found {more}); "
                "full articles are not for training"
            )
        bodies = {theirs for theirs in self.columns.values() if _is_body(theirs)}
        if bodies:
            raise ValueError(
                f"columns takes {sorted(bodies)}, by name the text of an article; "
                "full articles are not for training. Map a title or a summary"
            )
        bounds = [self.contract.max_chars.get(name) for name in sorted(self.columns)]
        if any(bound is None or bound > NEWS_MAX_CHARS for bound in bounds):
            raise ValueError(
                "a news source bounds each of its columns in contract.max_chars, "
                f"by at most {NEWS_MAX_CHARS} characters"
            )
        return self


def _is_body(column: str) -> bool:
    return column.rpartition(".")[2].casefold() in ARTICLE_BODIES
