"""Several people at work at once."""

import random
import threading
import time
from collections import Counter

from harness.gateway import Gateway

from .audit import losses
from .figures import Figures
from .person import Person


class Crowd:
    """A thread for each of `count` people; while it is at rest nobody asks anything."""

    def __init__(self, gateway: Gateway, count: int, seed: int) -> None:
        self.people = [Person(gateway, random.Random(seed * 1000 + number)) for number in range(count)]
        self.is_at_work = threading.Event()
        self.is_over = False
        self.busy = threading.Semaphore(count)
        self.threads = [threading.Thread(target=self.live, args=(person,), daemon=True) for person in self.people]
        self.problems: list[BaseException] = []
        for thread in self.threads:
            thread.start()

    def live(self, person: Person) -> None:
        while True:
            self.is_at_work.wait()
            if self.is_over:
                return
            with self.busy:
                if not self.is_at_work.is_set():
                    continue
                try:
                    doubted = person.doubted
                    person.act()
                except BaseException as error:  # Told to whoever asks for the figures.
                    self.problems.append(error)
            if person.doubted > doubted:
                time.sleep(0.05)

    def work(self) -> None:
        self.is_at_work.set()

    def lights_out(self) -> None:
        """What is answered from now until the crowd has come to rest counts as not answered."""
        for person in self.people:
            person.is_dark.set()

    def rest(self) -> None:
        """Returns when nobody waits for an answer any more."""
        self.is_at_work.clear()
        for _ in self.people:
            self.busy.acquire()
        for _ in self.people:
            self.busy.release()
        for person in self.people:
            person.is_dark.clear()

    def end(self) -> None:
        self.is_over = True
        self.is_at_work.set()
        for thread in self.threads:
            thread.join(60)

    def check(self, figures: Figures, all_of_them: bool = False) -> None:
        """Compares what was acknowledged with what is there; at rest only."""
        for problem in self.problems:
            figures.fault(f"a client failed: {problem!r}")
        self.problems = []
        for person in self.people:
            if person.is_changed or all_of_them:
                for words in losses(person):
                    figures.fault(words)

    def answers(self) -> Counter[str]:
        """The answers since the last call."""
        counted: Counter[str] = sum((person.answers for person in self.people), Counter())
        for person in self.people:
            person.answers = Counter()
        return counted

    def count(self, figures: Figures) -> None:
        figures.set("acknowledged", sum(person.acknowledged for person in self.people))
        figures.set("turns among them", sum(person.turns for person in self.people))
        if late := sum(person.too_late for person in self.people):
            figures.set("answers after a cut, not counted", late)
        figures.set("requests in doubt", sum(person.doubted for person in self.people))
