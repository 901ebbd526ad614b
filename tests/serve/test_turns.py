"""One model, many questions: who asks, who waits, who has gone."""

import asyncio
import threading

import pytest

from spacy_rnn.serve.turns import NoTurn, Turns


@pytest.fixture
def turns():
    made = Turns(60)
    yield made
    made.close()


def test_calls_are_made_one_after_another_by_arrival(turns):
    made, running = [], []

    def call(number):
        running.append(number)
        assert len(running) == 1
        made.append(number)
        running.remove(number)
        return number * number

    async def run():
        return await asyncio.gather(*(turns.take(call, number) for number in range(50)))

    assert asyncio.run(run()) == [number * number for number in range(50)]
    assert made == list(range(50))


def test_who_leaves_the_queue_is_not_called(turns):
    made, end = [], threading.Event()

    async def run():
        first = asyncio.create_task(turns.take(end.wait, 20))
        waiting = [asyncio.create_task(turns.take(made.append, number)) for number in range(5)]
        await asyncio.sleep(0)
        for number in (0, 2, 3):
            waiting[number].cancel()
        await asyncio.sleep(0)
        end.set()
        await asyncio.gather(first, *waiting, return_exceptions=True)

    asyncio.run(run())
    assert made == [1, 4]


def test_who_waits_too_long_is_not_called_and_a_call_that_runs_is_finished():
    turns, made, end = Turns(0.05), [], threading.Event()

    async def run():
        first = asyncio.create_task(turns.take(end.wait, 20))
        await asyncio.sleep(0)
        with pytest.raises(NoTurn):
            await turns.take(made.append, 1)
        end.set()
        assert await first  # it began in time
        await turns.take(made.append, 2)

    asyncio.run(run())
    turns.close()
    assert made == [2]


def test_an_error_of_a_call_is_raised_where_it_was_asked_for_and_others_go_on(turns):
    async def run():
        return await asyncio.gather(
            turns.take(int, "x"), turns.take(int, "7"), return_exceptions=True
        )

    failed, found = asyncio.run(run())
    assert isinstance(failed, ValueError) and found == 7
