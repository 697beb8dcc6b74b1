"""Prompts that are asked together: what an engine is handed, in which order, whoever is first; without vLLM."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import pytest

from actors.engine.rounds import Conversation, Rounds, Seat
from rollout.reasoning import Candidate, reason
from rollout.tree_sampling import HEADERS, Ask, Written, sample_tree
from tests.unit.rollout.counting import written


class Engine:
    """Answers what it is handed when it is let go on, each request after another while; notes all that happens to it."""

    def __init__(self, pace: random.Random) -> None:
        self.pace = pace
        self.told: list[str] = []
        self.going = asyncio.Event()
        self.rounds = Rounds(self.note("begin"), self.note("hold"), self.note("go"))

    def note(self, what: str) -> Callable:
        async def noted() -> None:
            await self.moment()
            self.told.append(what)
            if what != "begin":
                (self.going.set if what == "go" else self.going.clear)()

        return noted

    async def moment(self) -> None:
        await asyncio.sleep(self.pace.random() * 0.004)

    async def ask(self, talk: Conversation, name: str, where: tuple[int, ...]) -> None:
        with talk.asking(where) as turn:
            async with turn:
                self.told.append(f"{name}{list(where)}")
                await self.moment()
            await self.going.wait()
            await self.moment()

    def asker(self, talk: Conversation, name: str, early: Sequence[tuple[int, ...]] = ()) -> Ask:
        """Every text goes on, but those at the places in `early`."""

        async def ask(so_far: Written, where: tuple[int, ...], count: int, headers: Sequence[str]) -> Sequence[Written]:
            await self.ask(talk, name, where)
            ends = [headers[0] if headers and (*where, place) not in early else None for place in range(count)]
            return [written([place, place], end) for place, end in enumerate(ends)]

        return ask

    async def plain(self, name: str, seat: Seat | None, times: int = 1, late: float = 0.0) -> None:
        await asyncio.sleep(late)
        async with self.rounds.conversation(seat) as talk:
            await self.moment()  # media are decoded
            for number in range(times):
                await self.ask(talk, name, (number,))


def told(of: Callable[[Engine], Sequence], seeds: int = 12) -> list[str]:
    """What an engine is told, which must not depend on who takes how long."""
    found = []
    for seed in range(seeds):

        async def everyone(engine: Engine) -> list[str]:
            await asyncio.wait_for(asyncio.gather(*of(engine)), 20)
            return engine.told

        found.append(asyncio.run(everyone(Engine(random.Random(seed)))))
    assert all(one == found[0] for one in found)
    return found[0]


def test_a_batch_is_handed_over_in_order_when_all_of_it_is_there() -> None:
    def three(engine: Engine) -> list:
        late = [engine.pace.random() * 0.01 for _ in "abc"]
        return [engine.plain(name, Seat("x", place, 3), late=late[place]) for place, name in enumerate("abc")]

    assert told(three) == ["begin", "hold", "a[0]", "b[0]", "c[0]", "go"]


def test_later_rounds_are_of_those_who_go_on() -> None:
    def three(engine: Engine) -> list:
        return [
            engine.plain(name, Seat("x", place, 3), times) for place, (name, times) in enumerate((("a", 1), ("b", 3), ("c", 2)))
        ]

    rounds = [["a[0]", "b[0]", "c[0]"], ["b[1]", "c[1]"], ["b[2]"]]
    assert told(three) == ["begin", *(line for one in rounds for line in ("hold", *one, "go"))]


def test_trees_and_stages_go_level_by_level() -> None:
    async def tree(engine: Engine, seat: Seat, name: str, early: Sequence[tuple[int, ...]] = ()) -> None:
        async with engine.rounds.conversation(seat) as talk:
            await sample_tree(engine.asker(talk, name, early), (2, 2, 1))

    async def staged(engine: Engine, seat: Seat) -> None:
        def judge(stage: int, candidates: Sequence[Candidate]) -> list[float]:
            return [1.0, 0.0]

        async with engine.rounds.conversation(seat) as talk:
            await reason(engine.asker(talk, "s"), str, judge, 2)

    def all_of_them(engine: Engine) -> list:
        return [
            tree(engine, Seat("x", 1, 3), "t", early=[(1,)]),
            tree(engine, Seat("x", 2, 3), "u"),
            staged(engine, Seat("x", 0, 3)),
        ]

    rounds = [
        ["s[0]", "t[]", "u[]"],
        ["s[1]", "t[0]", "u[0]", "u[1]"],
        ["s[2]", "t[0, 0]", "t[0, 1]", "u[0, 0]", "u[0, 1]", "u[1, 0]", "u[1, 1]"],
    ]
    assert len(HEADERS) == 2
    assert told(all_of_them) == ["begin", *(line for one in rounds for line in ("hold", *one, "go"))]


def test_batches_and_single_prompts_come_one_after_another() -> None:
    async def first_batch(engine: Engine) -> None:
        await asyncio.gather(*(engine.plain(name, Seat("x", place, 2), 2) for place, name in enumerate("ab")))

    async def once(engine: Engine, line: str, name: str, seat: Seat | None) -> None:
        while line not in engine.told:
            await asyncio.sleep(0.001)
        await engine.plain(name, seat)

    def after(engine: Engine) -> list:
        return [first_batch(engine), once(engine, "begin", "c", Seat("y", 0, 1)), once(engine, "c[0]", "d", None)]

    line = told(after)
    assert line[:9] == ["begin", "hold", "a[0]", "b[0]", "go", "hold", "a[1]", "b[1]", "go"]
    assert line[9:] == ["begin", "hold", "c[0]", "go", "begin", "hold", "d[0]", "go"]


def test_who_gives_up_keeps_nobody_waiting() -> None:
    async def run() -> list[str]:
        engine = Engine(random.Random(0))
        asked = [asyncio.create_task(engine.plain(name, Seat("x", place, 3), 2)) for place, name in enumerate("ab")]
        await asyncio.sleep(0.02)
        assert not engine.told  # one of three has not come
        asked[0].cancel()
        await engine.plain("c", Seat("x", 2, 3))
        await asked[1]
        return engine.told

    assert asyncio.run(asyncio.wait_for(run(), 20)) == ["begin", "hold", "b[0]", "c[0]", "go", "hold", "b[1]", "go"]


def test_a_batch_that_was_given_up_makes_way() -> None:
    async def run() -> list[str]:
        engine = Engine(random.Random(0))
        asked = asyncio.create_task(engine.plain("a", Seat("x", 0, 2)))
        await asyncio.sleep(0.01)
        asked.cancel()
        await engine.plain("b", Seat("y", 0, 1))
        return engine.told

    assert asyncio.run(asyncio.wait_for(run(), 20)) == ["begin", "hold", "b[0]", "go"]


def test_an_engine_that_cannot_go_on_tells_all_who_wait() -> None:
    async def fails() -> None:
        raise OSError("it died")

    async def run() -> list[BaseException | None]:
        engine = Engine(random.Random(0))
        engine.rounds = Rounds(engine.note("begin"), fails, engine.note("go"))
        seats = [engine.plain(name, Seat("x", place, 2)) for place, name in enumerate("ab")]
        return await asyncio.gather(*seats, return_exceptions=True)

    assert [str(one) for one in asyncio.run(asyncio.wait_for(run(), 20))] == ["it died"] * 2


@pytest.mark.parametrize("place", [0, 1])
def test_a_request_that_cannot_be_made_is_its_owners_alone(place: int) -> None:
    async def breaks(engine: Engine) -> None:
        async with engine.rounds.conversation(Seat("x", place, 2)) as talk:
            with talk.asking(()) as turn:
                async with turn:
                    raise ValueError("no such medium")

    async def run() -> list:
        engine = Engine(random.Random(0))
        found = await asyncio.gather(breaks(engine), engine.plain("b", Seat("x", 1 - place, 2), 2), return_exceptions=True)
        assert engine.told == ["begin", "hold", "b[0]", "go", "hold", "b[1]", "go"]
        return found

    broken, fine = asyncio.run(asyncio.wait_for(run(), 20))
    assert (str(broken), fine) == ("no such medium", None)
