"""A plug-in file as ms-swift's documentation writes it."""

import asyncio


class ORM:
    """Stands where a plug-in file imports ms-swift's own base class."""

    def __init__(self, args=None, **kwargs):
        self.args = args


class AsyncORM(ORM):
    """Stands where a plug-in file imports ms-swift's own base class."""


class Accuracy(ORM):
    def __call__(self, completions, solution, **kwargs):
        return [1.0 if content == sol else 0.0 for content, sol in zip(completions, solution)]


class SoftOverlong(ORM):
    """Takes the trainer's arguments, and token ids from the keywords."""

    def __init__(self, args=None, **kwargs):
        super().__init__(args)
        assert args.soft_cache_length < args.soft_max_length
        self.soft_max_length = args.soft_max_length
        self.soft_cache_length = args.soft_cache_length

    def __call__(self, completions, **kwargs):
        rewards = []
        for ids in kwargs.get("response_token_ids"):
            length = sum(map(len, ids)) if ids and isinstance(ids[0], list) else len(ids)
            exceeds = length - (self.soft_max_length - self.soft_cache_length)
            rewards.append(min(-exceeds / self.soft_cache_length, 0))
        return rewards


class Tokenized(ORM):
    """Names the trainer's arguments one by one, as releases before 4 do, and wants one that only the trainer has."""

    def __init__(self, tokenizer, cosine_max_len: int = 1000):
        self.tokenizer, self.max_len = tokenizer, cosine_max_len

    def __call__(self, completions, **kwargs):
        return [len(self.tokenizer(text)) / self.max_len for text in completions]


class Remote(AsyncORM):
    async def __call__(self, completions, messages, **kwargs):
        async def score_single(text, turns):
            await asyncio.sleep(0.01)
            return len(text) + len(turns[0]["content"])

        return list(await asyncio.gather(*(score_single(text, turns) for text, turns in zip(completions, messages))))


class Warmup(ORM):
    def __call__(self, completions, trainer_state, **kwargs):
        return [trainer_state.global_step / 100] * len(completions)


class AllOnes(ORM):
    def __call__(self, completions, is_truncated, finish_reason, **kwargs):
        return [None if cut else 1.0 for cut, reason in zip(is_truncated, finish_reason)]


def orm_function(completions, solution, response_token_ids, **kwargs):
    return [float(text == gold) + len(ids) / 10 for text, gold, ids in zip(completions, solution, response_token_ids)]


orms = {"accuracy": Accuracy, "soft-overlong": SoftOverlong}
