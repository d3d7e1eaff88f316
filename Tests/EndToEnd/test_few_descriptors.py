"""A system that allows few open files: what is kept open for speed leaves enough for requests."""

import resource

from harness.load import parallel

FEW = 1024
USERS = 500


def test_many_users_come_and_go_in_a_worker_with_few_descriptors(launch):
    gateway = launch("a", workers=1)
    # The next worker takes the limit over from the supervisor and cannot raise it.
    resource.prlimit(gateway.serve.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
    gateway.hup()

    keys = parallel(lambda _: gateway.add_user(), range(USERS), 4)
    statuses = parallel(lambda key: gateway.get("/api/recall", key).status_code, keys, 4)

    assert set(statuses) == {200}
    gateway.talk(keys[0], "Hello")
