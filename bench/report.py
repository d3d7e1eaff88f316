"""The readable side of the results: tables in Markdown, and the aims with what was reached of them."""

from collections.abc import Callable, Iterable

#: What is to be shown: a name, where the figure is in the results, its unit, what it is divided by for that, and the
#: limit. A rate is to reach it ("at least"); everything else is to stay below ("at most").
AIMS = (
    ("durable, 32 connections, of proxy_pass", "requests/median/durable/ratio", "", 1, "at least", 0.20),
    ("flush, 32 connections, of proxy_pass", "requests/median/flush/ratio", "", 1, "at least", 0.25),
    ("durable, 32 connections, p99", "requests/median/durable/p99_us", "ms", 1000, "at most", 8),
    ("flush, 32 connections, p99", "requests/median/flush/p99_us", "ms", 1000, "at most", 8),
    ("durable, one connection, added at the median", "one/median/durable/added_us", "ms", 1000, "at most", 0.5),
    ("one stream, added to a piece at the median", "streams/1/median/durable/added_us", "ms", 1000, "at most", 0.1),
    ("500 streams, added to a piece at the median", "streams/500/median/durable/added_us", "ms", 1000, "at most", 2),
    ("2,000 streams, duration, of proxy_pass", "streams/2000/median/durable/ratio", "", 1, "at most", 1.3),
    ("200 messages of 53 KB, CPU of the workers", "long/median/flush/cpu_us", "ms", 1000, "at most", 0.4),
    ("2,000 streams, resident memory", "memory/2000 streams/rss_kib", "MiB", 1024, "at most", 130),
    ("2,000 streams, kept after the last run, of the first", "repeats/2000 streams/growth", "", 1, "at most", 1.2),
    ("10,000 in flight, resident memory", "memory/10000 requests in flight/rss_kib", "MiB", 1024, "at most", 380),
    ("limits of people, of none", "limits/median/limits of people/ratio", "", 1, "at least", 0.97),
    ("limits of all kinds, of none", "limits/median/limits of all kinds/ratio", "", 1, "at least", 0.97),
    ("a user's month by day", "usage/operations/own month by day/ms", "ms", 1, "at most", 5),
    ("all by day and model", "usage/operations/all by day and model/ms", "ms", 1, "at most", 50),
    ("CSV of all users", "usage/operations/CSV of all users/ms", "ms", 1, "at most", 2000),
    ("chat, many to few", "growth/operations/chat/ratio", "", 1, "at most", 1.2),
    ("recall of one, many to few", "growth/operations/recall of one/ratio", "", 1, "at most", 1.2),
    ("add user, many to few", "growth/operations/add user/ratio", "", 1, "at most", 1.2),
    ("remove user, many to few", "growth/operations/remove user/ratio", "", 1, "at most", 1.2),
    ("page of conversations, many to few", "growth/operations/page of conversations/ratio", "", 1, "at most", 1.5),
    ("page of users, many to few", "growth/operations/page of users/ratio", "", 1, "at most", 1.5),
    ("four workers ready", "growth/ready_ms", "ms", 1, "at most", 150),
)


def found(results: dict, path: str) -> float | dict | None:
    value = results
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def aims(parts: dict) -> list[dict]:
    """The aims whose figures are there. None is met where anything failed on the way."""
    rows = []
    for what, path, unit, divisor, side, limit in AIMS:
        value = found(parts, path)
        if value is not None:
            value /= divisor
            row = found(parts, path.rpartition("/")[0])
            failed = sum(row.get(name, 0) for name in ("errors", "failed", "missing"))
            is_met = not failed and (value >= limit if side == "at least" else value <= limit)
            rows.append({"what": what, "value": value, "unit": unit, "side": side, "limit": limit, "failed": failed,
                         "is_met": is_met})
    return rows


def table(head: tuple[str, ...], rows: Iterable[tuple]) -> str:
    """In Markdown, with the first column to the left and the others to the right."""
    cells = [head, *[tuple(cell if isinstance(cell, str) else number(cell) for cell in row) for row in rows]]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        right = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join([row[0].ljust(widths[0]), *right])} |"

    rule = [f":{'-' * (widths[0] - 1)}", *[f"{'-' * (width - 1)}:" for width in widths[1:]]]
    return "\n".join([line(cells[0]), f"| {' | '.join(rule)} |", *map(line, cells[1:])])


def number(value: float | None) -> str:
    """With three digits at least, and none after the point where there are three before it."""
    if value is None:
        return "–"
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def rates(base: str) -> Callable[[dict], str]:
    return lambda results: table(
        ("32 connections", "requests/s", f"of {base}", "p50 ms", "p99 ms", "CPU µs a request", "failed"),
        ((name, row["per_second"], row["ratio"], row["p50_us"] / 1000, row["p99_us"] / 1000, row["cpu_us"],
          int(row["errors"])) for name, row in results["median"].items()))


def latency(title: str) -> Callable[[dict], str]:
    return lambda results: table(
        (title, "p50 ms", "added ms", "p99 ms", "requests/s", "CPU µs a request", "failed"),
        ((name, row["p50_us"] / 1000, row["added_us"] / 1000, row["p99_us"] / 1000, row["per_second"], row["cpu_us"],
          int(row["errors"])) for name, row in results["median"].items()))


def streams(results: dict) -> str:
    return table(
        ("streams at once", "p50 ms", "p99 ms", "of proxy_pass", "piece p50 ms", "added ms", "piece p99 ms",
         "CPU µs a piece", "missing"),
        ((f"{int(count):,} {name}", row["duration_ms"]["p50"], row["duration_ms"]["p99"], row["ratio"],
          row["delay_us"]["p50"] / 1000, row["added_us"] / 1000, row["delay_us"]["p99"] / 1000, row["cpu_us"],
          int(row["missing"]))
         for count, counted in results.items() if count.isdigit() for name, row in counted["median"].items()))


def memory(results: dict) -> str:
    return table(
        ("memory of all workers", "resident MiB", "shared pages once MiB", "KiB each", "missing", "failed"),
        ((what, row["rss_kib"] / 1024, row["pss_kib"] / 1024, row.get("kib_each"), row["missing"], row["failed"])
         for what, row in results.items() if isinstance(row, dict)))


def repeats(results: dict) -> str:
    return table(
        ("resident MiB of all workers at rest", "before", "after each run", "failed"),
        [(name, f"{row['kept_kib'][0] / 1024:.0f}", " ".join(f"{kib / 1024:.0f}" for kib in row["kept_kib"][1:]),
          row["failed"]) for name, row in results.items() if isinstance(row, dict)])


def usage(results: dict) -> str:
    head = f"{results['rows']:,} rows of {results['users']:,} users over 30 days"
    rows = [("totals made anew, s", results["rebuilt_s"]), ("totals, MB", results["totals_mb"])]
    return table((head, ""), [*rows, *((f"{what}, ms", row["ms"]) for what, row in results["operations"].items())])


def growth(results: dict) -> str:
    many = results["many"]
    head = f"to {many['users']:,} users, {many['conversations_of_the_user']:,} conversations of the user, " \
        f"{many['turns_of_others']:,} turns of others"
    rows = [(what, row["few_ms"], row["many_ms"], row["ratio"]) for what, row in results["operations"].items()]
    return table((head, "few ms", "many ms", "ratio"), [*rows, ("four workers ready", results["ready_ms"], None, None)])


PARTS = {"requests": rates("proxy_pass"), "one": latency("one connection"), "streams": streams,
         "long": latency("200 messages of 53 KB"), "memory": memory, "repeats": repeats,
         "limits": rates("none"), "usage": usage, "growth": growth}


def reached(rows: list[dict], is_judged: bool) -> str:
    """The aims; without a verdict where the run does not allow one."""
    def verdict(row: dict) -> str:
        if row["failed"]:
            return f"NO, {row['failed']:,.0f} failed or missing"
        if not is_judged:
            return "not judged"
        return "yes" if row["is_met"] else "NO"

    return table(("aim", "measured", "limit", "reached"), (
        (row["what"], f"{number(row['value'])} {row['unit']}".strip(),
         f"{row['side']} {row['limit']:g} {row['unit']}".strip(), verdict(row)) for row in rows))
