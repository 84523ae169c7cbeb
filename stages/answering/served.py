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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from stages.chat.harmony import CONTROL_TOKENS
from stages.chat.messages import Message
from stages.pipeline.errors import PipelineError
from stages.tracking.store import without_secrets

log = logging.getLogger("served")

NO_KEY = "none"  # the client insists on a key, most servers of one's own on none
QUOTED_CHARS = 300  # of what a server says of a request, if it repeats no text of it
CONTROL = re.compile("|".join(map(re.escape, CONTROL_TOKENS)))
FINAL = "<|channel|>final<|message|>"
# What is left of an answer's headers when control tokens are dropped from it.
BARE_HEADER = re.compile(r"(?:analysis.*?assistant)?final(?P<answer>.*)|analysis.*", re.DOTALL)


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
    hidden: bool,
) -> list[Answer]:
    """Greedy answers to the conversations, in their order, `at_once` of them asked for at a time.

    `prompt_tokens` are the lengths of the prompts as training renders them. A warning says how many
    the server rendered otherwise. `hidden` hides the progress bar.

    Raises:
        ServerError: nobody answers there, the model is unknown, or a request is refused.
    """
    from openai import OpenAI
    from tqdm import tqdm

    where = without_secrets(base_url)
    if not base_url.startswith(("http://", "https://")):
        raise ServerError(
            where, "is not the address of a server.", "Write it as http://127.0.0.1:8000/v1."
        )
    key = os.environ.get("OPENAI_API_KEY") or NO_KEY
    with (
        OpenAI(base_url=base_url, api_key=key) as client,
        ThreadPoolExecutor(at_once) as pool,
        tqdm(
            total=len(conversations), desc=model, unit="row", disable=hidden, mininterval=5
        ) as bar,
    ):
        replies = []
        try:
            for reply in pool.map(
                partial(_ask, client, where, model, max_new_tokens), conversations
            ):
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
    client: Any, where: str, model: str, max_new_tokens: int, conversation: list[Message]
) -> Reply:
    """One request. The client tries again, twice, what a busy server turns away."""
    from openai import APIConnectionError, APIError, APIStatusError

    try:
        completion = client.chat.completions.create(
            model=model,
            messages=[{"role": m["role"], "content": m["content"]} for m in conversation],
            temperature=0,
            max_tokens=max_new_tokens,
        )
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
    choices = getattr(completion, "choices", None)
    if not choices:
        raise _no_completion(where, "no choices")
    choice = choices[0]
    if choice.finish_reason == "content_filter" or choice.message.refusal:
        raise ServerError(
            where,
            f"{model} refuses an answer by a filter of the server.",
            "Turn its filter off, or take another server.",
        )
    usage = completion.usage
    return Reply(
        choice.message.content or "",
        choice.finish_reason == "stop",
        usage.prompt_tokens if usage else None,
    )


def _no_completion(where: str, found: str) -> ServerError:
    return ServerError(
        where,
        f"answers with something that is not a chat completion ({found}).",
        "Write the base_url of an OpenAI-compatible server; it mostly ends on /v1.",
    )


def _refusal(error: Any, where: str, model: str, conversation: list[Message]) -> ServerError:
    """A status of 400 and above as an error. What a server says is repeated only if it is short and
    holds no text of the conversation, which may be personal."""
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
    private = any(message["content"] in said for message in conversation if message["content"])
    quoted = f" ({said})" if said and len(said) <= QUOTED_CHARS and not private else ""
    what = f"{status} to a request for a chat completion{quoted}."
    if error.status_code == 404:
        return ServerError(where, what, "Correct its base_url; it mostly ends on /v1.")
    if error.status_code in (401, 403):
        return ServerError(where, what, "Put the key that it asks for into OPENAI_API_KEY.")
    if error.status_code == 429:
        return ServerError(where, what, "Lower answer.batch_size in params.yaml.")
    return ServerError(where, what, "See the log of the server, and run again.")


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
