"""Answers of a model behind an OpenAI-compatible server (vLLM, llama.cpp, `transformers serve`).

The server renders the prompt itself, so it may render another one than training did: today's date
in place of the pinned one, or a template of its own. Where it says how long its prompts were, that
is compared with the prompts of training. Equal lengths are no proof: two dates are equally long.

Of gpt-oss, servers give what the final channel says as `content`. One that leaves Harmony's control
tokens in it is read by them. `transformers serve` drops them but not the channel's name, where the
tokenizer has no `response_template`: it says `final네` for 네. One answer alone cannot tell that
from a word of its own, so the name is taken off only if all answers of a call begin with it.
"""

import logging
import os
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from stages.chat.harmony import CONTROL_TOKENS
from stages.chat.messages import Message
from stages.params.runtime import Runtime
from stages.pipeline.deadline import within
from stages.pipeline.errors import PipelineError
from stages.tracking.store import without_secrets

log = logging.getLogger("served")

MAX_TOKEN_CHARS = 256  # twice the longest token of the o200k vocabulary, of blanks
NO_KEY = "none"  # the client insists on a key, most servers of one's own on none
QUOTED_CHARS = 200  # of what a server says of a request, if it repeats nothing of it
QUOTED_PART = 6  # so many characters together, of a key or a text, are a part of it
HEADER = re.compile(r"authori[sz]ation|bearer|basic |api[-_ ]?key|cookie|\bx-", re.IGNORECASE)
CONTROL = re.compile("|".join(map(re.escape, CONTROL_TOKENS)))
FINAL = "<|channel|>final<|message|>"
# What is left of an answer's headers when control tokens are dropped from it.
BARE_HEADER = re.compile(r"(?:analysis.*?assistant)?final(?P<answer>.*)|analysis.*", re.DOTALL)


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None


class _Completion(BaseModel):
    """What is read of a chat completion; all else in it is the server's own."""

    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: _Usage | None = None


class ServerError(PipelineError, ConnectionError):
    """A server that is not there, or does not give the answers that are asked for."""


@dataclass(frozen=True)
class Answer:
    text: str  # without whitespace around it, which servers treat in ways of their own
    stopped: bool  # by the model, and not by the limit


@dataclass(frozen=True)
class Reply:
    """What a server says, as it says it."""

    content: str
    stopped: bool
    prompt_tokens: int | None


def answers(
    base_url: str,
    model: str,
    conversations: Sequence[list[Message]],
    prompt_tokens: Sequence[int],
    max_new_tokens: int,
    at_once: int,
    runtime: Runtime,
    template_arguments: Mapping[str, object],
) -> list[Answer]:
    """Greedy answers to the conversations, in their order, `at_once` of them asked for at a time.
    The server hands `template_arguments` to its chat template, as vLLM, SGLang, llama.cpp and
    `transformers serve` do.

    `prompt_tokens` are the lengths of the prompts as training renders them. A warning says how many
    the server rendered otherwise. Each answer, and all together, have the time of `runtime`.

    Raises:
        ServerError: nobody answers there or not in time, the model is unknown, a request is
            refused, or what comes is no chat completion.
    """
    from openai import OpenAI
    from tqdm import tqdm

    from stages.answering.bounded import bounded_client

    where = without_secrets(base_url)
    key = os.environ.get("OPENAI_API_KEY") or NO_KEY
    if not re.fullmatch("[!-~]+", key):
        raise ServerError(
            "OPENAI_API_KEY", "holds what no header can: blanks, or no ASCII.", "Set it anew."
        )
    ends = time.monotonic() + runtime.server_total_s
    replies = []
    with (
        bounded_client(runtime.server_answer_s) as http,
        OpenAI(base_url=base_url, api_key=key, http_client=http) as client,
        ThreadPoolExecutor(at_once) as pool,
        tqdm(
            total=len(conversations), desc=model, disable=not runtime.progress, mininterval=5
        ) as bar,
    ):

        def asked(conversation: list[Message]) -> Reply:
            seconds = min(runtime.server_answer_s, ends - time.monotonic())
            try:
                return within(
                    seconds,
                    lambda: _ask(
                        client, where, model, max_new_tokens, conversation, template_arguments
                    ),
                )
            except TimeoutError:
                raise _too_late(where, runtime, time.monotonic() >= ends) from None

        try:
            for reply in pool.map(asked, conversations):
                replies.append(reply)
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else all the others would still be asked
            raise
    _warn_of_other_prompts(where, replies, prompt_tokens)
    texts = _without_headers([reply.content for reply in replies], where)
    return [Answer(text.strip(), reply.stopped) for text, reply in zip(texts, replies, strict=True)]


def _warn_of_other_prompts(
    where: str, replies: Sequence[Reply], prompt_tokens: Sequence[int]
) -> None:
    told = [reply.prompt_tokens for reply in replies]
    pairs = zip(told, prompt_tokens, strict=True)
    other = sum(theirs is not None and theirs != ours for theirs, ours in pairs)
    if other:
        log.warning(
            "%s renders %d of %d prompts in another number of tokens than training did, so these "
            "answers are to other prompts. Give the server the model's own chat template.",
            where,
            other,
            len(told),
        )


def _ask(
    client: Any,
    where: str,
    model: str,
    max_new_tokens: int,
    conversation: list[Message],
    template_arguments: Mapping[str, object],
) -> Reply:
    """One request. The client tries again, twice, what a busy server turns away."""
    from openai import APIConnectionError, APIError, APIStatusError

    from stages.answering.bounded import MAX_BODY_BYTES, TooLong

    try:
        response = client.chat.completions.with_raw_response.create(
            model=model,
            messages=[{"role": m["role"], "content": m["content"]} for m in conversation],
            temperature=0,
            max_tokens=max_new_tokens,
            extra_body={"chat_template_kwargs": dict(template_arguments)}
            if template_arguments
            else None,
        )
    except TooLong:
        found = f"a body that is compressed or over {MAX_BODY_BYTES} bytes"
        raise _no_completion(where, found) from None
    except APIStatusError as error:
        raise _refusal(error, where, model, conversation) from None
    except APIConnectionError as error:
        cause = type(error.__cause__ or error).__name__
        raise ServerError(
            where,
            f"gives no answer ({cause}).",
            "Start the server, wait until it has loaded the model, or correct its base_url in "
            "answer.servers of params.yaml.",
        ) from None
    except (APIError, ValueError) as error:
        raise _no_completion(where, type(error).__name__) from None
    try:
        completion = _Completion.model_validate_json(response.content)
    except ValidationError as error:
        at = ".".join(map(str, error.errors(include_input=False)[0]["loc"])) or "all of it"
        raise _no_completion(where, f"another shape in {at}") from None
    choice = completion.choices[0]
    said = choice.message.content or ""
    if len(said) > (most := max_new_tokens * MAX_TOKEN_CHARS):
        raise ServerError(
            where,
            f"gives an answer of {len(said):,} characters, more than the {max_new_tokens} tokens "
            f"of answer.max_new_tokens can have ({most:,}).",
            "Take a server that keeps to max_tokens.",
        )
    if choice.finish_reason == "content_filter" or choice.message.refusal:
        raise ServerError(
            where,
            f"{model} refuses an answer by a filter of the server.",
            "Turn its filter off, or take another server.",
        )
    usage = completion.usage
    return Reply(
        said,
        choice.finish_reason == "stop",
        usage.prompt_tokens if usage else None,
    )


def _too_late(where: str, runtime: Runtime, altogether: bool) -> ServerError:
    key = "server_total_s" if altogether else "server_answer_s"
    return ServerError(
        where,
        f"took longer than runtime.{key}, {getattr(runtime, key):g} s.",
        "Look at what it does, lower answer.max_new_tokens or answer.batch_size, or raise that "
        "limit in params.yaml.",
    )


def _no_completion(where: str, found: str) -> ServerError:
    return ServerError(
        where,
        f"answers with something that is not a chat completion ({found}).",
        "Write the base_url of an OpenAI-compatible server; it mostly ends on /v1.",
    )


def _refusal(error: Any, where: str, model: str, conversation: list[Message]) -> ServerError:
    """A status of 400 and above as an error."""
    body = error.body if isinstance(error.body, dict) else {}
    said = str(body.get("message") or body.get("detail") or "")
    status = f"answers {error.status_code}"
    if error.code == "model_not_found" or (error.status_code in (400, 404) and model in said):
        return ServerError(
            where,
            f"{status}: it has no model {model}.",
            "Name the model as the server does (GET /v1/models lists them, or see how it was "
            "started).",
        )
    quoted = f" ({said})" if said and _harmless(said, conversation) else ""
    what = f"{status} to a request for a chat completion{quoted}."
    if error.status_code == 404:
        return ServerError(where, what, "Correct its base_url; it mostly ends on /v1.")
    if error.status_code in (401, 403):
        return ServerError(where, what, "Put the key that it asks for into OPENAI_API_KEY.")
    if error.status_code == 429:
        return ServerError(where, what, "Lower answer.batch_size in params.yaml.")
    return ServerError(where, what, "See the log of the server, and run again.")


def _harmless(said: str, conversation: list[Message]) -> bool:
    """What a server says is repeated only if it is short and holds no part of the conversation,
    which may be personal, and nothing of the request's headers, in which a key is."""
    if len(said) > QUOTED_CHARS or not said.isprintable() or HEADER.search(said) or "\\" in said:
        return False
    ours = [os.environ.get("OPENAI_API_KEY", ""), *(m["content"] for m in conversation)]
    return not any(_shares_a_part(said, text) for text in ours)


def _shares_a_part(said: str, text: str) -> bool:
    """Whether any six characters together of a text, or all of a shorter one, are in what is
    said. Neither case nor space counts."""
    said, text = ("".join(each.casefold().split()) for each in (said, text))
    parts = {text[at : at + QUOTED_PART] for at in range(max(len(text) - QUOTED_PART, 0) + 1)}
    return bool(text) and any(part in said for part in parts)


def _without_headers(contents: list[str], where: str) -> list[str]:
    """The texts of the final channel where contents hold headers of Harmony, else as they are."""
    texts = [_final_text(content) if "<|channel|>" in content else content for content in contents]
    bare = [BARE_HEADER.fullmatch(text) for text in texts if text]
    if not bare or not all(bare):
        return texts
    log.warning(
        "%s drops control tokens but leaves the channel's name before its answers; it was taken "
        "off. A response_template in the model's tokenizer_config.json mends it for good.",
        where,
    )
    taken = [BARE_HEADER.fullmatch(text) for text in texts]
    return [(match["answer"] or "") if match else "" for match in taken]


def _final_text(content: str) -> str:
    """As `Harmony.answer_text`, of text: what the final channel says up to the next control token,
    and nothing where it was never opened."""
    _, opened, rest = content.partition(FINAL)
    return CONTROL.split(rest)[0] if opened else ""
