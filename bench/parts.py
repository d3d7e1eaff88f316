"""The parts of the bench. Each starts the servers it needs, and gives its rounds and their medians."""

import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import loads
import scale
import usage as ledger
from servers import PIECES, WAIT, Front, Gateway


@dataclass(frozen=True)
class Run:
    """What all parts share. `folder` is on the fresh file system."""

    folder: Path
    front: Front
    rounds: int
    seconds: int
    is_short: bool


def summary(rounds: list[dict]) -> dict:
    return {"rounds": rounds, "median": loads.median(rounds)}


def compare(rounds: list[dict], compared: Callable[[dict, dict], dict]) -> dict:
    """Adds to each row what it is beside proxy_pass in the same round."""
    for round in rounds:
        for row in round.values():
            row.update(compared(row, round["proxy_pass"]))
    return summary(rounds)


def requests(run: Run) -> dict:
    """Completions on 32 connections: the gateway, proxy_pass and the C floors."""
    with ExitStack() as stack:
        gateways = [
            Gateway(stack, run.folder, name, run.front.fixed, durability).way
            for name, durability in (("flush", "flush"), ("durable", "fsync"))]
        ways = [run.front.proxy, *run.front.floors, *gateways]
        for way in ways:
            loads.requests(way, 32, 1)
        rounds = loads.by_turns(ways, run.rounds, lambda way: loads.requests(way, 32, run.seconds))
        return compare(rounds, lambda row, base: {"ratio": row["per_second"] / base["per_second"]})


def one(run: Run) -> dict:
    """Completions on one connection: what the gateway adds to each."""
    with ExitStack() as stack:
        gateways = [
            Gateway(stack, run.folder, name, run.front.fixed, durability).way
            for name, durability in (("flush", "flush"), ("durable", "fsync"))]
        ways = [run.front.proxy, run.front.floors[2], run.front.floors[-1], *gateways]
        for way in ways:
            loads.requests(way, 1, 1)
        rounds = loads.by_turns(ways, run.rounds, lambda way: loads.requests(way, 1, run.seconds))
        return compare(rounds, lambda row, base: {"added_us": row["p50_us"] - base["p50_us"]})


def streams(run: Run) -> dict:
    """Streams at once: how long they take, how late a piece is, and what it costs."""
    results = {}
    with ExitStack() as stack:
        gateway = Gateway(stack, run.folder, "durable", run.front.streaming, "fsync")
        ways = [run.front.stream_proxy, run.front.relay, gateway.way]
        for way in ways:
            loads.streams(way, 100)
        for count in (1, 100) if run.is_short else (1, 100, 500, 1000, 2000):
            rounds = loads.by_turns(ways, run.rounds, lambda way, count=count: loads.streams(way, count))
            results[str(count)] = compare(rounds, lambda row, base: {
                "ratio": row["duration_ms"]["p50"] / max(1, base["duration_ms"]["p50"]),
                "added_us": row["delay_us"]["p50"] - base["delay_us"]["p50"],
                "missing": row["streams"] * (PIECES + 1) - row["pieces"] - row["whole"]})
    return results


def long(run: Run) -> dict:
    """Completions with a long conversation in each request, four at once."""
    body = loads.long_body()
    with ExitStack() as stack:
        ways = [run.front.proxy, Gateway(stack, run.folder, "flush", run.front.fixed, "flush").way]
        for way in ways:
            loads.requests(way, 4, 1, body)
        return compare(
            loads.by_turns(ways, run.rounds, lambda way: loads.requests(way, 4, run.seconds, body)),
            lambda row, base: {"added_us": row["p50_us"] - base["p50_us"]})


def memory(run: Run) -> dict:
    """The most memory of all workers with many streams on two, and with many requests in flight on four."""
    results = {}
    with ExitStack() as stack:
        gateway = Gateway(stack, run.folder, "durable", run.front.streaming, "fsync")
        count = 200 if run.is_short else 2000
        # The first time a worker grows, the second shows what it is like from then on.
        rounds = [loads.with_memory(gateway, lambda: loads.streams(gateway.way, count)) for _ in range(2)]
        results[f"{count} streams"] = {
            "failed": max(one["streams"] - one["whole"] for one in rounds), "missing": 0,
            **{kind: max(one[kind] for one in rounds) for kind in ("rss_kib", "pss_kib")}}
    with ExitStack() as stack:
        gateway = Gateway(stack, run.folder, "waiting", run.front.waiting, "flush", workers=4)
        count = 1000 if run.is_short else 10_000
        # Twice each, so all of them are there at once.
        figures = loads.with_memory(
            gateway, lambda: loads.wrk(gateway.port, gateway.way.key, count, 2 * WAIT // 1000 + 4))
        with urllib.request.urlopen(f"http://127.0.0.1:{run.front.waiting}/most", timeout=10) as answer:
            at_once = int(answer.read())
        results[f"{count} requests in flight"] = {
            "failed": figures["errors"], "missing": count - at_once, "rss_kib": figures["rss_kib"],
            "pss_kib": figures["pss_kib"], "kib_each": (figures["rss_kib"] - figures["before_kib"]) / count}
    return results


def repeats(run: Run) -> dict:
    """The memory that all workers keep after each of several runs of many streams."""
    with ExitStack() as stack:
        gateway = Gateway(stack, run.folder, "repeated", run.front.streaming, "fsync")
        count, times = (200, 3) if run.is_short else (2000, 10)
        kept, failed = [gateway.memory_kib("Rss")], 0
        for _ in range(times):
            figures = loads.streams(gateway.way, count)
            failed += figures["streams"] - figures["whole"]
            kept.append(gateway.memory_kib("Rss"))
        return {f"{count} streams": {"kept_kib": kept, "growth": kept[-1] / kept[1], "failed": failed}}


def limits(run: Run) -> dict:
    """Completions on 32 connections with limits of people and of all kinds, beside those of a gateway without any."""
    many = {kind: 1_000_000 for kind in (
        "requests_per_minute", "tokens_per_minute", "tokens_per_day", "tokens_per_month", "cost_per_month", "concurrent")}
    many |= {kind: 1_000_000_000 for kind in many if kind.startswith("tokens")}
    with ExitStack() as stack:
        ways = [
            Gateway(stack, run.folder, name, run.front.fixed, "flush", **sections).way
            for name, sections in (
                ("without limits", {}),
                ("limits of people", {"limits": {"user": {"tokens_per_day": 1_000_000_000, "concurrent": 1000}}}),
                ("limits of all kinds", {
                    "prices": {"currency": "EUR", "m": {"input": 1, "output": 2}},
                    "limits": {"user": many, "client": many, "models": {"m": many}, "pools": {"free": many},
                               "accounts": {"a": many, "b": many}}}))]
        for way in ways:
            loads.requests(way, 32, 1)
        # More rounds, because what is looked for is smaller than what a round wanders.
        rounds = loads.by_turns(ways, 3 * run.rounds, lambda way: loads.requests(way, 32, run.seconds))
        for round in rounds:
            base = round["without limits"]
            for row in round.values():
                row.update({"ratio": row["per_second"] / base["per_second"]})
        return summary(rounds)


def usage(run: Run) -> dict:
    """The ledger with very many rows: what making the totals anew takes, and what people and pages ask."""
    return ledger.measure(run.folder, run.front, run.is_short)


def growth(run: Run) -> dict:
    """Whether anything takes longer where there are more users, conversations and messages."""
    return scale.measure(run.folder, run.front, run.is_short)


ALL = {part.__name__: part for part in (
    requests, one, streams, long, memory, repeats, limits, usage, growth)}


def timed(run: Run, name: str) -> dict:
    begin = time.monotonic()
    results = ALL[name](run)
    return {**results, "took_seconds": round(time.monotonic() - begin, 1)}
